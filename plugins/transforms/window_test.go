package transforms_test

import (
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
)

// aggregate is a call of an aggregate function in a test.
func aggregateCall(name string, t plugins.Kind, args ...plugins.Expr) plugins.AggregateCall {
	return plugins.AggregateCall{Func: name, Args: args, Type: plugins.Of(t)}
}

// windowEmit is { k = key, s = window.start, e = window.end, n = agg::count(),
// sum = agg::sum(event.v), first = agg::first(event.v), final = window.final }.
func windowEmit() plugins.Aggregation {
	v := field1("v", plugins.Int)
	return plugins.Aggregation{
		Calls: []plugins.AggregateCall{
			aggregateCall("count", plugins.Int), aggregateCall("sum", plugins.Int, v), aggregateCall("first", plugins.Int, v),
		},
		Emit: []plugins.NamedExpr{
			named("k", localField(plugins.String, "key")),
			named("s", localField(plugins.Time, "window", "start")),
			named("e", localField(plugins.Time, "window", "end")),
			named("n", field1(plugins.AggregatePath(0), plugins.Int)),
			named("sum", field1(plugins.AggregatePath(1), plugins.Int)),
			named("first", field1(plugins.AggregatePath(2), plugins.Int)),
			named("final", localField(plugins.Bool, "window", "final")),
		},
	}
}

var windowNames = []string{"k", "s", "e", "n", "sum", "first", "final"}

func windowStage(t *testing.T, lanes int, kv ...any) *stage {
	t.Helper()
	return newStage(t, "window", attrs(byEventTime(append([]any{"emit", windowEmit(), "forget", 24 * time.Hour}, kv...)...)...), lanes, windowNames...)
}

