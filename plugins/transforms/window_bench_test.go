package transforms_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/transforms"
)

// averages is a stage of 10-second averages.
func averages(b testing.TB) plugins.Transform {
	b.Helper()
	env := environment()
	env.Now = func() time.Time { return time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC) }
	c := attrs(byEventTime("tumbling", 10*time.Second, "lateness", time.Second, "forget", 24*time.Hour, "max_keys", int64(2_000_000),
		"key", columnExpr{"k", plugins.Of(plugins.String)}, "time", columnExpr{"ts", plugins.Of(plugins.Time)},
		"emit", plugins.Aggregation{
			Calls: []plugins.AggregateCall{aggregateCall("avg", plugins.Float, columnExpr{"v", plugins.Of(plugins.Float)})},
			Emit: []plugins.NamedExpr{
				named("k", columnExpr{plugins.LocalPath("key"), plugins.Of(plugins.String)}),
				named("avg", columnExpr{plugins.AggregatePath(0), plugins.Of(plugins.Float)}),
			},
		})...)
	var r plugins.Registry
	if err := transforms.Register(&r); err != nil {
		b.Fatal(err)
	}
	kind, _ := r.Transform("window")
	tr, err := kind.New(c, env)
	if err != nil {
		b.Fatal(err)
	}
	return tr
}

// devices is a batch with a record of each of some devices, whose times come
// nearly in order.
func devices(pool *plugins.Pool, from, n int) *plugins.Batch {
	b := pool.Batch()
	b.SelectAll(n)
	key, ts, v := b.NewColumn("k", plugins.String), b.NewColumn("ts", plugins.Time), b.NewColumn("v", plugins.Float)
	for i := range n {
		d := from + i
		key.AppendString(uint32(i), fmt.Sprintf("d-%06d", d*7919%10_000+d/10_000*10_000))
		ts.Ints[i], v.Floats[i] = int64(d)*100_000-int64(d%7)*1_000_000, float64(d%100)
	}
	return b
}

// BenchmarkWindowAverage is averages of 10,000 devices, a record of each every
// second, per record.
func BenchmarkWindowAverage(b *testing.B) {
	const rows = 1000
	tr := averages(b)
	var pool plugins.Pool
	var batches []*plugins.Batch
	for n := range 10 {
		batches = append(batches, devices(&pool, n*rows, rows))
	}
	sel := make([]uint32, rows)
	out := counter{}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		batch := batches[n%len(batches)]
		for i := range sel {
			sel[i] = uint32(i)
		}
		batch.Sel = sel
		if err := tr.Process(b.Context(), batch, &out); err != nil {
			b.Fatal(err)
		}
		ts := batch.Column("ts").Ints
		for i := range ts {
			ts[i] += int64(time.Second)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/record")
	b.ReportMetric(float64(out.emitted)/float64(b.N*rows), "results/record")
}

// counter counts what is emitted.
type counter struct{ emitted, dropped, made int }

func (c *counter) Emit(_ int, b *plugins.Batch) { c.emitted += len(b.Sel) }
func (c *counter) Drop(n int)                   { c.dropped += n }
func (c *counter) Make(n int)                   { c.made += n }

// columnExpr is a column as it is.
type columnExpr struct {
	path plugins.Path
	typ  plugins.Type
}

func (c columnExpr) Type() plugins.Type                      { return c.typ }
func (c columnExpr) Field() (plugins.Path, bool)             { return c.path, true }
func (c columnExpr) Reads() []plugins.Field                  { return []plugins.Field{{Name: c.path, Type: c.typ}} }
func (c columnExpr) String() string                          { return c.path }
func (c columnExpr) Range() string                           { return "test.hcl:1,1-2" }
func (c columnExpr) Evaluator(plugins.Env) plugins.Evaluator { return c }
func (c columnExpr) Eval(b *plugins.Batch) *plugins.Column   { return b.Column(c.path) }

// BenchmarkWindowMemory is what a key with an open window takes.
func BenchmarkWindowMemory(b *testing.B) {
	const keys = 1_000_000
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		tr := averages(b)
		for from := 0; from < keys; from += 1000 {
			batch := devices(new(plugins.Pool), from, 1000)
			if err := tr.Process(b.Context(), batch, &counter{}); err != nil {
				b.Fatal(err)
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/keys, "B/key")
		runtime.KeepAlive(tr)
	}
}
