package bustest

import (
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
)

// Password is a secret for tests: a message that has it fails them.
const Password = "hunter2"

// Says checks a message that a user reads.
func Says(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("there is no error, and it should say %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v\ndoes not say: %s", err, part)
		}
	}
	if strings.Contains(err.Error(), Password) {
		t.Errorf("the message tells a password: %v", err)
	}
	t.Logf("what the user reads: %v", err)
}

// Permanent checks an error that trying again would not mend, and what a user reads of it.
func Permanent(t testing.TB, err error, parts ...string) {
	t.Helper()
	Says(t, err, parts...)
	if !plugins.IsPermanent(err) {
		t.Errorf("not refused for good: %v", err)
	}
}
