package expr_test

import (
	"testing"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

func typeOf(t *testing.T, src string) plugins.Type {
	t.Helper()
	typ, diags := expr.ParseType(parse(t, src))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return typ
}

// What is read is reported by path, with the type that the decoder is to give.
func TestReads(t *testing.T) {
	t.Parallel()
	schema := typeOf(t, `record({ a = float, b = optional(int), ts = time("ms"), tags = map(string), l = list(int), gps = optional(record({ lat = float, q = optional(int) })) })`)
	for _, c := range []struct{ src, want, typ string }{
		{`event.a > 1`, `a:float`, `bool`},
		{`event.b != null && event.b > 1`, `b:optional(int)`, `bool`},
		{`event.gps.lat`, `gps/lat:optional(float)`, `optional(float)`},
		{`event.gps != null ? event.gps.lat : event.a`, `a:float gps:optional(record({lat = float, q = optional(int)})) gps/lat:optional(float)`, `float`},
		{`event.gps.q != null && event.gps.lat > 1`, `gps/lat:optional(float) gps/q:optional(int)`, `bool`},
		{`event.tags.x`, `tags/x:optional(string)`, `optional(string)`},
		{`event.tags["a/b"]`, `tags/a~1b:optional(string)`, `optional(string)`},
		{`event.l[0]`, `l:list(int)`, `int`},
		{`event.ts`, `ts:time("ms")`, `time("ms")`},
		{`event.ts + duration("1s")`, `ts:time("ms")`, `time`},
		{`[for x in event.l : x + event.a]`, `a:float l:list(int)`, `list(any)`},
		{`time::now()`, ``, `time`},
		{`default(event.b, 1.5)`, `b:optional(int)`, `float`},
		{`{ a = event.a, b = null }`, `a:float`, `record({a = float, b = any})`},
		{`[event.a, event.b]`, `a:float b:optional(int)`, `list(optional(float))`},
		{`event`, `:record({})`, schema.String()},
	} {
		x := compile(t, c.src, &expr.Scope{Event: &plugins.Shape{Type: schema, Format: "json", Payload: schema}})
		got := ""
		for i, f := range x.Reads() {
			if i > 0 {
				got += " "
			}
			got += f.Name + ":" + f.Type.String()
		}
		if got != c.want {
			t.Errorf("%s reads %s, want %s", c.src, got, c.want)
		}
		if x.Type().String() != c.typ {
			t.Errorf("%s is %s, want %s", c.src, x.Type(), c.typ)
		}
	}
}

// A field that is a column is read as a whole, and the parts are taken out.
func TestReadsColumns(t *testing.T) {
	t.Parallel()
	b, shape := batch(new(plugins.Pool), jsonColumn(t, "gps", plugins.Type{}, `{"lat":{"deg":59}}`, `null`, `5`))
	x := compile(t, `event.gps.lat.deg`, &expr.Scope{Event: shape})
	if r := x.Reads(); len(r) != 1 || r[0].Name != "gps" {
		t.Errorf("reads %v", r)
	}
	for i, want := range []string{`59`, `null`, `null`} {
		if got := results(x, b)[i]; got != want {
			t.Errorf("row %d is %s, want %s", i, got, want)
		}
	}
	b.Release()
}

// The whole record is the payload with what stages before have changed.
func TestWholeRecord(t *testing.T) {
	t.Parallel()
	b := new(plugins.Pool).Batch()
	b.SelectAll(1)
	b.NewColumn("", plugins.Record).AppendString(0, `{"a":1,"b":2,"c":3}`)
	b.NewColumn("b", plugins.Int).Ints[0] = 20
	b.NewColumn("d", plugins.Int).Ints[0] = 4
	i := plugins.Of(plugins.Int)
	shape := plugins.Shape{Format: "json"}
	shape = shape.With([]plugins.Field{{Name: "b", Type: i}, {Name: "d", Type: i}}).Without([]string{"c"})
	x := compile(t, `event`, &expr.Scope{Event: &shape})
	if got := results(x, b)[0]; got != `{"a":1,"b":20,"d":4}` {
		t.Errorf("got %s", got)
	}
	if _, diags := expr.Compile(parse(t, `event.c`), &expr.Scope{Event: &shape}); !diags.HasErrors() {
		t.Error("a field that was removed can be read")
	}
	columns := plugins.Columns(plugins.Field{Name: "b", Type: i}, plugins.Field{Name: "d", Type: i})
	if got := results(compile(t, `event`, &expr.Scope{Event: &columns}), b)[0]; got != `{"b":20,"d":4}` {
		t.Errorf("got %s", got)
	}
	b.Release()
}

// A filter's condition tells what is not null in the records that pass.
func TestNarrow(t *testing.T) {
	t.Parallel()
	schema := typeOf(t, `record({ a = optional(float), b = optional(int), gps = optional(record({ lat = optional(float) })) })`)
	const a, b, lat = `a = float`, `b = int`, `gps = record({lat = float})`
	const nullA, nullB, nullLat = `a = optional(float)`, `b = optional(int)`, `gps = optional(record({lat = optional(float)}))`
	for src, want := range map[string]string{
		`event.a != null`:                                    a + ", " + nullB + ", " + nullLat,
		`has(event.a) && event.b == 5`:                       a + ", " + b + ", " + nullLat,
		`event.a != null || event.b != null`:                 nullA + ", " + nullB + ", " + nullLat,
		`event.a != null || event.a == 2.0`:                  a + ", " + nullB + ", " + nullLat,
		`!(event.a == null || event.b == null)`:              a + ", " + b + ", " + nullLat,
		`!(event.a == null && event.b == null)`:              nullA + ", " + nullB + ", " + nullLat,
		`event.gps.lat != null`:                              nullA + ", " + nullB + ", " + lat,
		`(event.a == 5 || event.a == 6) && has(event.b)`:     a + ", " + b + ", " + nullLat,
		`default(event.a, 0) > 5`:                            nullA + ", " + nullB + ", " + nullLat,
		`has(event.a) ? event.b != null : event.gps != null`: nullA + ", " + nullB + ", " + nullLat,
	} {
		x := compile(t, src, &expr.Scope{Event: &plugins.Shape{Type: schema, Format: "json"}})
		if got := x.Narrow(schema).String(); got != "record({"+want+"})" {
			t.Errorf("%s narrows to %s, want record({%s})", src, got, want)
		}
	}
	if got := schema.Fields[0].Type.Nullable; !got {
		t.Error("narrowing has changed the type that it was given")
	}
}

func TestCompileObject(t *testing.T) {
	t.Parallel()
	shape := &plugins.Shape{Format: "json"}
	items, diags := expr.CompileObject(parse(t, `{ z = event.a, "a b" = 1, (upper("c")) = null }`), &expr.Scope{Event: shape})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	names := ""
	for _, it := range items {
		names += it.Name + ":" + it.Expr.Type().String() + ","
	}
	if names != "z:any,a b:int,C:any," {
		t.Errorf("got %s", names)
	}
	for _, src := range []string{`event`, `{ a = 1, a = 2 }`, `{ (event.x) = 1 }`, `{ a = event.x + "b" + nosuch }`} {
		if items, diags := expr.CompileObject(parse(t, src), &expr.Scope{Event: shape}); !diags.HasErrors() || items != nil {
			t.Errorf("%s gives %v, %v", src, items, diags)
		}
	}
}
