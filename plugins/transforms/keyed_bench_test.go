package transforms_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
)

// at evaluates to a column of the batch as it is.
type at struct {
	expr
	path plugins.Path
}

func columnOf(path plugins.Path, k plugins.Kind) at { return at{field1(path, k), path} }

func (a at) Evaluator(plugins.Env) plugins.Evaluator { return a }

func (a at) Eval(b *plugins.Batch) *plugins.Column { return b.Column(a.path) }

// sum is x + y of two columns of int.
func sum(x, y plugins.Path) expr {
	return expr{plugins.Of(plugins.Int), func(b *plugins.Batch, col *plugins.Column) {
		x, y := b.Column(x).Ints, b.Column(y).Ints
		for _, i := range b.Sel {
			col.Ints[i] = x[i] + y[i]
		}
	}}
}

func less(limit int64) expr {
	return expr{plugins.Of(plugins.Bool), func(b *plugins.Batch, col *plugins.Column) {
		v := b.Column("v").Ints
		for _, i := range b.Sel {
			col.Bools[i] = v[i] < limit
		}
	}}
}

// speeds are stages as fast as their expressions are for free.
func speeds() map[string][]any {
	key, ts := columnOf("k", plugins.String), columnOf("ts", plugins.Time)
	common := func(kv ...any) []any {
		return append(kv, "key", key, "clock", "event", "max_ahead", 1e6*time.Hour, "idle", time.Minute,
			"lateness", time.Duration(0), "max_keys", int64(1_000_000))
	}
	return map[string][]any{
		"dedupe": common("time", ts, "ttl", time.Hour),
		"reduce": common("initial", []plugins.NamedExpr{named("sum", columnOf("v", plugins.Int))},
			"update", []plugins.NamedExpr{named("sum", sum(stateSum, "v"))},
			"emit", []plugins.NamedExpr{named("sum", columnOf(stateSum, plugins.Int))}),
		"detect": common("time", ts, "first", less(1), "then", less(2), "within", time.Minute,
			"emit", []plugins.NamedExpr{named("key", columnOf(plugins.LocalPath("key"), plugins.String))}),
		"absence": common("time", ts, "for", time.Hour, "forget", 24*time.Hour, "timeout", time.Duration(0),
			"emit", []plugins.NamedExpr{named("key", columnOf(plugins.LocalPath("key"), plugins.String))}),
	}
}

// keyedBatches are batches of 1,000 records of so many keys.
func keyedBatches(keys int) []*plugins.Batch {
	var bs []*plugins.Batch
	pool := new(plugins.Pool)
	for n := range max(keys/1000, 1) {
		rs := make([]rec, 1000)
		for i := range rs {
			rs[i] = rec{fmt.Sprintf("device-%06d", (n*1000+i)%keys), 0, int64(n*7+i) % 100}
		}
		bs = append(bs, records(pool, rs))
	}
	return bs
}

// feed runs the batches through a stage, later each time.
func feed(tb testing.TB, tr plugins.Transform, bs []*plugins.Batch, round int) {
	for n, b := range bs {
		b.SelectAll(1000)
		ts := b.Column("ts").Ints
		for i := range ts {
			ts[i] = stamp(0) + int64(round*len(bs)+n)*int64(time.Millisecond)
		}
		m := b.Mark()
		if err := tr.Process(tb.Context(), b, discard{}); err != nil {
			tb.Fatal(err)
		}
		b.Rewind(m)
	}
}

func BenchmarkKeyed(b *testing.B) {
	for _, name := range []string{"dedupe", "reduce", "detect", "absence"} {
		for _, keys := range []int{10_000, 1} {
			b.Run(fmt.Sprintf("%s/keys=%d", name, keys), func(b *testing.B) {
				tr := newKeyed(b, name)
				bs := keyedBatches(keys)
				feed(b, tr, bs, 0)
				b.ReportAllocs()
				round := 1
				b.ResetTimer()
				for n := 0; n < b.N; n += 1000 * len(bs) {
					feed(b, tr, bs, round)
					round++
				}
				per := float64(b.Elapsed().Nanoseconds()) / float64((round-1)*1000*len(bs))
				b.ReportMetric(per, "ns/record")
			})
		}
	}
}

func newKeyed(tb testing.TB, name string) plugins.Transform {
	tb.Helper()
	return newStage(tb, name, attrs(speeds()[name]...), 1).lanes[0]
}

func TestKeyedKindsAllocateNothingPerRecord(t *testing.T) {
	for name := range speeds() {
		tr, bs, round := newKeyed(t, name), keyedBatches(1000), 0
		n := testing.AllocsPerRun(50, func() {
			feed(t, tr, bs, round)
			round++
		})
		if n > 20 { // for a batch
			t.Errorf("%s: %v allocations for 1000 records", name, n)
		}
	}
}
