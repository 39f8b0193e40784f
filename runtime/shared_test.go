package runtime_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
)

// common is what the instances of a stage have in common in these tests.
type common struct{ made, opened, closed atomic.Int64 }

func (c *common) Close(context.Context) error { c.closed.Add(1); return nil }

// sharer passes everything on.
type sharer struct {
	common *common
	broken error
}

func (s sharer) Open(context.Context) error { s.common.opened.Add(1); return s.broken }

func (s sharer) Process(_ context.Context, b *plugins.Batch, out plugins.Emitter) error {
	out.Emit(0, b)
	return nil
}

func (w *world) addSharer(c *common, broken error) {
	w.t.Helper()
	err := w.registry.AddTransform(plugins.TransformKind{Name: "sharer", New: func(_ plugins.Config, env plugins.Env) (plugins.Transform, error) {
		_, err := plugins.Share(env.Shared, "common", func() (*common, error) { c.made.Add(1); return c, nil })
		return sharer{c, broken}, err
	}})
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestInstancesShare(t *testing.T) {
	t.Parallel()
	w, c := newWorld(t), new(common)
	w.addSharer(c, nil)
	build := func(version int64, extra ...*graph.Stage) *graph.Graph {
		return w.pipeline(append([]*graph.Stage{
			source("in", map[string]any{"size": int64(10)}),
			transform("sharer", "both", map[string]any{"version": version}, from("source.in")),
			sink("out", from("transform.both")),
		}, extra...)...)
	}
	t.Cleanup(func() { // after the pipeline has ended
		if c.closed.Load() != 2 {
			t.Errorf("at the end %d of 2 were closed", c.closed.Load())
		}
	})
	e := w.start(runtime.Config{Workers: 3}, build(1))
	expect := func(when string, n int64) {
		t.Helper()
		if c.made.Load() != n || c.opened.Load() != n {
			t.Errorf("%s, %d were made and %d opened, want %d", when, c.made.Load(), c.opened.Load(), n)
		}
		w.until("the one before to be closed", func() bool { return c.closed.Load() == n-1 })
	}
	expect("at first", 1)
	if _, err := e.Reload(t.Context(), build(1, sink("second", from("source.in")))); err != nil {
		t.Fatal(err)
	}
	expect("where the stage is the same", 1)
	if _, err := e.Reload(t.Context(), build(2)); err != nil {
		t.Fatal(err)
	}
	expect("where it is another one", 2)
}

func TestTransformThatCannotWorkKeepsThePipelineFromStarting(t *testing.T) {
	t.Parallel()
	w, c := newWorld(t), new(common)
	w.addSharer(c, plugins.Permanent(errors.New("the file is missing")))
	g := w.pipeline(source("in", map[string]any{"to": int64(10)}), transform("sharer", "both", nil, from("source.in")), sink("out", from("transform.both")))
	err := runtime.New(runtime.Config{Registry: &w.registry, Workers: 3}).Run(t.Context(), g)
	if err == nil || !strings.Contains(err.Error(), "transform.both: the file is missing") {
		t.Errorf("error %v", err)
	}
	if c.closed.Load() != 1 || len(w.written("sink.out")) > 0 {
		t.Errorf("closed %d times, written: %v", c.closed.Load(), w.written("sink.out"))
	}
}
