package transforms_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
)

func TestTableJoin(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		config plugins.Config
		steps  func(j *joinLanes)
		want   []string
	}{
		{
			name: "the latest by time counts, and of equal times the last", config: joinConfig("table", true, "type", "left"),
			steps: func(j *joinLanes) {
				j.put(inLeft("a", 1, 1))
				j.put(inRight("a", 50, 2), inRight("a", 40, 3))
				j.put(inLeft("a", 1, 4))
				j.put(inRight("a", 50, 5), inRight("b", 1, 6))
				j.put(inLeft("a", 1, 7), inLeft("b", 1, 8), inLeft("c", 1, 9))
			},
			want: []string{"a 1 -", "a 4 2", "a 7 5", "b 8 6", "c 9 -"},
		},
		{
			name: "inner leaves out what has no partner", config: joinConfig("table", true),
			steps: func(j *joinLanes) {
				j.put(inRight("a", 50, 1))
				j.put(inLeft("b", 50, 2), inLeft("a", 50, 3))
				j.put(inLeft("c", 50, 4))
			},
			want: []string{"a 3 1"},
		},
		{
			name: "a row is no older than its ttl", config: joinConfig("table", true, "type", "left", "ttl", 10*time.Second),
			steps: func(j *joinLanes) {
				j.put(inRight("a", 0, 1))
				j.put(inLeft("a", 9, 2), inLeft("a", 10, 3), inLeft("a", 8, 4))
				j.put(inRight("a", 10, 5))
				j.put(inLeft("a", 11, 6))
			},
			want: []string{"a 2 1", "a 3 -", "a 4 1", "a 6 5"},
		},
		{
			name: "old rows are forgotten when the others have gone on", config: joinConfig("table", true, "ttl", 10*time.Second, "idle", 100*time.Second),
			steps: func(j *joinLanes) {
				j.put(inRight("a", 0, 1), inRight("x", 0, 2), inRight("y", 0, 3))
				j.put(inRight("x", 100, 4), inRight("y", 100, 5), inRight("x", 200, 6), inRight("y", 200, 7))
				if n := j.keys(); n != 3 {
					j.t.Errorf("%d keys are left while the left input was not read", n)
				}
				j.put(inLeft("x", 200, 8), inLeft("y", 109, 9))
				j.put(inLeft("a", 0, 10))
				j.put(inLeft("y", 110, 11))
				if n := j.keys(); n != 2 {
					j.t.Errorf("%d keys are left", n)
				}
			},
			want: []string{"x 8 6", "y 9 7", "a 10 1", "y 11 7"},
		},
		{
			name: "without idle, too, both inputs having gone on by ttl", config: joinConfig("table", true, "type", "left", "ttl", 10*time.Second, "idle", nil),
			steps: func(j *joinLanes) {
				j.put(inRight("a", 0, 1), inRight("x", 0, 2), inRight("y", 0, 3))
				j.put(inRight("x", 10, 4), inRight("y", 10, 5))
				j.put(inLeft("x", 9, 6), inLeft("y", 9, 7))
				j.put(inLeft("a", 5, 8))
				if n := j.keys(); n != 3 {
					j.t.Errorf("%d keys are left too early", n)
				}
				j.checkpoint()
				j.restart(1)
				j.put(inLeft("x", 10, 9), inLeft("y", 10, 10))
				if n := j.keys(); n != 2 {
					j.t.Errorf("%d keys are left", n)
				}
				j.put(inLeft("a", 5, 11))
			},
			want: []string{"x 6 4", "y 7 5", "a 8 1", "x 9 4", "y 10 5", "a 11 -"},
		},
		{
			name: "by the pipeline's clock", config: joinConfig("table", true, "clock", "processing", "ttl", 10*time.Second),
			steps: func(j *joinLanes) {
				j.put(inRight("a", 0, 1))
				j.tick(9 * time.Second)
				j.put(inLeft("a", 0, 2))
				j.tick(time.Second)
				j.put(inLeft("a", 0, 3))
				if n := j.keys(); n != 0 {
					j.t.Errorf("%d keys are left", n)
				}
			},
			want: []string{"a 2 1"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			j := startJoin(t, 1, tt.config)
			tt.steps(j)
			j.finish()
			if diff := j.out.is(tt.want...); diff != "" {
				t.Error(diff)
			}
			if len(j.out.failures) > 0 {
				t.Errorf("failed: %v", j.out.failures)
			}
		})
	}
}

