package jsontext_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/onstream/onstream/plugins/jsontext"
)

var texts = []string{
	`{}`, `[]`, `""`, `0`, `-0`, `1.5`, `1e5`, `1E+5`, `-1.5e-5`, `true`, `false`, `null`,
	` { "a" : [ 1 , 2 ] , "b" : { } } `, `{"a":1,"a":2}`, `"é\u00e9\n"`, `"\ud83d\ude00"`, `["\\"]`,
	``, ` `, `{`, `}`, `[`, `{"a"}`, `{"a":}`, `{"a":1,}`, `[1,]`, `[,1]`, `{a:1}`, `'a'`, `01`, `1.`, `.5`, `+1`, `1e`, `-`,
	`NaN`, `Infinity`, `-Infinity`, `nul`, `nulll`, `truefalse`, `1 2`, `{} {}`, `"`, `"\"`, `"\x"`, `"\u12"`, "\"\n\"", "\"\x01\"",
	`[1}`, `{"a":1]`, `[[[]]`, `/* */ 1`, "\"\xff\"", `"\ud800"`, `1e400`, `123456789012345678901234567890`,
}

// strictly says what encoding/json says, less two things that it lets pass:
// invalid UTF-8, and a surrogate without the other (which it replaces).
func strictly(text string) bool {
	return json.Valid([]byte(text)) && utf8.ValidString(text) && text != `"\ud800"`
}

func TestValid(t *testing.T) {
	t.Parallel()
	for _, text := range texts {
		if err := jsontext.Valid([]byte(text)); (err == nil) != strictly(text) {
			t.Errorf("Valid(%q) = %v", text, err)
		}
	}
}

func TestValidDepth(t *testing.T) {
	t.Parallel()
	for depth, ok := range map[int]bool{1000: true, 1001: false, 20_000: false, 10_000_000: false} {
		text := []byte(strings.Repeat("[", depth) + strings.Repeat("]", depth))
		if err := jsontext.Valid(text); (err == nil) != ok {
			t.Errorf("depth %d: %v", depth, err)
		}
		if _, err := jsontext.Skip(text, 0); (err == nil) != ok {
			t.Errorf("skip depth %d: %v", depth, err)
		}
	}
}

func FuzzValid(f *testing.F) {
	for _, text := range texts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		err := jsontext.Valid([]byte(text))
		if err == nil && !json.Valid([]byte(text)) {
			t.Fatalf("%q is taken for JSON", text)
		}
		if err != nil && strictly(text) && !strings.Contains(err.Error(), "deeper") && !strings.Contains(text, `\u`) {
			t.Fatalf("%q is JSON: %v", text, err)
		}
		if err != nil {
			return
		}
		if end, err := jsontext.Skip(jsontext.Trim([]byte(text)), 0); err != nil || end != len(jsontext.Trim([]byte(text))) {
			t.Fatalf("skip %q ends at %d: %v", text, end, err)
		}
		var a, b any
		compact := jsontext.Compact(nil, []byte(text))
		if json.Unmarshal([]byte(text), &a) == nil {
			if err := json.Unmarshal(compact, &b); err != nil {
				t.Fatalf("compact %q: %v", compact, err)
			}
		}
		if _, err := jsontext.Parse([]byte(text)); err != nil && !errors.Is(err, jsontext.ErrRange) {
			t.Fatalf("parse %q: %v", text, err)
		}
	})
}
