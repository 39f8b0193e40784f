package plugintest

import (
	"fmt"
	"testing"
)

// A check proves one promise of a contract for a case of type C.
type check[C any] struct {
	name string
	// lacks says why the case cannot be asked for this, "" where it can.
	lacks func(C) string
	run   func(testing.TB, C)
}

// always is lacks for what each case promises.
func always[C any](C) string { return "" }

// needs is lacks for what a case promises where it has something.
func needs[C any](what string, has func(C) bool) func(C) string {
	return func(c C) string {
		if has(c) {
			return ""
		}
		return what
	}
}

// run runs the checks that the case can be asked for, side by side.
func run[C any](t *testing.T, role, kind string, checks []check[C], c C) {
	t.Helper()
	for _, k := range checks {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			verdict := "proved"
			t.Cleanup(func() {
				switch {
				case t.Failed():
					verdict = "failed"
				case t.Skipped():
					verdict = "undeclared"
				}
				fmt.Fprintf(t.Output(), "PLUGINTEST %s=%s check=%s verdict=%s\n", role, kind, k.name, verdict)
			})
			if why := k.lacks(c); why != "" {
				t.Skip(why)
			}
			k.run(t, c)
		})
	}
}
