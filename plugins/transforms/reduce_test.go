package transforms_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"pgregory.net/rapid"
)

// calc is an expression over the columns at some paths; it fails the row where
// f reports false.
func calc(t plugins.Type, f func(of func(plugins.Path) plugins.Value) (plugins.Value, bool)) expr {
	return expr{t, func(b *plugins.Batch, col *plugins.Column) {
		for _, i := range b.Sel {
			v, ok := f(func(p plugins.Path) plugins.Value { return b.Column(p).Value(i) })
			if !ok {
				b.Fail(i, plugins.Failure{Code: "test", Msg: "no value"})
				continue
			}
			col.SetValue(i, v)
		}
	}}
}

var (
	stateN   = plugins.LocalPath("state", "n")
	stateSum = plugins.LocalPath("state", "sum")
)

func constant(v plugins.Value) expr {
	return calc(plugins.Of(v.Kind), func(func(plugins.Path) plugins.Value) (plugins.Value, bool) { return v, true })
}

// counting is a fold of n = n + 1, sum = sum + v * n (n as it was), tag = the
// first v; it fails where v is 5, and initial where the first v is 4.
func counting(kv ...any) []any {
	return append([]any{
		"initial", []plugins.NamedExpr{
			named("n", constant(integer(1))),
			named("sum", constant(integer(0))),
			named("tag", calc(plugins.Of(plugins.String), func(of func(plugins.Path) plugins.Value) (plugins.Value, bool) {
				v := of("v").Int
				return text(fmt.Sprint("t", v)), v != 4
			})),
		},
		"update", []plugins.NamedExpr{
			named("sum", calc(plugins.Of(plugins.Int), func(of func(plugins.Path) plugins.Value) (plugins.Value, bool) {
				v := of("v").Int
				return integer(of(stateSum).Int + v*of(stateN).Int), v != 5
			})),
			named("n", calc(plugins.Of(plugins.Int), func(of func(plugins.Path) plugins.Value) (plugins.Value, bool) {
				return integer(of(stateN).Int + 1), true
			})),
		},
	}, kv...)
}

type folded struct {
	n, sum int64
	tag    string
	at     int64
}

// fold is counting, by hand.
func (f *folded) fold(r rec, ttl int64) bool {
	s := *f
	if s.n == 0 || ttl > 0 && r.at >= s.at+ttl {
		if r.v == 4 {
			return false
		}
		s = folded{n: 1, tag: fmt.Sprint("t", r.v), at: r.at}
	}
	if r.v == 5 {
		return false
	}
	*f = folded{s.n + 1, s.sum + r.v*s.n, s.tag, max(s.at, r.at)}
	return true
}

func TestReduceEqualsItsModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		rs := history(rt, 4, 60, 5)
		kv, ttl := byEventTime(counting("idle", 100*time.Hour)...), int64(0)
		if rapid.Bool().Draw(rt, "forget") {
			kv, ttl = append(kv, "ttl", 10*time.Second), 10
		}
		s := newStage(t, "reduce", attrs(kv...), 2, "key", "n", "sum", "tag")
		play(rt, s, rs, 4)
		states := map[string]*folded{}
		var want []string
		failed := 0
		for _, r := range rs {
			if states[r.key] == nil {
				states[r.key] = &folded{}
			}
			f := states[r.key]
			if !f.fold(r, ttl) {
				failed++
				continue
			}
			want = append(want, fmt.Sprint(r.key, " ", f.n, " ", f.sum, " ", f.tag))
		}
		if got, want := fmt.Sprint(byKey(s.texts(0))), fmt.Sprint(byKey(want)); got != want || len(s.failures) != failed {
			rt.Fatalf("%s and %d failures, want %s and %d", got, len(s.failures), want, failed)
		}
	})
}

