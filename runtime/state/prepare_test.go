package state_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/state"
)

// A prepared commit counts when it is written, or when the next run says so, and
// never otherwise.
func TestPrepare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		write bool
		count bool
		want  string
	}{
		{"written", true, false, "new"},
		{"resolved to count", false, true, "new"},
		{"given up", false, false, "old"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			open := func() *state.Store {
				s, err := state.Open(dir, "p", state.Options{})
				if err != nil {
					t.Fatal(err)
				}
				return s
			}
			put := func(s *state.Store, addr, value string) *state.Commit {
				commit := s.Begin()
				commit.Claim(addr, "a shape")
				commit.Writer(addr).Put(1, 0, []byte("k"), []byte(value))
				return commit
			}
			s := open()
			if err := put(s, "transform.a", "old").Write(time.Unix(1, 0), true); err != nil {
				t.Fatal(err)
			}
			next := put(s, "transform.a", "new")
			next.Claim("transform.b", "another")
			if err := next.Prepare(time.Unix(2, 0)); err != nil {
				t.Fatal(err)
			}
			if last := s.Last().Number; last != 1 {
				t.Fatalf("commit %d counts before it is written", last)
			}
			if c.write {
				if err := next.Write(time.Unix(2, 0), false); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open()
			defer func() { _ = s.Close() }()
			number, pending := s.Prepared()
			if pending == c.write || pending && number != 2 {
				t.Fatalf("commit %d is prepared: %v", number, pending)
			}
			if pending {
				if err := s.Resolve(c.count); err != nil {
					t.Fatal(err)
				}
			}
			value, _, err := s.State("transform.a", 0, 255).Get(1, 0, []byte("k"), nil)
			if err != nil || string(value) != c.want {
				t.Errorf("found %q, %v, want %q", value, err, c.want)
			}
			if _, made := s.Stages()["transform.b"]; made != (c.want == "new") {
				t.Errorf("the stage of the commit is there: %v", made)
			}
			if err := put(s, "transform.c", "after").Write(time.Unix(3, 0), true); err != nil {
				t.Errorf("the next commit: %v", err)
			}
			if _, pending := s.Prepared(); pending {
				t.Error("something is still prepared")
			}
		})
	}
}

// While a prepared commit may count elsewhere, no other takes its number.
func TestPreparedIsWrittenNext(t *testing.T) {
	t.Parallel()
	s, err := state.Open(t.TempDir(), "p", state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	prepared, other := s.Begin(), s.Begin()
	prepared.Claim("transform.a", "a shape")
	other.Claim("transform.b", "another")
	if err := prepared.Prepare(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if err := other.Write(time.Unix(2, 0), true); !plugins.IsPermanent(err) {
		t.Fatalf("another commit is written: %v", err)
	}
	if err := prepared.Write(time.Unix(1, 0), true); err != nil {
		t.Fatal(err)
	}
	if err := other.Write(time.Unix(2, 0), true); err != nil {
		t.Fatal(err)
	}
}

// A prepared commit that does not follow on the last one is refused, and the
// remedy is a command that can be typed.
func TestPreparedOfAnotherStore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, prepare := range []bool{true, false} {
		s, err := state.Open(dir, "p", state.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if prepare {
			err = s.PutPrepared(7)
		} else if err = s.Resolve(true); err != nil {
			if !plugins.IsPermanent(err) {
				t.Errorf("tried again: %v", err)
			}
			for _, want := range []string{
				"the files do not fit together (checkpoint 7 is prepared, and 0 is the last)",
				"restore the folder from a backup, or start over without it: onstream state reset --all " + s.Path(),
			} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want %q", err, want)
				}
			}
			err = nil
		} else {
			t.Error("it counts")
		}
		if err := errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
	}
}
