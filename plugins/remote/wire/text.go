package wire

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// checkName returns an error where the name of something is too long. (That it is UTF-8, protobuf sees to.)
func checkName(what, name string) error {
	if len(name) > MaxName {
		return fmt.Errorf("%s has %d bytes: %d are the most", what, len(name), MaxName)
	}
	return nil
}

// CheckIdentifier returns an error where a name is not one that HCL can have as the kind of a block or the name of an attribute: letters, digits and "_",
// beginning with a letter.
func CheckIdentifier(what, name string) error {
	if err := checkName(what, name); err != nil {
		return err
	}
	for i, r := range name {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r != '_' && (r < '0' || r > '9')) {
			return fmt.Errorf("%s is %q: it is to be of letters, digits and _, and to begin with a letter", what, name)
		}
	}
	if name == "" {
		return fmt.Errorf("%s is empty", what)
	}
	return nil
}

// isControl reports whether a character is more than text, tabs and ends of lines.
func isControl(c rune) bool {
	return c != '\n' && c != '\t' && (unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c))
}

// Clip returns a text for people with at most so many bytes, and without what a terminal would obey.
func Clip(text string, most int) string {
	if strings.ContainsFunc(text, isControl) {
		text = strings.Map(func(c rune) rune {
			if isControl(c) {
				return unicode.ReplacementChar
			}
			return c
		}, text)
	}
	if len(text) <= most {
		return text
	}
	const dots = "…"
	end := max(0, most-len(dots))
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + dots
}
