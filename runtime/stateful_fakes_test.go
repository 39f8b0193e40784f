package runtime_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
)

// counted is the shape of what counter sends on: number n is the count-th of
// its key, which for the numbers from 0 on is n/7+1.
var counted = plugins.Columns(
	plugins.Field{Name: "n", Type: plugins.Of(plugins.Int)},
	plugins.Field{Name: "k", Type: plugins.Of(plugins.String)},
	plugins.Field{Name: "count", Type: plugins.Of(plugins.Int)},
)

// keeping describes stages that keep the same whatever their configuration.
func keeping(what string) func(plugins.Config) plugins.Description {
	return func(plugins.Config) plugins.Description { return plugins.Description{State: what} }
}

// addStateful registers kinds that keep state.
func (w *world) addStateful() {
	one := func(plugins.Shape, plugins.Config) ([]plugins.Output, error) {
		return []plugins.Output{{Shape: counted}}, nil
	}
	for _, k := range []plugins.TransformKind{
		{
			Name: "counter", Keyed: true, Stateful: true, Outputs: one,
			Describe: func(c plugins.Config) plugins.Description {
				return plugins.Description{State: "a count, " + c.String("shape")}
			},
			New: func(_ plugins.Config, env plugins.Env) (plugins.Transform, error) {
				c := newCounter(env)
				c.inherited = func() { w.count("inherited") }
				return c, nil
			},
		},
		{
			Name: "sum", Keyed: true, Stateful: true, Outputs: one,
			Describe: keeping("a count"),
			New: func(_ plugins.Config, env plugins.Env) (plugins.Transform, error) {
				return &sum{counter: newCounter(env)}, nil
			},
		},
		{
			Name: "alarm", Keyed: true, Stateful: true, Outputs: one,
			Describe: keeping("nothing"),
			New: func(c plugins.Config, env plugins.Env) (plugins.Transform, error) {
				return &alarm{counter: newCounter(env), after: c.Duration("after"), due: plugins.Never}, nil
			},
		},
		{
			Name: "sides", Keyed: true, Ports: []string{"left", "right"}, Outputs: one,
			New: func(_ plugins.Config, env plugins.Env) (plugins.Transform, error) { return sides{env}, nil },
		},
	} {
		if err := w.registry.AddTransform(k); err != nil {
			w.t.Fatal(err)
		}
	}
}

// counter counts the records of each key and adds the count to them.
type counter struct {
	env   plugins.Env
	table *keyed.Table[int64]
	key   []byte
	// inherited is called when it takes over from one that has had the same keys.
	inherited func()
}

func (c *counter) Inherit(from plugins.Transform) {
	if was, ok := from.(*counter); ok && c.inherited != nil && was.table.Stats().Keys == c.table.Stats().Keys {
		c.inherited()
	}
}

func newCounter(env plugins.Env) *counter {
	return &counter{env: env, table: keyed.NewTable(keyed.Config[int64]{
		Encode: func(dst []byte, v *int64) []byte { return binary.AppendVarint(dst, *v) },
		Decode: func(src []byte, v *int64) error { *v, _ = binary.Varint(src); return nil },
	})}
}

func (c *counter) Restore(s plugins.State) error        { return c.table.Restore(s) }
func (c *counter) Snapshot(w plugins.StateWriter) error { return c.table.Snapshot(w) }
func (c *counter) StateStats() plugins.StateStats       { return c.table.Stats() }

func (c *counter) Process(_ context.Context, b *plugins.Batch, out plugins.Emitter) error {
	k, count := b.Column("k"), b.NewColumn("count", plugins.Int)
	for _, i := range b.Sel {
		c.key = plugins.AppendKey(c.key[:0], k, i)
		e, _, err := c.table.Open(c.key)
		if err != nil {
			return err
		}
		e.V++
		count.Ints[i] = e.V
	}
	out.Emit(0, b)
	return nil
}

// made emits a record that nobody brought.
func (c *counter) made(out plugins.Emitter, n int64, k string, count int64) {
	b := c.env.Pool.Batch()
	b.SelectAll(1)
	b.CloseRecord()
	b.NewColumn("n", plugins.Int).Ints[0] = n
	b.NewColumn("k", plugins.String).AppendString(0, k)
	b.NewColumn("count", plugins.Int).Ints[0] = count
	out.Make(1)
	out.Emit(0, b)
	b.Release()
}

// sum absorbs records and tells the counts at the end of the input: n is -1.
type sum struct{ *counter }

