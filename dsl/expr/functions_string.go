package expr

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

var errTooLarge = codedError(codeTooLarge)

// stringFunctions work on texts. Positions and lengths count characters
// (Unicode code points), from 0.
func stringFunctions() []*Function {
	const category = "strings"
	return []*Function{
		define("upper", category, "Returns text in upper case.", example(`upper("Oslo")`, `"OSLO"`), of1("text", strings.ToUpper)),
		define("lower", category, "Returns text in lower case.", example(`lower("Oslo")`, `"oslo"`), of1("text", strings.ToLower)),
		define("title", category, "Returns text with the first letter of each word in upper case.",
			example(`title("cold chain")`, `"Cold Chain"`), of1("text", title)),
		define("trim", category, "Returns text without any of the characters of set at its ends.",
			example(`trim("--a-b--", "-")`, `"a-b"`), of2("text, set", strings.Trim)),
		define("trim_prefix", category, "Returns text without prefix, where it begins with it.",
			example(`trim_prefix("d-17", "d-")`, `"17"`), of2("text, prefix", strings.TrimPrefix)),
		define("trim_suffix", category, "Returns text without suffix, where it ends with it.",
			example(`trim_suffix("7.5 bar", " bar")`, `"7.5"`), of2("text, suffix", strings.TrimSuffix)),
		define("trim_space", category, "Returns text without white space at its ends.",
			example(`trim_space("  a b ")`, `"a b"`), of1("text", strings.TrimSpace)),
		define("replace", category, "Returns text with every old replaced by new.",
			example(`replace("a.b.c", ".", "/")`, `"a/b/c"`), try3("text, old, new", replace)).fallible(),
		define("split", category, "Returns the parts of text between separators.",
			example(`split(",", "a,b,,c")`, `["a","b","","c"]`),
			of2("separator, text", func(sep, text string) listText { return stringList(strings.Split(text, sep)) }).returning(listType(plugins.Of(plugins.String)))),
		define("lines", category, "Returns the lines of text, without their ends.",
			example(`lines("a\nb\r\n")`, `["a","b"]`), of1("text", lines).returning(listType(plugins.Of(plugins.String)))),
		define("substr", category, "Returns length characters of text from offset on; with length -1 or none, the rest. A negative offset counts from the end.",
			example(`substr("sensor-17", 7, 2)`, `"17"`, `substr("sensor", -3, -1)`, `"sor"`, `substr("sensor", 2)`, `"nsor"`),
			of3("text, offset, length", substr),
			of2("text, offset", func(text string, offset int64) string { return substr(text, offset, -1) })),
		define("length", category, "Returns how many characters a text, elements a list, or members a record or map has.",
			example(`length("smørbrød")`, `8`, `length([1, 2, 3])`, `3`, `length({ a = 1 })`, `1`),
			of1("text", func(text string) int64 { return int64(utf8.RuneCountInString(text)) }),
			try1("list", func(l listText) (int64, error) { return lengthOf(string(l)) }),
			try1("map", func(m objectText) (int64, error) { return lengthOf(string(m)) })),
		define("reverse", category, "Returns the characters of a text, or the elements of a list, in reverse order.",
			example(`reverse("abc")`, `"cba"`, `reverse([1, 2])`, `[2,1]`),
			of1("text", reverse),
			try1("list", reverseList).refined(firstArgument)),
		define("contains", category, "Returns whether text has part in it, or list has an element equal to value.",
			example(`contains("overheat", "heat")`, `true`, `contains(["ok", "idle"], "alarm")`, `false`),
			of2("text, part", strings.Contains),
			try2("list, value", listContains)),
		define("starts_with", category, "Returns whether text begins with prefix.",
			example(`starts_with("plant-5", "plant")`, `true`), of2("text, prefix", strings.HasPrefix)),
		define("ends_with", category, "Returns whether text ends with suffix.",
			example(`ends_with("a.csv", ".json")`, `false`), of2("text, suffix", strings.HasSuffix)),
		define("index_of", category, "Returns at which character part begins in text, -1 where it does not.",
			example(`index_of("a=b", "=")`, `1`, `index_of("ab", "=")`, `-1`), of2("text, part", indexOf)),
		define("repeat", category, "Returns text count times.",
			example(`repeat("ab", 3)`, `"ababab"`), try2("text, count", repeat)).fallible(),
		define("pad_left", category, "Returns text with fill put in front until it has length characters.",
			example(`pad_left("7", 3, "0")`, `"007"`),
			try3("text, length, fill", func(text string, n int64, fill string) (string, error) {
				p, err := padding(text, n, fill)
				return p + text, err
			})).fallible(),
		define("pad_right", category, "Returns text with fill put behind until it has length characters.",
			example(`pad_right("ab", 4, ".")`, `"ab.."`),
			try3("text, length, fill", func(text string, n int64, fill string) (string, error) {
				p, err := padding(text, n, fill)
				return text + p, err
			})).fallible(),
	}
}

