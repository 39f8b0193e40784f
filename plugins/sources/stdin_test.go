package sources_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/sources"
)

func stdin(t testing.TB, k plugins.SourceKind, env plugins.Env) plugins.Source {
	t.Helper()
	s, err := k.New(configure(k.Schema), env)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStdinHandsOverWhatIsThere(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	o := newOutlet()
	done := make(chan error, 1)
	s := stdin(t, kind(t, "stdin", sources.Streams{In: r}), environment())
	go func() { done <- s.Run(t.Context(), o) }()
	for k, piece := range []string{"1\n2", "2\n", "3\n4"} {
		if _, err := w.Write([]byte(piece)); err != nil {
			t.Fatal(err)
		}
		o.wait(t, k+1)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := o.values(); got != "1 22 3 4" || len(o.done) != 1 {
		t.Errorf("records %q, done %v", got, o.done)
	}
}

func TestStdinIsFreeOfAReadThatWaits(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	k := kind(t, "stdin", sources.Streams{In: r})
	o := newOutlet()
	stop := background(t, stdin(t, k, environment()), o)
	if _, err := w.Write([]byte("1\n")); err != nil {
		t.Fatal(err)
	}
	o.wait(t, 1)
	if err := stop(); !errors.Is(err, context.Canceled) {
		t.Errorf("Run: %v", err)
	}
	// What the read that was under way brings is for the next one.
	if _, err := w.Write([]byte("2\n")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := stdin(t, k, environment()).Run(t.Context(), o); err != nil || o.values() != "1 2" {
		t.Errorf("%v, records %q", err, o.values())
	}
}

func TestStdinIsReadByOne(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	defer w.Close()
	k := kind(t, "stdin", sources.Streams{In: r})
	o := newOutlet()
	stop := background(t, stdin(t, k, environment()), o)
	if _, err := w.Write([]byte("1\n")); err != nil {
		t.Fatal(err)
	}
	o.wait(t, 1)
	if err := stdin(t, k, environment()).Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "another stage") {
		t.Errorf("Run: %v", err)
	}
	_ = stop()
}

func TestStdinWithoutStream(t *testing.T) {
	t.Parallel()
	if err := stdin(t, kind(t, "stdin", sources.Streams{}), environment()).Run(t.Context(), newOutlet()); err != nil {
		t.Error(err)
	}
}