// A table join answers like a map, whatever the batches, the lanes and the
// restarts.
func TestTableJoinIsAMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		j := startJoin(t, rapid.IntRange(1, 3).Draw(rt, "lanes"), joinConfig("table", true, "type", "left"))
		table := map[string]joinRecord{}
		var id int64
		for range rapid.IntRange(1, 30).Draw(rt, "batches") {
			port := rapid.IntRange(0, 1).Draw(rt, "port")
			var batch []joinRecord
			want := map[string]bool{}
			for range rapid.IntRange(1, 6).Draw(rt, "records") {
				id++
				rec := joinRecord{port, rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "key"), rapid.Int64Range(0, 9).Draw(rt, "time") * second, id}
				batch = append(batch, rec)
				row, known := table[rec.key]
				switch {
				case port == 1 && (!known || rec.at >= row.at):
					table[rec.key] = rec
				case port == 0 && known:
					want[fmt.Sprintf("%s %d %d", rec.key, id, row.id)] = true
				case port == 0:
					want[fmt.Sprintf("%s %d -", rec.key, id)] = true
				}
			}
			j.out.results = nil
			j.put(batch...)
			if len(j.out.results) != len(want) {
				rt.Fatalf("got %v, want %v", j.out.results, want)
			}
			for _, got := range j.out.results {
				if !want[got] {
					rt.Fatalf("got %v, want %v", j.out.results, want)
				}
			}
			if rapid.IntRange(0, 4).Draw(rt, "restart") == 0 {
				j.checkpoint()
				j.restart(rapid.IntRange(1, 3).Draw(rt, "lanes"))
			}
		}
	})
}

func TestJoinConfig(t *testing.T) {
	t.Parallel()
	key := []plugins.Expr(nil)
	tests := []struct {
		config plugins.Config
		want   string // part of the error
	}{
		{joinConfig("key", key, "within", time.Second), "key: a join needs the key"},
		{joinConfig("emit", []plugins.NamedExpr{}, "within", time.Second), "emit: emit has no field"},
		{joinConfig(), `give within = "5s"`},
		{joinConfig("table", true, "within", time.Second), "table: a table is joined"},
		{joinConfig("table", true, "before", time.Second), "table: a table is joined"},
		{joinConfig("within", time.Second, "after", time.Second), "within: within is the same"},
		{joinConfig("table", true, "type", "outer"), "type: records of a table"},
		{joinConfig("table", true, "timeout", time.Second), "timeout: a join with a table"},
		{joinConfig("within", time.Second, "ttl", time.Second), "ttl: ttl is of a table"},
		{joinConfig("within", time.Second, "time", nil), "it is not known when"},
		{joinConfig("within", time.Second), ""},
		{joinConfig("after", time.Second), ""},
		{joinConfig("table", true, "ttl", time.Second), ""},
		{joinConfig("clock", "processing", "within", time.Second), ""},
	}
	for _, tt := range tests {
		outs, err := kindOf(t, "join").Outputs(plugins.Shape{}, tt.config)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%v: %v", tt.config, err)
		case tt.want == "" && fieldsOf(outs) != "l r k":
			t.Errorf("the result has the fields %s", fieldsOf(outs))
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("error %v, want one with %q", err, tt.want)
		}
	}
}

func fieldsOf(outs []plugins.Output) string {
	var names []string
	for _, f := range outs[0].Shape.Type.Fields {
		names = append(names, f.Name)
	}
	return strings.Join(names, " ")
}

