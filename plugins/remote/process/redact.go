package process

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
)

// Redactor takes secrets out of texts that come from a plugin. It is safe for concurrent use.
type Redactor struct {
	mu      sync.RWMutex
	secrets map[string]bool
	replace *strings.Replacer // nil while there are no secrets
	longest int
}

const (
	// minSecret is the length of the shortest text that is taken for a secret: shorter ones are parts of other words.
	minSecret = 4
	// maxSecrets bounds how many a pipeline that is reloaded with ever new ones collects.
	maxSecrets = 4096

	redacted = "(secret)"
)

// Add makes a text a secret, as it is and as it is written in JSON and in URLs. Of one with several lines each line is one, too.
func (r *Redactor) Add(secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(secret) < minSecret || r.secrets[secret] {
		return
	}
	if r.secrets == nil || len(r.secrets) > maxSecrets {
		r.secrets = map[string]bool{}
	}
	forms := []string{secret}
	if strings.Contains(secret, "\n") {
		for line := range strings.Lines(secret) {
			if line = strings.TrimSpace(line); len(line) >= 2*minSecret {
				forms = append(forms, line)
			}
		}
	}
	for _, f := range forms {
		quoted := strconv.Quote(f)
		for _, form := range []string{f, quoted[1 : len(quoted)-1], url.QueryEscape(f), url.PathEscape(f)} {
			r.secrets[form] = true
		}
	}
	all := make([]string, 0, len(r.secrets))
	for s := range r.secrets {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) }) // one may contain another
	r.longest = len(all[0])
	pairs := make([]string, 0, 2*len(all))
	for _, s := range all {
		pairs = append(pairs, s, redacted)
	}
	r.replace = strings.NewReplacer(pairs...)
}

// Clean returns the text without secrets, and without what a terminal would take for a command: it is one line of valid UTF-8.
func (r *Redactor) Clean(text string) string {
	if r != nil {
		r.mu.RLock()
		replace := r.replace
		r.mu.RUnlock()
		if replace != nil {
			text = replace.Replace(text)
		}
	}
	text = strings.Map(func(c rune) rune {
		switch {
		case c == '\t' || c == '\n' || c == '\r':
			return ' '
		case unicode.IsControl(c), unicode.Is(unicode.Bidi_Control, c), c == '\u2028', c == '\u2029':
			return unicode.ReplacementChar
		}
		return c
	}, strings.ToValidUTF8(text, "\uFFFD"))
	return strings.TrimSpace(text)
}

// whole returns the front of a text that was cut, so short that no secret is in it of which a part was cut off.
func (r *Redactor) whole(text []byte) []byte {
	if r == nil {
		return text
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return text[:max(0, len(text)-r.longest)]
}