func (s *sum) Process(_ context.Context, b *plugins.Batch, out plugins.Emitter) error {
	k := b.Column("k")
	for _, i := range b.Sel {
		s.key = plugins.AppendKey(s.key[:0], k, i)
		e, _, err := s.table.Open(s.key)
		if err != nil {
			return err
		}
		e.V++
	}
	out.Drop(len(b.Sel))
	return nil
}

func (s *sum) Finish(_ context.Context, out plugins.Emitter) error {
	return s.table.All(func(e *keyed.Entry[int64]) error {
		s.made(out, -1, plugins.KeyValue([]byte(e.Key)).Text, e.V)
		return nil
	})
}

// alarm passes records on and emits one of its own, with n = -1, when some
// time has passed since its first.
type alarm struct {
	*counter
	after time.Duration
	due   int64
}

func (a *alarm) Process(ctx context.Context, b *plugins.Batch, out plugins.Emitter) error {
	if a.due == plugins.Never {
		a.due = a.env.Now().Add(a.after).UnixNano()
	}
	return a.counter.Process(ctx, b, out)
}

func (a *alarm) Next() int64 { return a.due }

func (a *alarm) Tick(_ context.Context, now int64, out plugins.Emitter) error {
	if now < a.due {
		return fmt.Errorf("called %d ns too early", a.due-now)
	}
	a.due = plugins.Never
	a.made(out, -1, "alarm", 0)
	return nil
}

// sides tells by the count on which side a record came.
type sides struct{ env plugins.Env }

func (sides) Process(context.Context, *plugins.Batch, plugins.Emitter) error {
	return fmt.Errorf("Process of a kind with ports was called")
}

func (sides) ProcessPort(_ context.Context, port int, b *plugins.Batch, out plugins.Emitter) error {
	count := b.NewColumn("count", plugins.Int)
	for _, i := range b.Sel {
		count.Ints[i] = int64(port)
	}
	out.Emit(0, b)
	return nil
}

// keyedStage is a transform with key k.
func keyedStage(kind, name string, attrs map[string]any, from ...graph.Input) *graph.Stage {
	s := transform(kind, name, attrs, from...)
	s.Key = keyExpr{}
	return s
}

// counting is a pipeline that counts the numbers below n.
func (w *world) counting(n, size int64) *graph.Graph {
	g := w.pipeline(
		source("in", map[string]any{"to": n, "size": size}),
		keyedStage("counter", "count", nil, from("source.in")),
		sink("out", from("transform.count")),
	)
	g.Checkpoint = graph.Checkpoint{Interval: time.Millisecond, Durability: graph.OS}
	return g
}

// run runs a pipeline with state in dir.
func (w *world) run(ctx context.Context, dir string, g *graph.Graph, c runtime.Config) (*runtime.Engine, error) {
	c.Registry, c.StateDir = &w.registry, dir
	e := runtime.New(c)
	return e, e.Run(ctx, g)
}

// crashAfter runs a pipeline and stops it at once when a sink has written so
// many lines, or when it has ended.
func (w *world) crashAfter(lines int, addr, dir string, g *graph.Graph, c runtime.Config) {
	ctx, crash := context.WithCancel(context.Background())
	defer crash()
	var watch sync.WaitGroup
	watch.Go(func() {
		for ctx.Err() == nil && len(w.written(addr)) < lines {
			time.Sleep(100 * time.Microsecond)
		}
		crash()
	})
	_, _ = w.run(ctx, dir, g, c) // it may have ended before
	crash()
	watch.Wait()
}

// counts asserts that every number below n was written at least once, and each
// time with the right count.
func (w *world) counts(t testing.TB, addr string, n int64) (repeats int) {
	t.Helper()
	seen := map[int64]int{}
	for _, line := range w.written(addr) {
		var m, k, count int64
		if _, err := fmt.Sscan(line, &m, &k, &count); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		if m >= 0 && count != m/7+1 {
			t.Fatalf("%d is written as number %d of its key, it is number %d", m, count, m/7+1)
		}
		seen[m]++
	}
	for m := range n {
		if seen[m] == 0 {
			t.Fatalf("%d was lost", m)
		}
		repeats += seen[m] - 1
	}
	return repeats
}

// patient hands over one record and ends when it is let go.
type patient struct{ release chan struct{} }

func (p patient) Run(ctx context.Context, out plugins.Outlet) error {
	b := out.Batch()
	b.SelectAll(1)
	b.NewColumn("n", plugins.Int).Ints[0] = 0
	b.NewColumn("k", plugins.String).AppendString(0, "0")
	if err := out.Hand(ctx, plugins.Delivery{Batch: b}); err != nil {
		return err
	}
	select {
	case <-p.release:
	case <-ctx.Done():
	}
	return nil
}
