package transforms_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
)

const second = int64(time.Second)

func inLeft(key string, seconds, id int64) joinRecord {
	return joinRecord{0, key, seconds * second, id}
}
func inRight(key string, seconds, id int64) joinRecord {
	return joinRecord{1, key, seconds * second, id}
}

// Whatever the order in which two inputs come, how they are cut into batches,
// how many lanes there are and when the join is restarted: the results are
// those of a nested loop over all records.
func TestIntervalJoinIsANestedLoop(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		before, after := int64(rapid.IntRange(0, 5).Draw(rt, "before")), int64(rapid.IntRange(0, 5).Draw(rt, "after"))
		lateness := int64(rapid.IntRange(0, 3).Draw(rt, "lateness"))
		kind := rapid.SampledFrom([]string{"inner", "left", "outer"}).Draw(rt, "type")
		var inputs [2][]joinRecord
		var id int64
		for port := range inputs {
			latest := map[string]int64{}
			for range rapid.IntRange(0, 30).Draw(rt, "records") {
				key := rapid.SampledFrom([]string{"a", "b", "c", ""}).Draw(rt, "key")
				at, ok := latest[key]
				if !ok {
					at = -10
				}
				at += rapid.Int64Range(-lateness, 4).Draw(rt, "time")
				latest[key] = max(at, latest[key])
				if !ok {
					latest[key] = at
				}
				id++
				inputs[port] = append(inputs[port], joinRecord{port, key, at * second, id})
			}
		}
		want := nestedLoop(inputs, kind, before*second, after*second)

		j := startJoin(t, rapid.IntRange(1, 3).Draw(rt, "lanes"), joinConfig(
			"type", kind, "lateness", time.Duration(lateness*second),
			"before", time.Duration(before*second), "after", time.Duration(after*second)))
		for len(inputs[0])+len(inputs[1]) > 0 {
			port := rapid.IntRange(0, 1).Draw(rt, "port")
			n := min(len(inputs[port]), rapid.IntRange(1, 5).Draw(rt, "batch"))
			if n > 0 {
				j.put(inputs[port][:n]...)
				inputs[port] = inputs[port][n:]
			}
			if rapid.IntRange(0, 9).Draw(rt, "restart") == 0 {
				j.checkpoint()
				j.restart(rapid.IntRange(1, 3).Draw(rt, "lanes"))
			}
		}
		j.finish()
		if diff := different(j.out.sorted(), want); diff != "" || len(j.out.failures) > 0 {
			rt.Fatalf("%s\nfailed: %v", diff, j.out.failures)
		}
		if n := j.keys(); n > 0 {
			rt.Fatalf("%d keys are left at the end", n)
		}
		if j.checkpoint(); len(keysStored(j.stored)) > 0 {
			rt.Fatalf("stored at the end: %v", keysStored(j.stored))
		}
	})
}

// Silence is told within an input: however far one is read before the other, no
// key that goes on in both counts as idle.
func TestIntervalJoinReadAhead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var inputs [2][]joinRecord
		for port := range inputs {
			for n := range int64(60) {
				at := n/3*second + int64(port)*second/2
				inputs[port] = append(inputs[port], joinRecord{port, string('a' + rune(n%3)), at, 100*int64(port) + n})
			}
		}
		want := nestedLoop(inputs, "outer", 0, second)
		j := startJoin(t, 1, joinConfig("type", "outer", "after", time.Second, "idle", 2*time.Second))
		for len(inputs[0])+len(inputs[1]) > 0 {
			port := rapid.IntRange(0, 1).Draw(rt, "port")
			n := min(len(inputs[port]), rapid.IntRange(1, 40).Draw(rt, "batch"))
			if n > 0 {
				j.put(inputs[port][:n]...)
				inputs[port] = inputs[port][n:]
			}
			if rapid.IntRange(0, 3).Draw(rt, "restart") == 0 {
				j.checkpoint()
				j.restart(1)
			}
		}
		j.finish()
		if diff := different(j.out.sorted(), want); diff != "" || len(j.out.failures) > 0 {
			rt.Fatalf("%s\nfailed: %v", diff, j.out.failures)
		}
	})
}

// keysStored returns the rows of the state but for those of the clocks.
func keysStored(s stored) (rows []string) {
	for row := range s {
		if row[0] < 3 {
			rows = append(rows, row)
		}
	}
	return rows
}