func TestJoinLocals(t *testing.T) {
	t.Parallel()
	record := plugins.Columns(plugins.Field{Name: "id", Type: plugins.Of(plugins.Int)})
	for kind, nullable := range map[string][2]bool{"inner": {}, "left": {false, true}, "outer": {true, true}} {
		locals, event := kindOf(t, "join").Locals("emit", []plugins.Shape{record, record}, joinConfig("type", kind))
		if event || len(locals) != 3 || locals[2].Root != "key" || locals[2].Type.Kind != plugins.String {
			t.Fatalf("%s: locals %v, event %v", kind, locals, event)
		}
		for p, root := range []string{"left", "right"} {
			if l := locals[p]; l.Root != root || l.Type.Nullable != nullable[p] || len(l.Type.Fields) != 1 {
				t.Errorf("%s: local %+v", kind, l)
			}
		}
	}
	if locals, event := kindOf(t, "join").Locals("time", nil, joinConfig()); len(locals) > 0 || !event {
		t.Errorf("of time: locals %v, event %v", locals, event)
	}
}

// What is stored is of use to a configuration that keeps the same, and only to
// such.
func TestJoinStateText(t *testing.T) {
	t.Parallel()
	state := func(c plugins.Config) string { return kindOf(t, "join").Describe(c).State }
	base := state(joinConfig("within", time.Second))
	if other := state(joinConfig("within", time.Minute, "type", "outer")); other != base {
		t.Errorf("%q is not %q", other, base)
	}
	more := []plugins.NamedExpr{named("x", readColumn{plugins.LocalPath("left", "x"), plugins.Of(plugins.Float)})}
	for _, c := range []plugins.Config{joinConfig("table", true), joinConfig("within", time.Second, "emit", more)} {
		if state(c) == base {
			t.Errorf("%v: %q is the same", c, base)
		}
	}
}

// nothing takes what a join emits.
type nothing struct{}

func (nothing) Emit(int, *plugins.Batch) {}
func (nothing) Drop(int)                 {}
func (nothing) Make(int)                 {}

func tableJoinBench(t testing.TB) (tr plugins.Ported, env plugins.Env, lefts, rights []joinRecord) {
	j := startJoin(t, 1, joinConfig("table", true, "max_keys", int64(10_000)))
	for n := range int64(10_000) {
		key := fmt.Sprintf("device-%04d", n*7919%10_000)
		lefts = append(lefts, joinRecord{0, key, n, n})
		rights = append(rights, joinRecord{1, key, n, n})
	}
	tr = j.lanes[0].(plugins.Ported)
	j.put(rights...)
	return tr, j.env, lefts, rights
}

// Nothing is allocated for a record of a table join.
func TestTableJoinAllocatesNothing(t *testing.T) {
	tr, env, lefts, rights := tableJoinBench(t)
	for port, records := range [][]joinRecord{lefts[:1000], rights[:1000]} {
		b := joinBatchOf(env.Pool, records)
		m := b.Mark()
		n := testing.AllocsPerRun(10, func() {
			b.SelectAll(len(records))
			if err := tr.ProcessPort(context.Background(), port, b, nothing{}); err != nil {
				t.Fatal(err)
			}
			b.Rewind(m)
		})
		if n > 1 {
			t.Errorf("port %d: %.0f allocations for %d records", port, n, len(records))
		}
	}
}

func BenchmarkTableJoin(b *testing.B) {
	tr, env, lefts, rights := tableJoinBench(b)
	for port, records := range [][]joinRecord{lefts, rights} {
		b.Run([]string{"left", "right"}[port], func(b *testing.B) {
			batch := joinBatchOf(env.Pool, records[:4096])
			m := batch.Mark()
			b.ReportAllocs()
			for b.Loop() {
				batch.SelectAll(4096)
				if err := tr.ProcessPort(b.Context(), port, batch, nothing{}); err != nil {
					b.Fatal(err)
				}
				batch.Rewind(m)
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/4096, "ns/record")
		})
	}
}
