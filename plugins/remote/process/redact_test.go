package process

import (
	"strings"
	"testing"
)

func TestSecretsAreTakenOut(t *testing.T) {
	t.Parallel()
	r := new(Redactor)
	for _, secret := range []string{"hunter2", "hunter2-and-more", "two\nlines of a key", "abcdabcd", `a"b\c`, "ü ö", "abc", ""} {
		r.Add(secret)
	}
	for text, want := range map[string]string{
		"it is hunter2, is it":        "it is (secret), is it",
		"it is hunter2-and-more":      "it is (secret)",
		"hunter2hunter2":              "(secret)(secret)",
		"key: lines of a key":         "key: (secret)",
		"two\nlines of a key":         "(secret)",
		`two\nlines of a key`:         "(secret)",
		`{"k":"a\"b\\c"}`:             `{"k":"(secret)"}`,
		"?q=%C3%BC+%C3%B6&r=1":        "?q=(secret)&r=1",
		"abc":                         "abc", // shorter than what is taken for one
		"cut: hunt…":                  "cut: (secret)…",
		`column "hunter2-and-m…" is`:  `column "(secret)…" is`,
		"a hun… and lines of a k…":    "a hun… and (secret)…",
		"hunter2 and hunt… more text": "(secret) and (secret)… more text",
		"abcdabcd…":                   "(secret)…",
		"hunt":                        "hunt", // nobody has cut that
		"\x1b[31mred\u202e\u2028":     "\uFFFD[31mred\uFFFD\uFFFD",
		"\xffa\tb\r\n":                "\uFFFDa b",
	} {
		if got := r.Clean(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	if got := (*Redactor)(nil).Clean("a…\x00"); got != "a…\uFFFD" {
		t.Errorf("without secrets: %q", got)
	}
}

// Wherever a text is cut, nothing of a secret is at its end.
func TestCutSecrets(t *testing.T) {
	t.Parallel()
	r := new(Redactor)
	r.Add("hunter2-very-secret")
	text := strings.Repeat("hunter2-very-secret", 3)
	for n := range len(text) {
		if got := r.whole(text[:n]); strings.ReplaceAll(got, redacted, "") != "" {
			t.Errorf("cut behind %d bytes: %q", n, got)
		}
	}
}