func nestedLoop(inputs [2][]joinRecord, kind string, before, after int64) (want []string) {
	matched := map[int64]bool{}
	for _, l := range inputs[0] {
		for _, r := range inputs[1] {
			if l.key == r.key && r.at >= l.at-before && r.at <= l.at+after {
				want = append(want, fmt.Sprintf("%s %d %d", l.key, l.id, r.id))
				matched[l.id], matched[r.id] = true, true
			}
		}
	}
	for _, l := range inputs[0] {
		if kind != "inner" && !matched[l.id] {
			want = append(want, fmt.Sprintf("%s %d -", l.key, l.id))
		}
	}
	for _, r := range inputs[1] {
		if kind == "outer" && !matched[r.id] {
			want = append(want, fmt.Sprintf("%s - %d", r.key, r.id))
		}
	}
	slices.Sort(want)
	return want
}

// The results of a key come in the same order however its records are cut into
// batches, and wherever the join is restarted.
func TestIntervalJoinOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var records []joinRecord
		for n := range rapid.IntRange(1, 40).Draw(rt, "records") {
			records = append(records, joinRecord{
				rapid.IntRange(0, 1).Draw(rt, "port"), "a",
				rapid.Int64Range(0, 20).Draw(rt, "time") * second, int64(n),
			})
		}
		c := joinConfig("type", "outer", "within", 2*time.Second)
		one, cut := startJoin(t, 1, c), startJoin(t, 1, c)
		for len(records) > 0 {
			n := 1
			for n < len(records) && records[n].port == records[0].port {
				n++
			}
			one.put(records[:n]...)
			for _, r := range records[:n] {
				cut.put(r)
				if rapid.Bool().Draw(rt, "restart") {
					cut.checkpoint()
					cut.restart(1)
				}
			}
			records = records[n:]
		}
		one.finish()
		cut.finish()
		if diff := different(cut.out.results, one.out.results); diff != "" || !slices.Equal(one.out.failures, cut.out.failures) {
			rt.Fatal(diff)
		}
	})
}

