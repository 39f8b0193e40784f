package jsontext_test

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/onstream/onstream/plugins/jsontext"
	"pgregory.net/rapid"
)

func TestAppendUnquoted(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want, err string }{
		{`""`, "", ""},
		{`"plain ASCII, longer than a word"`, "plain ASCII, longer than a word", ""},
		{`"\"\\\/\b\f\n\r\t"`, "\"\\/\b\f\n\r\t", ""},
		{`"\u00e9\uD83D\uDE00\u0000"`, "é😀\x00", ""},
		{`"é 12345678 \n é"`, "é 12345678 \n é", ""},
		{`"\ud800"`, "", "is not valid JSON at offset 2"},
		{`"\udc00\ud800"`, "", "is not valid JSON at offset 2"},
		{`"\ud800\u0041"`, "", "is not valid JSON at offset 2"},
		{`"\u12g4"`, "", "is not valid JSON at offset 2"},
		{`"\x"`, "", "is not valid JSON at offset 2"},
		{`"\`, "", "is not valid JSON at offset 2"},
		{`"open`, "", "is not valid JSON at offset 5"},
		{`"a" `, "", "is not valid JSON at offset 3"},
		{`a`, "", "is not valid JSON at offset 0"},
		{"\"a\nb\"", "", "is not valid JSON at offset 2"},
		{"\"12345678\xff\"", "", "is not valid UTF-8"},
		{"\"\xed\xa0\x80\"", "", "is not valid UTF-8"}, // a surrogate in UTF-8
	}
	for _, tt := range tests {
		got, err := jsontext.AppendUnquoted(nil, []byte(tt.text))
		if message(err) != tt.err || err == nil && string(got) != tt.want {
			t.Errorf("AppendUnquoted(%s) = %q, %v; want %q, %s", tt.text, got, err, tt.want, tt.err)
		}
	}
}

func TestStringsComeBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ -~\t\n"\\é]{0,40}`)).Draw(t, "s")
		text := jsontext.AppendQuoted(nil, []byte(s))
		if other := jsontext.AppendQuotedString(nil, s); string(other) != string(text) {
			t.Fatalf("of a string %s, of bytes %s", other, text)
		}
		var std string
		if err := json.Unmarshal(text, &std); err != nil || std != s {
			t.Fatalf("encoding/json reads %s as %q: %v", text, std, err)
		}
		marshalled, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, quoted := range [][]byte{text, marshalled} {
			if got, err := jsontext.AppendUnquoted([]byte("x"), quoted); err != nil || string(got) != "x"+s {
				t.Fatalf("AppendUnquoted(%s) = %q: %v", quoted, got, err)
			}
		}
	})
}

func TestAppendQuotedIsAlwaysUTF8(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SliceOf(rapid.Byte()).Draw(t, "s")
		if text := jsontext.AppendQuoted(nil, s); !utf8.Valid(text) || !json.Valid(text) {
			t.Fatalf("AppendQuoted(%q) = %q", s, text)
		}
	})
}