func TestReduceEmits(t *testing.T) {
	t.Parallel()
	c := attrs(byEventTime(counting(
		"when", calc(plugins.Of(plugins.Bool), func(of func(plugins.Path) plugins.Value) (plugins.Value, bool) {
			return plugins.Value{Kind: plugins.Bool, Int: of(stateN).Int % 2}, true
		}),
		"emit", []plugins.NamedExpr{
			named("who", localField(plugins.String, "key")),
			named("sum", localField(plugins.Int, "state", "sum")),
			named("v", field1("v", plugins.Int)),
		},
	)...)...)
	s := newStage(t, "reduce", c, 1, "who", "sum", "v", "n")
	s.take(rec{"a", 0, 1}, rec{"a", 1, 2}, rec{"b", 2, 3}, rec{"a", 3, 2}, rec{"a", 4, 3}, rec{"b", 4, 0})
	wantTexts(t, "results", s.texts(0), "a 5 2 0", "a 23 3 0", "b 3 0 0")
	if s.dropped != 3 {
		t.Errorf("%d dropped, want 3", s.dropped)
	}
}

func TestReduceForgetsWhatComesToNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t, "reduce", attrs(byEventTime(counting()...)...), 1, "key", "n", "sum", "tag")
	s.take(rec{"a", 0, 4}, rec{"b", 0, 5}, rec{"a", 0, 5}, rec{"c", 0, 4}, rec{"c", 0, 1})
	if s.keys() != 1 || len(s.failures) != 4 {
		t.Errorf("%d keys and %d failures, want 1 and 4", s.keys(), len(s.failures))
	}
	wantTexts(t, "results", s.texts(0), "c 2 1 t1")
}

func TestReduceForgetsSilentKeys(t *testing.T) {
	t.Parallel()
	t.Run("by event time", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, "reduce", attrs(byEventTime(counting("ttl", 10*time.Second)...)...), 1)
		for i := range int64(1000) {
			s.take(rec{fmt.Sprint("id", i), i, 0})
		}
		if n := s.keys(); n > 75 {
			t.Errorf("%d keys are kept", n)
		}
	})
	t.Run("by the pipeline's clock", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, "reduce", attrs(byPipelineClock(counting("ttl", 10*time.Second)...)...), 1, "n")
		s.take(rec{"a", 0, 0})
		s.tick(9 * time.Second)
		s.take(rec{"a", 0, 0})
		s.tick(9 * time.Second)
		s.take(rec{"a", 0, 0})
		s.tick(11 * time.Second)
		if s.keys() != 0 {
			t.Errorf("%d keys are kept", s.keys())
		}
		s.take(rec{"a", 0, 0})
		wantTexts(t, "counts", s.texts(0), "2", "3", "4", "2")
	})
}

func TestReduceGuardsItsTypes(t *testing.T) {
	t.Parallel()
	values := map[int64]plugins.Value{0: integer(7), 1: null, 2: text("x")}
	c := attrs(
		"initial", []plugins.NamedExpr{named("x", constant(integer(0)))},
		"update", []plugins.NamedExpr{named("x", calc(plugins.Type{}, func(of func(plugins.Path) plugins.Value) (plugins.Value, bool) {
			return values[of("v").Int], true
		}))}, "max_keys", int64(10))
	s := newStage(t, "reduce", c, 1, "x")
	s.take(rec{"a", 0, 1}, rec{"a", 0, 0}, rec{"a", 0, 1}, rec{"a", 0, 2})
	var codes []string
	for _, f := range s.failures {
		codes = append(codes, f.Code)
		if !strings.Contains(f.Msg, "state.x") {
			t.Errorf("the message %q does not say which", f.Msg)
		}
	}
	wantTexts(t, "failures", codes, "null", "null", "type")
	wantTexts(t, "results", s.texts(0), "7")
}

func TestReduceTakesWholeNumbersForFloats(t *testing.T) {
	t.Parallel()
	c := attrs(
		"initial", []plugins.NamedExpr{named("x", constant(plugins.Value{Kind: plugins.Float, Float: 0.5}))},
		"update", []plugins.NamedExpr{named("x", calc(plugins.Type{}, func(of func(plugins.Path) plugins.Value) (plugins.Value, bool) {
			return of("v"), true
		}))}, "max_keys", int64(10))
	s := newStage(t, "reduce", c, 1, "x")
	s.take(rec{"a", 0, 3})
	if got := s.records[0].fields["x"]; got != (plugins.Value{Kind: plugins.Float, Float: 3}) {
		t.Errorf("the state is %v, want the float 3", got)
	}
}

