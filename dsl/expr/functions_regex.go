package expr

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// regexFunctions match texts against regular expressions in RE2 syntax, in time
// linear in the text.
func regexFunctions() []*Function {
	const category = "regular expressions"
	text := plugins.Of(plugins.String)
	optional := text.OrNull()
	groups := plugins.Type{Kind: plugins.Map, Elem: &optional, Nullable: true}
	return []*Function{
		define("regex::match", category, "Returns whether pattern matches somewhere in text.",
			example(`regex::match("d-0042", "^d-[0-9]+$")`, `true`),
			with2("text, pattern", func() func(string, string) (bool, error) {
				var c patternCache
				return func(text, pattern string) (bool, error) {
					re, err := c.get(pattern)
					if err != nil {
						return false, err
					}
					return re.MatchString(text), nil
				}
			}).checked(checkPattern)).fallible(),
		define("regex::find", category, "Returns the first match of pattern in text, null where there is none.",
			example(`regex::find("t=21.5C", "[0-9.]+")`, `"21.5"`, `regex::find("none", "[0-9]")`, `null`),
			with2("text, pattern", func() func(string, string) (anyValue, error) {
				var c patternCache
				return func(text, pattern string) (anyValue, error) {
					re, err := c.get(pattern)
					if err != nil {
						return anyValue{}, err
					}
					m := re.FindStringIndex(text)
					if m == nil {
						return anyValue{Kind: plugins.Null}, nil
					}
					return anyValue{Kind: plugins.String, Text: text[m[0]:m[1]]}, nil
				}
			}).returning(optional).checked(checkPattern)).fallible(),
		define("regex::find_all", category, "Returns all matches of pattern in text that do not overlap.",
			example(`regex::find_all("a1b22", "[0-9]+")`, `["1","22"]`),
			with2("text, pattern", func() func(string, string) (listText, error) {
				var c patternCache
				return func(text, pattern string) (listText, error) {
					re, err := c.get(pattern)
					if err != nil {
						return "", err
					}
					return stringList(re.FindAllString(text, -1)), nil
				}
			}).returning(plugins.Type{Kind: plugins.List, Elem: &text}).checked(checkPattern)).fallible(),
		define("regex::replace", category, "Returns text with every match of pattern replaced; $1 or ${name} in replacement stand for groups.",
			example(`regex::replace("2026-01-31", "(\\d+)-(\\d+)-(\\d+)", "$3.$2.$1")`, `"31.01.2026"`),
			with3("text, pattern, replacement", func() func(string, string, string) (string, error) {
				var c patternCache
				return func(text, pattern, replacement string) (string, error) {
					re, err := c.get(pattern)
					if err != nil {
						return "", err
					}
					return re.ReplaceAllString(text, replacement), nil
				}
			}).checked(checkPattern)).fallible(),
		define("regex::groups", category, "Returns the groups of the first match of pattern in text, by name or else by number, null where nothing matches.",
			example(`regex::groups("plant-5/d17", "([a-z]+-[0-9]+)/(?P<device>d[0-9]+)")`, `{"1":"plant-5","device":"d17"}`),
			with2("text, pattern", func() func(string, string) (anyValue, error) {
				var c patternCache
				return func(text, pattern string) (anyValue, error) {
					re, err := c.get(pattern)
					if err != nil {
						return anyValue{}, err
					}
					return groupsOf(re, text), nil
				}
			}).returning(groups).checked(checkPattern)).fallible(),
	}
}

// patternCache keeps the last pattern compiled: mostly there is only one.
type patternCache struct {
	pattern string
	re      *regexp.Regexp
}

func (c *patternCache) get(pattern string) (*regexp.Regexp, error) {
	if c.re != nil && c.pattern == pattern {
		return c.re, nil
	}
	re, err := compilePattern(pattern)
	if err != nil {
		return nil, err
	}
	c.pattern, c.re = strings.Clone(pattern), re
	return re, nil
}

const maxPattern = 4096

func compilePattern(pattern string) (*regexp.Regexp, error) {
	if len(pattern) > maxPattern {
		return nil, fmt.Errorf("the regular expression has more than %d bytes", maxPattern)
	}
	re, err := regexp.Compile(pattern)
	if serr, ok := err.(*syntax.Error); ok { //nolint:errorlint // regexp returns it unwrapped
		return nil, fmt.Errorf("not a regular expression: %s: %q", serr.Code, serr.Expr)
	}
	return re, err
}

func checkPattern(args []*plugins.Value) (int, error) {
	if args[1] == nil || args[1].Kind != plugins.String {
		return 1, nil
	}
	_, err := compilePattern(args[1].Text)
	return 1, err
}

func groupsOf(re *regexp.Regexp, text string) anyValue {
	m := re.FindStringSubmatchIndex(text)
	if m == nil {
		return anyValue{Kind: plugins.Null}
	}
	out := []byte{'{'}
	for i, name := range re.SubexpNames() {
		if i == 0 {
			continue
		}
		if name == "" {
			name = strconv.Itoa(i)
		}
		if i > 1 {
			out = append(out, ',')
		}
		out = append(jsontext.AppendQuotedString(out, name), ':')
		if m[2*i] < 0 {
			out = append(out, "null"...)
			continue
		}
		out = jsontext.AppendQuotedString(out, text[m[2*i]:m[2*i+1]])
	}
	return anyValue{Kind: plugins.Map, Text: string(append(out, '}'))}
}