func TestWindows(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for name, c := range map[string]struct {
		kv   []any
		in   []rec
		want []string // before the end of all input
		rest []string // at it
		late []string
	}{
		"tumbling": {
			kv:   []any{"tumbling", 10 * s},
			in:   []rec{{"a", 3, 1}, {"a", 1, 2}, {"b", 9, 3}, {"a", 10, 4}, {"a", 9, 5}, {"a", 35, 6}, {"b", 10, 7}},
			want: []string{"a 0 10 2 3 2 1", "a 10 20 1 4 4 1", "b 0 10 1 3 3 1"},
			rest: []string{"a 30 40 1 6 6 1", "b 10 20 1 7 7 1"},
			late: []string{"a@9=5"},
		},
		"tumbling with lateness": {
			kv:   []any{"tumbling", 10 * s, "lateness", 5 * s},
			in:   []rec{{"a", 3, 1}, {"a", 14, 2}, {"a", 9, 4}, {"a", 15, 8}, {"a", 9, 16}, {"a", 12, 32}},
			want: []string{"a 0 10 2 5 1 1"}, rest: []string{"a 10 20 3 42 32 1"}, late: []string{"a@9=16"},
		},
		"tumbling with offset before begin": {
			kv:   []any{"tumbling", 10 * s, "offset", -4 * s},
			in:   []rec{{"a", -5, 1}, {"a", -4, 2}, {"a", 5, 3}, {"a", 6, 4}},
			want: []string{"a -14 -4 1 1 1 1", "a -4 6 2 5 2 1"}, rest: []string{"a 6 16 1 4 4 1"},
		},
		"early results": {
			kv:   []any{"tumbling", 10 * s, "early", 3 * s},
			in:   []rec{{"a", 1, 1}, {"a", 2, 2}, {"a", 4, 3}, {"a", 5, 4}, {"a", 9, 5}, {"a", 20, 6}},
			want: []string{"a 0 10 2 3 1 0", "a 0 10 4 10 1 0", "a 0 10 5 15 1 1"}, rest: []string{"a 20 30 1 6 6 1"},
		},
		"hopping": {
			kv:   []any{"hopping", 10 * s, "every", 5 * s},
			in:   []rec{{"a", 3, 1}, {"a", 7, 2}, {"a", 12, 4}, {"a", 9, 8}, {"a", 4, 16}, {"a", 40, 32}},
			want: []string{"a -5 5 1 1 1 1", "a 0 10 2 3 1 1", "a 5 15 3 14 2 1", "a 10 20 1 4 4 1"},
			rest: []string{"a 35 45 1 32 32 1", "a 40 50 1 32 32 1"}, late: []string{"a@4=16"},
		},
		"hopping by uneven steps": {
			kv:   []any{"hopping", 10 * s, "every", 4 * s},
			in:   []rec{{"a", 0, 1}, {"a", 5, 2}, {"a", 11, 4}, {"a", 12, 8}},
			want: []string{"a -8 2 1 1 1 1", "a -4 6 2 3 1 1", "a 0 10 2 3 1 1"},
			rest: []string{"a 4 14 3 14 2 1", "a 8 18 2 12 4 1", "a 12 22 1 8 8 1"},
		},
		"sliding": {
			kv: []any{"sliding", 10 * s},
			in: []rec{{"a", 0, 1}, {"a", 4, 2}, {"a", 4, 4}, {"a", 9, 8}, {"a", 3, 16}, {"a", 10, 32}, {"a", 30, 64}},
			want: []string{
				"a -10 0 1 1 1 1", "a -6 4 2 3 1 1", "a -6 4 3 7 1 1", "a -1 9 4 15 1 1", "a 0 10 4 46 2 1", "a 20 30 1 64 64 1",
			},
			late: []string{"a@3=16"},
		},
		"sliding with lateness": {
			kv:   []any{"sliding", 10 * s, "lateness", 2 * s},
			in:   []rec{{"a", 1, 1}, {"a", 0, 2}, {"a", 3, 4}, {"a", 2, 8}, {"a", 5, 16}},
			want: []string{"a -10 0 1 2 2 1", "a -9 1 2 3 2 1", "a -8 2 3 11 2 1", "a -7 3 4 15 2 1"},
			rest: []string{"a -5 5 5 31 2 1"},
		},
		"session": {
			kv:   []any{"session", 10 * s, "lateness", 21 * s},
			in:   []rec{{"a", 0, 1}, {"a", 15, 2}, {"a", 8, 4}, {"a", 25, 8}, {"a", 45, 16}, {"a", 5, 32}, {"a", 12, 64}, {"a", 26, 128}, {"a", 46, 256}},
			want: []string{"a 0 25 5 103 1 1"}, rest: []string{"a 25 36 2 136 8 1", "a 45 56 2 272 16 1"},
		},
		"sessions by a pause of the gap": {
			kv:   []any{"session", 10 * s},
			in:   []rec{{"a", 0, 1}, {"a", 9, 2}, {"a", 19, 4}, {"a", 18, 8}},
			want: []string{"a 0 19 2 3 1 1"}, rest: []string{"a 19 29 1 4 4 1"}, late: []string{"a@18=8"},
		},
		"count": {
			kv:   []any{"count", int64(3)},
			in:   []rec{{"a", 5, 1}, {"a", 1, 2}, {"b", 9, 4}, {"a", 9, 8}, {"a", 4, 16}},
			want: []string{"a 1 9 3 11 2 1"}, rest: []string{"a 4 4 1 16 16 1", "b 9 9 1 4 4 1"},
		},
		"count with step": {
			kv:   []any{"count", int64(4), "step", int64(2)},
			in:   []rec{{"a", 0, 1}, {"a", 1, 2}, {"a", 2, 4}, {"a", 3, 8}, {"a", 4, 16}, {"a", 5, 32}, {"a", 6, 64}},
			want: []string{"a 0 3 4 15 1 1", "a 2 5 4 60 4 1"}, rest: []string{"a 4 6 3 112 16 1", "a 6 6 1 64 64 1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, each := range []bool{true, false} {
				st := windowStage(t, 1, c.kv...)
				if each {
					for _, r := range c.in {
						st.take(r)
						st.restart(1)
					}
				} else {
					st.take(c.in...)
				}
				wantTexts(t, "results", byKey(st.texts(0)), c.want...)
				wantTexts(t, "late", lates(st), c.late...)
				st.records = nil
				st.finish()
				wantTexts(t, "rest", byKey(st.texts(0)), c.rest...)
			}
		})
	}
}

// lates are the payloads of what left by the output late.
func lates(s *stage) (ps []string) {
	for _, r := range s.records {
		if r.output == 1 {
			ps = append(ps, r.payload)
		}
	}
	return ps
}