func title(text string) string {
	inWord := false
	return strings.Map(func(r rune) rune {
		letter := unicode.IsLetter(r) || unicode.IsDigit(r) || r == '\''
		if letter && !inWord {
			r = unicode.ToTitle(r)
		}
		inWord = letter
		return r
	}, text)
}

func replace(text, old, new string) (string, error) {
	if grow := len(new) - len(old); grow > 0 && len(text)+strings.Count(text, old)*grow > maxValue {
		return "", errTooLarge
	}
	return strings.ReplaceAll(text, old, new), nil
}

func lines(text string) listText {
	var ls []string
	for l := range strings.Lines(text) {
		ls = append(ls, strings.TrimSuffix(strings.TrimSuffix(l, "\n"), "\r"))
	}
	return stringList(ls)
}

// substr cuts by characters.
func substr(text string, offset, length int64) string {
	if offset < 0 {
		offset = max(0, offset+int64(utf8.RuneCountInString(text)))
	}
	for range offset {
		if text == "" {
			return ""
		}
		_, n := utf8.DecodeRuneInString(text)
		text = text[n:]
	}
	if length < 0 {
		return text
	}
	end := 0
	for end < len(text) && length > 0 {
		_, n := utf8.DecodeRuneInString(text[end:])
		end += n
		length--
	}
	return text[:end]
}

func reverse(text string) string {
	b := make([]byte, len(text))
	at := len(b)
	for _, r := range text {
		at -= utf8.RuneLen(r)
		utf8.EncodeRune(b[at:], r)
	}
	return string(b)
}

func indexOf(text, part string) int64 {
	i := strings.Index(text, part)
	if i < 0 {
		return -1
	}
	return int64(utf8.RuneCountInString(text[:i]))
}

func repeat(text string, count int64) (string, error) {
	switch {
	case count < 0:
		return "", errors.New("cannot repeat a negative number of times")
	case len(text) == 0:
		return "", nil
	case count > int64(maxValue/len(text)):
		return "", errTooLarge
	}
	return strings.Repeat(text, int(count)), nil
}

// padding returns what is missing to n characters.
func padding(text string, n int64, fill string) (string, error) {
	missing := n - int64(utf8.RuneCountInString(text))
	switch {
	case missing <= 0:
		return "", nil
	case fill == "":
		return "", errors.New("cannot pad with an empty text")
	case missing > maxValue/4:
		return "", errTooLarge
	}
	width := int64(utf8.RuneCountInString(fill))
	s, err := repeat(fill, missing/width+1)
	return substr(s, 0, missing), err
}

// stringList makes a list of texts.
func stringList(texts []string) listText {
	out := []byte{'['}
	for i, s := range texts {
		if i > 0 {
			out = append(out, ',')
		}
		out = jsontext.AppendQuotedString(out, s)
	}
	return listText(append(out, ']'))
}
