package aggregate_test

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
	"pgregory.net/rapid"
)

func TestResults(t *testing.T) {
	t.Parallel()
	vs := func(vs ...plugins.Value) []plugins.Value { return vs }
	ints := vs(integer(4), null, integer(1), integer(4))
	strs := vs(text("b"), text("a"), null, text("c"))
	mixed := vs(integer(2), float(2.5), null, text("x"), span(5), at(9))
	list := func(s string) plugins.Value { return plugins.Value{Kind: plugins.List, Text: s} }
	for _, c := range []struct {
		name   string
		kind   plugins.Kind
		in     []plugins.Value
		params []plugins.Value
		want   plugins.Value
	}{
		{"count", plugins.Int, ints, nil, integer(3)},
		{"count", plugins.Int, vs(null), nil, integer(0)},
		{"count_if", plugins.Bool, vs(boolean(1), boolean(0), null, boolean(1)), nil, integer(2)},
		{"count_if", plugins.Any, vs(boolean(1), boolean(0), null, boolean(1)), nil, integer(2)},
		{"sum", plugins.Int, ints, nil, integer(9)},
		{"sum", plugins.Int, vs(integer(math.MaxInt64), integer(1), integer(-1)), nil, integer(math.MaxInt64)},
		{"sum", plugins.Int, vs(integer(math.MinInt64), integer(-1), integer(1)), nil, integer(math.MinInt64)},
		{"sum", plugins.Float, vs(float(1e100), float(1), null, float(-1e100)), nil, float(1)},
		{"sum", plugins.Duration, vs(span(3), span(4)), nil, span(7)},
		{"sum", plugins.Any, vs(integer(3), null, integer(4)), nil, integer(7)},
		{"sum", plugins.Any, vs(integer(-3), float(0.5), integer(4)), nil, float(1.5)},
		{"sum", plugins.Any, vs(null), nil, null},
		{"sum", plugins.Float, nil, nil, null},
		{"avg", plugins.Int, ints, nil, float(3)},
		{"avg", plugins.Any, vs(integer(1), float(2)), nil, float(1.5)},
		{"avg", plugins.Duration, vs(span(3), span(4)), nil, span(4)},
		{"avg", plugins.Float, vs(null), nil, null},
		{"min", plugins.Int, ints, nil, integer(1)},
		{"max", plugins.Int, vs(integer(-5), integer(-7)), nil, integer(-5)},
		{"min", plugins.Float, vs(float(2), float(-1), null), nil, float(-1)},
		{"max", plugins.Time, vs(at(-3), at(-1)), nil, at(-1)},
		{"min", plugins.String, strs, nil, text("a")},
		{"max", plugins.String, strs, nil, text("c")},
		{"min", plugins.Any, mixed, nil, integer(2)},
		{"max", plugins.Any, mixed, nil, text("x")},
		{"max", plugins.Any, vs(integer(1<<53+1), float(1<<53), integer(3)), nil, integer(1<<53 + 1)},
		{"max", plugins.Any, vs(integer(math.MaxInt64), float(1<<63)), nil, float(1 << 63)},
		{"min", plugins.Any, vs(integer(-2), float(-2.5), float(-1e300)), nil, float(-1e300)},
		{"max", plugins.Int, vs(null), nil, null},
		{"min", plugins.String, nil, nil, null},
		{"first", plugins.String, strs, nil, text("b")},
		{"last", plugins.Int, ints, nil, integer(4)},
		{"last", plugins.Bool, vs(boolean(0), boolean(1), null), nil, boolean(1)},
		{"first", plugins.Float, vs(null, float(2.5)), nil, float(2.5)},
		{"last", plugins.Any, mixed, nil, at(9)},
		{"first", plugins.Bool, nil, nil, null},
		{"last", plugins.Any, vs(null), nil, null},
		{"stddev", plugins.Float, vs(float(1e9+4), float(1e9+7), null, float(1e9+13), float(1e9+16)), nil, float(math.Sqrt(30))},
		{"stddev", plugins.Int, vs(integer(5)), nil, float(0)},
		{"stddev", plugins.Int, vs(null), nil, null},
		{"percentile", plugins.Int, vs(integer(9), integer(1), null, integer(5), integer(6)), vs(float(0.5)), float(5.5)},
		{"percentile", plugins.Float, vs(float(3), float(1)), vs(float(0)), float(1)},
		{"percentile", plugins.Float, vs(float(3), float(1)), vs(float(1)), float(3)},
		{"percentile", plugins.Duration, vs(span(3), span(1), span(2)), vs(float(0.5)), span(2)},
		{"percentile", plugins.Float, vs(null), vs(float(1)), null},
		{"distinct", plugins.String, vs(text("a"), text("b"), null, text("a")), nil, integer(2)},
		{"distinct", plugins.Any, vs(integer(1), text("1"), null), nil, integer(2)},
		{"distinct", plugins.Int, vs(null), nil, integer(0)},
		{"collect", plugins.Int, ints, nil, list("[4,1,4]")},
		{"collect", plugins.String, strs, vs(integer(2)), list(`["b","a"]`)},
		{"collect", plugins.Time, vs(at(0)), nil, list(`["1970-01-01T00:00:00Z"]`)},
		{"collect", plugins.Any, vs(list(`[1, 2]`), boolean(1), null, float(0.5)), nil, list(`[[1,2],true,0.5]`)},
		{"collect", plugins.Int, vs(null), nil, null},
		{"top", plugins.Int, ints, vs(integer(2)), list("[4,4]")},
		{"top", plugins.String, strs, vs(integer(2)), list(`["c","b"]`)},
		{"top", plugins.Float, vs(float(0.5), float(-1), float(7)), vs(integer(9)), list("[7,0.5,-1]")},
		{"top", plugins.Float, vs(null), vs(integer(9)), null},
	} {
		g := newGroup(t, c.name, plugins.Of(c.kind).OrNull(), c.params...)
		if fs := g.add(100, c.in...); len(fs) > 0 {
			t.Errorf("%s of %v: failures %v", c.name, c.in, fs)
		}
		got := g.mustResult()
		if got.Kind == plugins.List {
			got.Text = strings.ReplaceAll(got.Text, ", ", ",")
		}
		if got != c.want && !(c.want.Kind == plugins.Float && math.Abs(got.Float-c.want.Float) < 1e-9) {
			t.Errorf("%s of %s %v: %+v, want %+v", c.name, c.kind, c.in, got, c.want)
		}
	}
}

func TestFirstAndLastGoByTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		want int64
	}{{"first", 3}, {"last", 2}} {
		for _, typ := range []plugins.Type{plugins.Of(plugins.Int), {}} {
			g := newGroup(t, c.name, typ)
			g.add(50, integer(1))
			g.add(90, integer(2))
			g.add(10, integer(3))
			g.add(10, integer(4)) // of the same time as 3, later
			g.add(70, integer(5))
			if got := g.mustResult().Int; got != c.want {
				t.Errorf("%s of %s: %d, want %d", c.name, typ, got, c.want)
			}
		}
	}
	g := newGroup(t, "last", plugins.Of(plugins.Int))
	g.add(10, integer(1))
	g.add(10, integer(2))
	if got := g.mustResult().Int; got != 2 {
		t.Errorf("last of two of the same time: %d, want the one that came last", got)
	}
}

func TestResultsThatDoNotFit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		typ  plugins.Type
		v    plugins.Value
	}{
		{"sum", plugins.Of(plugins.Int), integer(math.MaxInt64)},
		{"sum", plugins.Of(plugins.Duration), span(math.MinInt64)},
		{"sum", plugins.Of(plugins.Float), float(math.MaxFloat64)},
		{"sum", plugins.Type{}, integer(math.MaxInt64)},
		{"avg", plugins.Of(plugins.Float), float(math.MaxFloat64)},
	} {
		g := newGroup(t, c.name, c.typ)
		g.add(0, c.v, c.v)
		if v, err := g.result(); err == nil || !strings.Contains(err.Error(), "too large") {
			t.Errorf("%s of two %v: %v, %v", c.name, c.v, v, err)
		}
	}
}

func TestValuesOfAWrongTypeFailTheirRecords(t *testing.T) {
	t.Parallel()
	for name, params := range map[string][]plugins.Value{
		"sum": nil, "avg": nil, "stddev": nil, "percentile": {float(0.5)}, "count_if": nil, "min": nil, "top": {integer(3)},
	} {
		g := newGroup(t, name, plugins.Type{}, params...)
		fs := g.add(0, plugins.Value{Kind: plugins.List, Text: "[]"}, null)
		if len(fs) != 1 || fs[0].Code != "type" || fs[0].Row != 0 || !strings.Contains(fs[0].Msg, "agg::"+name) {
			t.Errorf("%s: %+v", name, fs)
		}
	}
}

// functions are all functions with constant arguments.
var functions = map[string][]plugins.Value{
	"avg": nil, "collect": nil, "count": nil, "distinct": nil, "first": nil, "last": nil, "max": nil, "min": nil,
	"percentile": {float(0.75)}, "stddev": nil, "sum": nil, "top": {integer(3)},
}

