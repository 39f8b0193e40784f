package state_test

import (
	"testing"
	"time"

	"github.com/onstream/onstream/runtime/state"
)

// What a stage keeps by partition is renamed and forgotten with it.
func TestPartsOfAStage(t *testing.T) {
	t.Parallel()
	s, err := state.Open("", "p", state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	commit := func(f func(c *state.Commit)) {
		t.Helper()
		c := s.Begin()
		f(c)
		if err := c.Write(time.Unix(0, 0), true); err != nil {
			t.Fatal(err)
		}
	}
	value := func(addr string) string {
		t.Helper()
		v, _, err := s.State(addr, 0, 255).Get(1, 0, []byte("k"), nil)
		if err != nil {
			t.Fatal(err)
		}
		return string(v)
	}
	commit(func(c *state.Commit) {
		for _, addr := range []string{"transform.a", "transform.a@t/0", "transform.ab@t/0"} {
			c.Writer(addr).Put(1, 0, []byte("k"), []byte("of "+addr))
		}
	})
	commit(func(c *state.Commit) { c.Rename("transform.a", "transform.b") })
	if a, b := value("transform.a@t/0"), value("transform.b@t/0"); a != "" || b != "of transform.a@t/0" {
		t.Errorf("after renaming: %q and %q", a, b)
	}
	commit(func(c *state.Commit) { c.Forget("transform.b") })
	if b, other := value("transform.b@t/0"), value("transform.ab@t/0"); b != "" || other == "" {
		t.Errorf("after forgetting: %q and %q", b, other)
	}
}
