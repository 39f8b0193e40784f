package bustest

import (
	"slices"
	"testing"
	"time"
)

// patience is how long a test waits for what should come.
const patience = 30 * time.Second

// Eventually waits until a condition holds.
func Eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	within(t, patience, what, holds)
}

func within(t testing.TB, patience time.Duration, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after %v, it is still not so that %s", patience, what)
		}
	}
}

// Values returns the values of what was handed over, in that order.
func (o *Outlet) Values() []string { return values(o.Records()) }

// Await waits until n records were handed over, and returns the values of all that were.
func (o *Outlet) Await(t testing.TB, n int) []string {
	t.Helper()
	Eventually(t, "enough records come", func() bool { return len(o.Records()) >= n })
	return o.Values()
}

// Brings waits until as many records were handed over as there are values, and checks that they
// are these, in this order.
func (o *Outlet) Brings(t testing.TB, want ...string) {
	t.Helper()
	if got := o.Await(t, len(want)); !slices.Equal(got, want) {
		t.Fatalf("%q came and should be %q", got, want)
	}
}