func TestReduceKeepsValuesOfAllKinds(t *testing.T) {
	t.Parallel()
	values := []plugins.Value{
		integer(-3), text("é"), null, {Kind: plugins.Bool, Int: 1}, {Kind: plugins.Float, Float: 0.5},
		{Kind: plugins.Time, Int: 5}, {Kind: plugins.Duration, Int: 6}, {Kind: plugins.Bytes, Text: "\xff"},
		list(`[1]`), {Kind: plugins.Record, Text: `{"a":1}`},
	}
	var initial []plugins.NamedExpr
	var names []string
	for k, v := range values {
		for _, typ := range []plugins.Type{{}, plugins.Of(v.Kind).OrNull()} {
			if v.Kind == plugins.Null && typ.Kind != plugins.Any {
				typ = plugins.Of(plugins.String).OrNull()
			}
			name := fmt.Sprint("f", k, typ)
			names = append(names, name)
			initial = append(initial, named(name, calc(typ, func(func(plugins.Path) plugins.Value) (plugins.Value, bool) { return v, true })))
		}
	}
	initial = append(initial, named("n", constant(integer(0))))
	update := []plugins.NamedExpr{named("n", calc(plugins.Of(plugins.Int), func(of func(plugins.Path) plugins.Value) (plugins.Value, bool) {
		return integer(of(stateN).Int + 1), true
	}))}
	s := newStage(t, "reduce", attrs("initial", initial, "update", update, "max_keys", int64(10)), 1, append(names, "n")...)
	s.take(rec{"a", 0, 0}, rec{"a", 0, 0})
	s.restart(1)
	s.take(rec{"a", 0, 0})
	for n, r := range s.records {
		for k, name := range names {
			if r.fields[name] != values[k/2] {
				t.Errorf("record %d: %s is %v, want %v", n, name, r.fields[name], values[k/2])
			}
		}
		if r.fields["n"] != integer(int64(n+1)) {
			t.Errorf("record %d: n is %v", n, r.fields["n"])
		}
	}
}

func TestReduceConfiguration(t *testing.T) {
	t.Parallel()
	fields := func(name string, t plugins.Type) []plugins.NamedExpr {
		return []plugins.NamedExpr{named(name, field("v", t))}
	}
	ints, floats, texts := plugins.Of(plugins.Int), plugins.Of(plugins.Float), plugins.Of(plugins.String)
	key := field1("k", plugins.String)
	for _, c := range []struct {
		kv         []any
		path, says string
	}{
		{[]any{"initial", fields("n", ints), "update", fields("n", ints)}, "", ""},
		{[]any{"initial", fields("n", ints), "update", fields("n", plugins.Type{})}, "", ""},
		{[]any{"update", fields("n", ints)}, "initial", "no field"},
		{[]any{"initial", fields("n", ints)}, "update", "nothing changes"},
		{[]any{"initial", fields("n", ints), "update", fields("m", ints)}, "update", "it has n"},
		{[]any{"initial", fields("n", ints), "update", fields("n", floats)}, "update", "such as 0.0"},
		{[]any{"initial", fields("n", ints), "update", fields("n", texts)}, "update", "convert"},
		{[]any{"initial", fields("n", ints), "update", fields("n", ints.OrNull())}, "update", "default("},
		{[]any{"initial", fields("n", ints), "update", fields("n", ints), "emit", []plugins.NamedExpr{}}, "emit", "no field"},
		{[]any{"initial", fields("key", ints), "update", fields("key", ints), "key", key}, "initial", "called key"},
		{[]any{"initial", fields("n", ints), "update", fields("n", ints), "time", key}, "ttl", "no ttl"},
		{[]any{"initial", fields("n", ints), "update", fields("n", ints), "ttl", time.Hour, "clock", "event"}, "", "give time"},
	} {
		_, err := kind(t, "reduce").Outputs(plugins.Shape{}, attrs(c.kv...))
		wantConfigError(t, err, c.path, c.says)
	}
	outs, err := kind(t, "reduce").Outputs(plugins.Shape{}, attrs("key", key, "initial", fields("n", ints), "update", fields("n", ints)))
	if err != nil || outs[0].Shape.Type.String() != "record({key = string, n = int})" {
		t.Errorf("outputs %v, %v", outs, err)
	}
}
