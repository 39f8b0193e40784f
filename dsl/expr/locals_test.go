package expr_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

// localScope is one in which a stage gives some names of its own.
func localScope(t *testing.T) *expr.Scope {
	t.Helper()
	return &expr.Scope{
		Event: &plugins.Shape{Type: typeOf(t, `record({ temp = float, site = string, hum = optional(float), gps = record({ lat = float }) })`), Format: "json"},
		Meta:  true,
		Key:   true,
		Locals: []plugins.Local{
			{Root: "key", Type: plugins.Of(plugins.Int)},
			{Root: "state", Type: typeOf(t, `record({ n = int, mean = optional(float) })`)},
			{Root: "right", Type: typeOf(t, `optional(record({ name = string, gps = record({ lat = float }) }))`)},
			{Root: "free"},
		},
	}
}

// What a stage gives is read as columns of its own, one for each field.
func TestLocals(t *testing.T) {
	t.Parallel()
	scope := localScope(t)
	i, f, s := plugins.Of(plugins.Int), plugins.Of(plugins.Float), plugins.Of(plugins.String)
	b, _ := batch(new(plugins.Pool),
		jsonColumn(t, "temp", f, `1.5`, `2.5`),
		jsonColumn(t, plugins.LocalPath("key"), i, `7`, `8`),
		jsonColumn(t, plugins.LocalPath("state", "n"), i, `1`, `2`),
		jsonColumn(t, plugins.LocalPath("state", "mean"), f.OrNull(), `10.5`, `null`),
		jsonColumn(t, plugins.LocalPath("right", "name"), s.OrNull(), `"a"`, `null`),
		jsonColumn(t, plugins.LocalPath("right", "gps"), plugins.Of(plugins.Record).OrNull(), `{"lat":59.5}`, `null`),
		jsonColumn(t, plugins.LocalPath("free", "x"), plugins.Type{}, `{"y":[4]}`, `5`))
	for _, c := range []struct{ src, reads, typ, want string }{
		{`key + 1`, `~@key:int`, `int`, `8 9`},
		{`state.n + 1`, `~@state/n:int`, `int`, `2 3`},
		{`default(state.mean, 0) + event.temp`, `temp:float ~@state/mean:optional(float)`, `float`, `12 2.5`},
		{`state`, `~@state/mean:optional(float) ~@state/n:int`, `record({n = int, mean = optional(float)})`, `{"n":1,"mean":10.5} {"n":2,"mean":null}`},
		{`right.name`, `~@right/name:optional(string)`, `optional(string)`, `"a" null`},
		{`right.gps.lat`, `~@right/gps:optional(record({lat = float}))`, `optional(float)`, `59.5 null`},
		{`right.name != null ? right.gps.lat : 0.0`, `~@right/gps:optional(record({lat = float})) ~@right/name:optional(string)`, `float`, `59.5 0`},
		{`right.name != null ? [right] : []`, `~@right/gps:optional(record({lat = float})) ~@right/name:optional(string)`, `list(any)`, `[{"name":"a","gps":{"lat":59.5}}] []`},
		{`free.x.y[0]`, `~@free/x:any`, `any`, `4 null`},
		{`[for v in [1] : "${state.n}/${key}"]`, `~@key:int ~@state/n:int`, `list(any)`, `["1/7"] ["2/8"]`},
	} {
		b.SelectAll(2)
		x := compile(t, c.src, scope)
		var reads []string
		for _, f := range x.Reads() {
			reads = append(reads, f.Name+":"+f.Type.String())
		}
		if got := strings.Join(reads, " "); got != c.reads {
			t.Errorf("%s reads %s, want %s", c.src, got, c.reads)
		}
		if got := x.Type().String(); got != c.typ {
			t.Errorf("%s is %s, want %s", c.src, got, c.typ)
		}
		if got := strings.Join(results(x, b), " "); got != c.want {
			t.Errorf("%s gives %s, want %s", c.src, got, c.want)
		}
	}
	b.Release()
}

// The wrong use of what a stage gives is told with what to do instead.
func TestLocalErrors(t *testing.T) {
	t.Parallel()
	withoutEvent := localScope(t)
	withoutEvent.Event = nil
	for _, c := range []struct {
		src   string
		scope *expr.Scope
		want  string
	}{
		{`state.m`, localScope(t), `unknown field: state has no field m; it has n, mean`},
		{`state.maen`, localScope(t), `did you mean mean?`},
		{`state.mean + 1`, localScope(t), `value may be null: state.mean may be null here; give a value instead, default(state.mean, ...)`},
		{`stat.n`, localScope(t), `unknown name: there is no stat; did you mean state?`},
		{`state.n-state.mean`, localScope(t), `missing spaces: n-state is one name, because names may have a minus in them; write state.n - state.mean to subtract`},
		{`right`, localScope(t), `value may be null: right may be missing as a whole; take its fields, and test one of them: right.NAME != null`},
		{`free`, localScope(t), `fields not known: free has no declared fields and is known by field only; write free.NAME`},
		{`right[0]`, localScope(t), `not a field: a record has named fields: right.name`},
		{`key.x`, localScope(t), `not a record: a value of type int has no x`},
		{`window.end`, localScope(t), `window is not available in this place`},
		{`event.temp`, withoutEvent, `not available here: event is not available in this place: here there are key, state, right, free`},
	} {
		_, diags := expr.Compile(parse(t, c.src), c.scope)
		if len(diags) != 1 || !strings.Contains(diags[0].Summary+": "+diags[0].Detail, c.want) {
			t.Errorf("%s gives %v, want %s", c.src, diags, c.want)
		}
	}
}