func TestIntervalJoin(t *testing.T) {
	t.Parallel()
	within := joinConfig("type", "outer", "within", 5*time.Second)
	tests := []struct {
		name   string
		config plugins.Config
		steps  func(j *joinLanes)
		want   []string
		fail   []string
	}{
		{
			name: "the edges of the interval belong to it", config: joinConfig("before", time.Second, "after", 2*time.Second),
			steps: func(j *joinLanes) {
				j.put(inLeft("a", 10, 1))
				j.put(inRight("a", 8, 2), inRight("a", 9, 3), inRight("a", 12, 4), inRight("a", 13, 5))
			},
			want: []string{"a 1 3", "a 1 4"},
		},
		{
			name: "a record without partner waits for both inputs", config: within,
			steps: func(j *joinLanes) {
				j.put(inLeft("a", 10, 1), inLeft("a", 100, 2))
				if diff := j.out.is(); diff != "" {
					j.t.Error("too early: " + diff)
				}
				j.put(inRight("a", 15, 3), inRight("a", 16, 4))
			},
			want: []string{"a 1 3"},
		},
		{
			name: "and leaves when both have passed it", config: within,
			steps: func(j *joinLanes) {
				j.put(inLeft("a", 10, 1), inLeft("a", 100, 2))
				j.put(inRight("a", 16, 3))
			},
			want: []string{"a 1 -"},
		},
		{
			name: "lateness is waited for", config: joinConfig("type", "left", "within", 5*time.Second, "lateness", 10*time.Second),
			steps: func(j *joinLanes) {
				j.put(inLeft("a", 10, 1), inLeft("a", 100, 2))
				j.put(inRight("a", 25, 3), inRight("a", 15, 4), inRight("a", 26, 5))
			},
			want: []string{"a 1 4"},
		},
		{
			name: "a late record fails", config: within,
			steps: func(j *joinLanes) {
				j.put(inRight("a", 100, 1))
				j.put(inLeft("a", 100, 2), inLeft("a", 94, 3), inLeft("a", 95, 4))
			},
			want: []string{"a 2 1", "a 4 1"}, fail: []string{"late"},
		},
		{
			name: "keys are apart, and null is one", config: within,
			steps: func(j *joinLanes) {
				j.put(inLeft("a", 10, 1), inLeft("b", 10, 2))
				j.put(inRight("b", 10, 3))
			},
			want: []string{"b 2 3"},
		},
		{
			name: "one clock far ahead touches nothing", config: within,
			steps: func(j *joinLanes) {
				j.put(inLeft("a", 10, 1), joinRecord{0, "a", 1 << 60, 2})
				j.put(joinRecord{1, "a", 1 << 60, 3}, inRight("a", 11, 4))
			},
			want: []string{"a 1 4"}, fail: []string{"clock_ahead", "clock_ahead"},
		},
		{
			name: "a key holds so many records of an input", config: joinConfig("within", time.Second, "max_rows", int64(2)),
			steps: func(j *joinLanes) {
				j.put(inLeft("a", 1, 1), inLeft("a", 2, 2), inLeft("a", 3, 3), inLeft("b", 3, 4))
				j.put(inRight("a", 3, 5)) // takes 1, which nothing can join any more, away
				j.put(inLeft("a", 3, 6))
			},
			want: []string{"a 2 5", "a 6 5"}, fail: []string{"max_rows"},
		},
		{
			name: "there are so many keys", config: joinConfig("within", time.Second, "max_keys", int64(2)),
			steps: func(j *joinLanes) { j.put(inLeft("a", 1, 1), inLeft("b", 1, 2), inLeft("c", 1, 3)) },
			fail:  []string{"max_keys"},
		},
		{
			name: "other keys move a silent input, when both inputs have come so far", config: joinConfig("type", "left", "within", time.Second, "idle", 10*time.Second),
			steps: func(j *joinLanes) {
				j.put(inLeft("a", 0, 1), inLeft("x", 0, 2), inLeft("y", 0, 3))
				j.put(inLeft("x", 100, 4), inLeft("y", 100, 5))
				j.put(inRight("x", 0, 6), inRight("y", 0, 7))
				j.put(inRight("x", 11, 8))
				if slices.Contains(j.out.results, "a 1 -") {
					j.t.Error("one key alone has moved the others")
				}
				j.put(inRight("y", 11, 9))
				if slices.Contains(j.out.results, "a 1 -") {
					j.t.Error("the interval is not over")
				}
				j.put(inRight("x", 12, 10), inRight("y", 12, 11))
			},
			want: []string{"a 1 -", "x 2 6", "y 3 7"},
		},
		{
			name: "an input ends by the pipeline's clock", config: joinConfig("type", "left", "within", time.Second, "timeout", time.Minute),
			steps: func(j *joinLanes) {
				j.put(inLeft("a", 10, 1))
				j.tick(30 * time.Second)
				j.put(inLeft("a", 20, 2))
				j.tick(29 * time.Second)
				if diff := j.out.is(); diff != "" {
					j.t.Error("too early: " + diff)
				}
				j.tick(time.Second) // the right input has ended; the left one is at 20
				if diff := j.out.is("a 1 -"); diff != "" {
					j.t.Error(diff)
				}
				j.put(inRight("a", 20, 3)) // it goes on
				j.put(inLeft("a", 22, 4))
				j.tick(2 * time.Minute)
				if n := j.keys(); n > 0 {
					j.t.Errorf("%d keys are left", n)
				}
			},
			want: []string{"a 1 -", "a 2 3", "a 4 -"},
		},
		{
			name: "what was silent while the pipeline was down does not end", config: joinConfig("type", "left", "within", time.Second, "timeout", time.Minute),
			steps: func(j *joinLanes) {
				j.put(inLeft("a", 10, 1))
				j.checkpoint()
				j.wall.Add(int64(time.Hour))
				j.restart(2)
				j.tick(time.Second)
				j.put(inRight("a", 10, 2))
			},
			want: []string{"a 1 2"},
		},
		{
			name: "by the pipeline's clock", config: joinConfig("clock", "processing", "type", "outer", "within", time.Second),
			steps: func(j *joinLanes) {
				j.put(inLeft("a", 0, 1))
				j.tick(time.Second)
				j.put(inRight("a", 0, 2))
				j.put(inRight("b", 0, 3))
				j.tick(time.Second)
				if diff := j.out.is("a 1 2"); diff != "" {
					j.t.Error("too early: " + diff)
				}
				j.tick(1)
			},
			want: []string{"a 1 2", "b - 3"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			j := startJoin(t, 1, tt.config)
			tt.steps(j)
			if diff := different(j.out.sorted(), tt.want); diff != "" {
				t.Error(diff)
			}
			if diff := different(j.out.failures, tt.fail); diff != "" {
				t.Error("failures: " + diff)
			}
		})
	}
}

