package wire_test

import (
	"testing"

	"github.com/onstream/onstream/plugins/remote/wire"
)

func TestTextsForPeople(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain\ntext\tand more":  "plain\ntext\tand more",
		"\x1b[31mred\x07":        "\uFFFD[31mred\uFFFD",
		"ab\u202Edc":             "ab\uFFFDdc",
		"äääääääääää":            "ääääääää…",
		"nothing that is longer": "nothing that is l…",
	} {
		if got := wire.Clip(text, 20); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
