package runtime_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
)

// picky is a writer that takes its time, and refuses the first record of each batch.
type picky struct{ *entry }

func (p picky) Write(ctx context.Context, b *plugins.Batch, done func(error)) error {
	time.Sleep(100 * time.Microsecond) // so that some wait when a checkpoint is taken
	refused := plugins.RowErrors{{Row: b.Sel[0], Code: "refused", Msg: "no"}}
	taken := *b
	taken.Sel = b.Sel[1:]
	return p.entry.Write(ctx, &taken, func(err error) {
		if err == nil {
			err = refused
		}
		done(err)
	})
}

// mourner counts letters, and minds being looked at meanwhile.
type mourner struct {
	busy      atomic.Bool
	count     atomic.Int64
	disturbed atomic.Bool
}

func (m *mourner) Process(_ context.Context, b *plugins.Batch, out plugins.Emitter) error {
	m.busy.Store(true)
	time.Sleep(time.Millisecond)
	m.count.Add(int64(len(b.Sel)))
	m.busy.Store(false)
	out.Emit(0, b)
	return nil
}

func (*mourner) Restore(plugins.State) error { return nil }

func (m *mourner) Snapshot(plugins.StateWriter) error {
	if m.busy.Load() {
		m.disturbed.Store(true)
	}
	return nil
}

// What a sink with transactions refuses while a checkpoint waits for it goes where it should, and
// through the stages on the way, before the checkpoint is taken.
func TestRefusedWhileACheckpointWaits(t *testing.T) {
	t.Parallel()
	const end, size = 700, 10
	w, l, m := newWorld(t), new(ledger), new(mourner)
	w.addStateful()
	k := l.kind()
	k.New = func(plugins.Config, plugins.Env) (plugins.Sink, error) { return picky{&entry{ledger: l}}, nil }
	if err := w.registry.AddSink(k); err != nil {
		t.Fatal(err)
	}
	if err := w.registry.AddTransform(plugins.TransformKind{
		Name: "mourner", Keyed: true, Stateful: true,
		Describe: keeping("nothing"),
		New:      func(plugins.Config, plugins.Env) (plugins.Transform, error) { return m, nil },
	}); err != nil {
		t.Fatal(err)
	}
	out := ofKind("ledger", sink("out", from("transform.count")))
	letters := transform("mourner", "letters", nil, from(graph.Errors))
	letters.In = graph.ErrorShape()
	g := w.pipeline(
		source("in", map[string]any{"to": int64(end), "size": int64(size)}),
		keyedStage("counter", "count", nil, from("source.in")), out,
		letters, sink("dead", from("transform.letters")))
	g.Checkpoint = graph.Checkpoint{Interval: time.Millisecond, Durability: graph.OS}
	ctx, cancel := context.WithTimeout(t.Context(), patience) // were it to stand still for ever
	defer cancel()
	e, err := w.run(ctx, t.TempDir(), g, runtime.Config{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	balanced(t, g, e.Stats())
	dead := len(w.written("sink.dead"))
	if len(l.committed)+dead != end || dead == 0 || m.count.Load() != int64(dead) {
		t.Errorf("%d are committed, %d refused, and %d letters counted, of %d", len(l.committed), dead, m.count.Load(), end)
	}
	if m.disturbed.Load() {
		t.Error("a checkpoint was taken while a letter was on its way")
	}
}