// What no partner can be found for any more takes no memory, in an inner join
// too.
func TestIntervalJoinForgets(t *testing.T) {
	t.Parallel()
	j := startJoin(t, 1, joinConfig("within", time.Second, "max_rows", int64(3)))
	for n := range int64(10_000) {
		j.put(inLeft("a", n, n))
		j.put(inRight("a", n, n))
	}
	if len(j.out.failures) > 0 {
		t.Errorf("%d records found no room, the first: %s", len(j.out.failures), j.out.failures[0])
	}
	if j.checkpoint(); len(keysStored(j.stored)) != 1 {
		t.Errorf("stored: %v", keysStored(j.stored))
	}
	for _, row := range j.stored {
		if len(row) > 200 {
			t.Errorf("a row of %d bytes is stored", len(row))
		}
	}
}

func TestJoinRefusesDamagedState(t *testing.T) {
	t.Parallel()
	for _, c := range []plugins.Config{joinConfig("within", time.Second), joinConfig("table", true)} {
		j := startJoin(t, 1, c)
		j.put(inLeft("a", 1, 1))
		j.put(inRight("a", 9, 2))
		j.checkpoint()
		for key, value := range j.stored {
			if key[0] >= 3 {
				continue
			}
			for n := range len(value) {
				damaged := stored{key: value[:n]}
				tr, err := j.kind.New(c, j.env)
				if err != nil {
					t.Fatal(err)
				}
				if err := tr.(plugins.Stateful).Restore(storedGroups{damaged, 0, plugins.Groups - 1}); err == nil {
					t.Errorf("%d of %d bytes were read as state", n, len(value))
				}
			}
		}
	}
}

// A damaged row of the state is an error, whatever is in it, and never more.
func FuzzJoinState(f *testing.F) {
	for _, c := range []plugins.Config{joinConfig("within", time.Second), joinConfig("table", true)} {
		j := startJoin(f, 1, c)
		j.put(inLeft("a", 1, 1))
		j.put(inRight("a", 9, 2))
		j.checkpoint()
		for key, value := range j.stored {
			if key[0] < 3 {
				f.Add(value)
			}
		}
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		key := append([]byte{byte(plugins.String)}, 'a')
		for _, c := range []plugins.Config{joinConfig("within", time.Second, "type", "outer"), joinConfig("table", true)} {
			j := startJoin(t, 1, c)
			j.stored.Put(1, plugins.GroupOf(key), key, value)
			tr, err := j.kind.New(c, j.env)
			if err != nil {
				t.Fatal(err)
			}
			if tr.(plugins.Stateful).Restore(storedGroups{j.stored, 0, plugins.Groups - 1}) != nil {
				continue
			}
			b := joinBatchOf(j.env.Pool, []joinRecord{inLeft("a", 1, 1)})
			if tr.(plugins.Ported).ProcessPort(t.Context(), 0, b, &j.out) != nil {
				continue
			}
			if end, ok := tr.(plugins.Finisher); ok {
				_ = end.Finish(t.Context(), &j.out) // what is damaged may show here only
			}
		}
	})
}

func BenchmarkIntervalJoin(b *testing.B) {
	const keys, batch = 10_000, 4096
	j := startJoin(b, 1, joinConfig("within", time.Second, "max_keys", int64(keys)))
	tr := j.lanes[0].(plugins.Ported)
	batches := [2]*plugins.Batch{}
	for port := range batches {
		rs := make([]joinRecord, batch)
		for n := range rs {
			rs[n] = joinRecord{port, fmt.Sprintf("device-%04d", n*7919%keys), 0, int64(n)}
		}
		batches[port] = joinBatchOf(j.env.Pool, rs)
	}
	at := int64(0)
	b.ReportAllocs()
	for b.Loop() {
		for port, batch := range batches {
			m := batch.Mark()
			batch.SelectAll(batch.Len)
			at += second
			for i := range batch.Len {
				batch.Column("t").Ints[i] = at
			}
			if err := tr.ProcessPort(b.Context(), port, batch, nothing{}); err != nil {
				b.Fatal(err)
			}
			batch.Rewind(m)
		}
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/(2*batch), "ns/record")
}