// What an expression depends on besides its record is known.
func TestVolatile(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]bool{
		`event.temp + 1`:                           false,
		`time::parse("2026-01-01T00:00:00Z")`:      false,
		`time::now()`:                              true,
		`[for v in [1] : { a = "${uuid::v4()}" }]`: true,
		`try(uuid::v7(), "")`:                      true,
		`uuid::v5("6ba7b810-9dad-11d1-80b4-00c04fd430c8", event.site)`: false,
		`meta.received`:    true,
		`meta["received"]`: true,
		`meta.partition`:   false,
	} {
		if got := compile(t, src, localScope(t)).Volatile(); got != want {
			t.Errorf("%s volatile: %v, want %v", src, got, want)
		}
	}
}

func TestCompileAggregation(t *testing.T) {
	t.Parallel()
	scope := localScope(t)
	scope.Locals = append(scope.Locals, plugins.Local{Root: "window", Type: typeOf(t, `record({ start = time, end = time })`)})
	const src = `{
		site = agg::last(event.site), device = key, until = window.end,
		span = agg::max(event.temp) - agg::min(event.temp),
		again = agg::max((event.temp)) > 5 && agg::count() > 1,
		hum = agg::last(event.hum) != null ? agg::last(event.hum) : -1.0,
		each = [for x in ["a"] : "${x}: ${agg::count()}"],
		lat = agg::first(event.gps).lat,
		p = agg::percentile(event.temp, 1 / 2),
	}`
	a, diags := expr.CompileAggregation(parse(t, src), scope)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	var calls []string
	for _, c := range a.Calls {
		calls = append(calls, c.Func)
	}
	if want := []string{"last", "max", "min", "count", "last", "first", "percentile"}; !slices.Equal(calls, want) {
		t.Fatalf("calls %s, want %s", calls, want)
	}
	if p := a.Calls[6].Params; len(p) != 1 || p[0].Float != 0.5 {
		t.Errorf("parameters %v", p)
	}
	i, f := plugins.Of(plugins.Int), plugins.Of(plugins.Float)
	b, _ := batch(new(plugins.Pool),
		jsonColumn(t, plugins.AggregatePath(0), a.Calls[0].Type, `"oslo"`),
		jsonColumn(t, plugins.AggregatePath(1), a.Calls[1].Type, `9.5`),
		jsonColumn(t, plugins.AggregatePath(2), a.Calls[2].Type, `2.5`),
		jsonColumn(t, plugins.AggregatePath(3), i, `3`),
		jsonColumn(t, plugins.AggregatePath(4), f.OrNull(), `null`),
		jsonColumn(t, plugins.AggregatePath(5), a.Calls[5].Type, `{"lat":59.5}`),
		jsonColumn(t, plugins.AggregatePath(6), a.Calls[6].Type, `6.5`),
		jsonColumn(t, plugins.LocalPath("key"), i, `7`),
		jsonColumn(t, plugins.LocalPath("window", "end"), plugins.Of(plugins.Time), `"2026-01-01T00:00:10Z"`))
	want := []string{`"oslo"`, `7`, `"2026-01-01T00:00:10Z"`, `7`, `true`, `-1`, `["a: 3"]`, `59.5`, `6.5`}
	for k, item := range a.Emit {
		if got := results(item.Expr.(*expr.Expr), b)[0]; got != want[k] {
			t.Errorf("%s is %s, want %s", item.Name, got, want[k])
		}
	}
	b.Release()
}

// Wrong aggregations say what to write instead.
func TestAggregationErrors(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		`event`:                                          `not an object: write an object`,
		`{ a = event.temp }`:                             `not available here: event is of one record, and this is computed once for a group of them; say of which: agg::last(event.temp)`,
		`{ a = meta.offset }`:                            `agg::last(meta.offset)`,
		`{ a = agg::max(agg::avg(event.temp)) }`:         `aggregate in an aggregate: agg::avg is computed once for a group`,
		`{ a = agg::max(state.n) }`:                      `not available here: state is of the whole group, not of one of its records; use it outside of agg::`,
		`{ a = agg::max(key) }`:                          `key is of the whole group`,
		`{ a = agg::mx(event.temp) }`:                    `unknown function: there is no function agg::mx; did you mean agg::max?`,
		`{ a = agg::max() }`:                             `wrong number of arguments: it is agg::max(x); 0 given`,
		`{ a = agg::percentile(event.temp, event.hum) }`: `not a constant: q is fixed when the pipeline is built`,
		`{ a = agg::percentile(event.temp, "x") }`:       `not a right argument: q of agg::percentile is to be of type float, from 0 to 1`,
		`{ a = agg::avg(event.site) }`:                   `wrong type of argument`,
		`{ a = agg::max(event.tmep) }`:                   `unknown field: the record has no field tmep; did you mean temp?`,
		`{ a = agg::last(event.hum) + 1 }`:               `value may be null: agg::last(event.hum) may be null here`,
		`{ a = 1, a = 2 }`:                               `duplicate field`,
	} {
		_, diags := expr.CompileAggregation(parse(t, src), localScope(t))
		if len(diags) != 1 || !strings.Contains(diags[0].Summary+": "+diags[0].Detail, want) {
			t.Errorf("%s gives %v, want %s", src, diags, want)
		}
	}
}
