package runtime_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
)

// tardy is a sink that fails the second batch at once, and the first one while
// the engine waits to write the second again.
type tardy struct {
	waits  func() bool // the engine does
	writes []int       // the first record of each
	first  func(error)
}

func (s *tardy) Write(_ context.Context, b *plugins.Batch, done func(error)) error {
	s.writes = append(s.writes, number(string(b.Value(b.Sel[0]))))
	switch len(s.writes) {
	case 1:
		s.first = done
	case 2:
		go func() {
			for !s.waits() {
				time.Sleep(time.Millisecond)
			}
			s.first(errDown)
		}()
		return errDown
	default:
		done(nil)
	}
	return nil
}

func (s *tardy) Flush(context.Context) error { return nil }

// What fails while the engine waits is written before what failed earlier and
// comes behind it.
func TestLateFailureKeepsItsPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := &tardy{}
		w.addSink("tardy", s)
		out := ofKind("tardy", sink("out", from("source.in")))
		out.Retry = graph.Retry{Backoff: 200 * time.Millisecond}
		g := w.pipeline(source("in", map[string]any{"to": int64(20), "size": int64(10)}), out)
		e := runtime.New(runtime.Config{Registry: &w.registry, Workers: 1})
		s.waits = func() bool { return e.Stats().Stages[1].Retries > 0 }
		if err := e.Run(t.Context(), g); err != nil {
			t.Fatal(err)
		}
		if want := []int{0, 10, 0, 10}; !slices.Equal(s.writes, want) {
			t.Errorf("written were %v, want %v", s.writes, want)
		}
	})
}