// What is known does not depend on where groups are cut, nor on whether they
// were stored in between.
func TestMergedAndStoredGroups(t *testing.T) {
	t.Parallel()
	for name, params := range functions {
		for _, typ := range []plugins.Type{plugins.Of(plugins.Float), plugins.Of(plugins.Int), {}} {
			t.Run(fmt.Sprint(name, " of ", typ), func(t *testing.T) {
				t.Parallel()
				rapid.Check(t, func(rt *rapid.T) {
					one, parts := newGroup(t, name, typ, params...), newGroup(t, name, typ, params...)
					for n := range rapid.IntRange(0, 5).Draw(rt, "groups") {
						part := newGroup(t, name, typ, params...)
						for k, v := range rapid.SliceOfN(rapid.Int64Range(-50, 50), 0, 30).Draw(rt, "values") {
							x := integer(v)
							if typ.Kind == plugins.Float || typ.Kind == plugins.Any && v%2 == 0 {
								x = float(float64(v) / 4)
							}
							one.add(int64(n*100+k), x)
							part.add(int64(n*100+k), x)
							if rapid.IntRange(0, 9).Draw(rt, "store") == 0 {
								if err := part.restore(part.stored()); err != nil {
									rt.Fatal(err)
								}
							}
						}
						before := part.stored()
						parts.calls.Merge(parts.state, part.state)
						if !bytes.Equal(part.stored(), before) {
							rt.Fatal("a group was changed when it was merged into another")
						}
					}
					want, err := one.result()
					got, err2 := parts.result()
					if err != nil || err2 != nil {
						rt.Fatal(err, err2)
					}
					near := got.Kind == want.Kind && want.Kind == plugins.Float && math.Abs(got.Float-want.Float) < 1e-9
					if got != want && !near {
						rt.Fatalf("merged %+v, at once %+v", got, want)
					}
				})
			})
		}
	}
}

func TestCollectedListsAreBounded(t *testing.T) {
	t.Parallel()
	g := newGroup(t, "collect", plugins.Of(plugins.String))
	long := text(strings.Repeat("x", 100<<10))
	for n := range int64(100) {
		g.add(n, long)
	}
	if size := len(g.mustResult().Text); size > 1<<20+2 || size < 1<<19 {
		t.Errorf("%d bytes", size)
	}
	other := newGroup(t, "collect", plugins.Of(plugins.String))
	other.add(0, text("small"))
	other.calls.Merge(other.state, g.state)
	if size := len(other.mustResult().Text); size > 1<<20+2 {
		t.Errorf("%d bytes after a merge", size)
	}
	g = newGroup(t, "collect", plugins.Of(plugins.Int))
	for n := range int64(2000) {
		g.add(n, integer(n))
	}
	if n := strings.Count(g.mustResult().Text, ",") + 1; n != 1000 {
		t.Errorf("%d values", n)
	}
}

func TestAddingAllocatesNothing(t *testing.T) {
	vs := make([]plugins.Value, 64)
	for i := range vs {
		vs[i] = float(float64(i))
	}
	for _, name := range []string{"avg", "count", "first", "last", "max", "min", "stddev", "sum"} {
		g := newGroup(t, name, plugins.Of(plugins.Float))
		g.add(0, vs...)
		if n := testing.AllocsPerRun(100, func() {
			for i := range uint32(64) {
				g.calls.Add(g.state, i, int64(i))
			}
		}); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func FuzzRead(f *testing.F) {
	for name, params := range functions {
		g := newGroup(f, name, plugins.Type{}, params...)
		for n := range int64(20) {
			g.add(n, integer(n))
		}
		f.Add(name, g.stored())
	}
	f.Fuzz(func(t *testing.T, name string, stored []byte) {
		params, ok := functions[name]
		if !ok {
			return
		}
		g := newGroup(t, name, plugins.Type{}, params...)
		if g.restore(stored) != nil {
			return
		}
		g.add(0, integer(3), float(0.5))
		_, _ = g.result()
		other := newGroup(t, name, plugins.Type{}, params...)
		other.calls.Merge(other.state, g.state)
		if err := other.restore(g.stored()); err != nil {
			t.Errorf("what was read cannot be read again: %v", err)
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	vs := make([]plugins.Value, 1024)
	for i := range vs {
		vs[i] = float(float64(i*7919%1000) / 8)
	}
	for name, params := range functions {
		b.Run(name, func(b *testing.B) {
			g := newGroup(b, name, plugins.Of(plugins.Float), params...)
			g.add(0, vs...)
			b.ReportAllocs()
			for n := uint32(0); b.Loop(); n++ {
				g.calls.Add(g.state, n%1024, int64(n))
			}
		})
	}
}
