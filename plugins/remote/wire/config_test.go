package wire_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// fakeExpr is an expression of the host.
type fakeExpr struct {
	t        plugins.Type
	text     string
	constant *plugins.Value
	field    plugins.Path
}

func (x fakeExpr) Type() plugins.Type                      { return x.t }
func (x fakeExpr) Reads() []plugins.Field                  { return nil }
func (x fakeExpr) Evaluator(plugins.Env) plugins.Evaluator { return nil }
func (x fakeExpr) String() string                          { return x.text }
func (x fakeExpr) Range() string                           { return "main.hcl:3,5-9" }
func (x fakeExpr) Field() (plugins.Path, bool)             { return x.field, x.field != "" }
func (x fakeExpr) Constant() (v plugins.Value, known bool) {
	if x.constant == nil {
		return v, false
	}
	return *x.constant, true
}

// everything is a schema with an attribute of each type, and a value of each.
func everything() (plugins.Schema, map[string]any) {
	bound := plugins.Bound
	one := plugins.Value{Kind: plugins.Int, Int: 1}
	return plugins.Schema{
			Doc: "All there is.", Example: `transform "everything" "x" {}`,
			Attrs: []plugins.Attr{
				{Name: "text", Type: plugins.AttrString, Required: true, Enum: []string{"a", "b"}, Doc: "A text."},
				{Name: "int", Type: plugins.AttrInt, Default: int64(-3), Min: bound(-5), Max: bound(5)},
				{Name: "float", Type: plugins.AttrFloat, Default: 2.5},
				{Name: "bool", Type: plugins.AttrBool, Default: true},
				{Name: "duration", Type: plugins.AttrDuration, Default: time.Minute, Min: bound(1)},
				{Name: "size", Type: plugins.AttrSize, Default: int64(1 << 40)},
				{Name: "strings", Type: plugins.AttrStrings, Default: []string{"x", "y"}},
				{Name: "map", Type: plugins.AttrStringMap},
				{Name: "value", Type: plugins.AttrValue},
				{Name: "secret", Type: plugins.AttrSecret},
				{Name: "file", Type: plugins.AttrFile, Default: "x.csv"},
				{Name: "expr", Type: plugins.AttrExpr, Want: plugins.Of(plugins.Float).OrNull()},
				{Name: "constant", Type: plugins.AttrExpr},
				{Name: "exprs", Type: plugins.AttrExprMap},
			},
			Blocks: []plugins.Block{{Name: "inner", Label: "name", Required: true, Repeated: true, Doc: "Inside.", Schema: plugins.Schema{
				Attrs: []plugins.Attr{{Name: "when", Type: plugins.AttrExpr, Required: true, Want: plugins.Of(plugins.Bool)}},
			}}},
		}, map[string]any{
			"text": "a", "int": int64(4), "float": 0.5, "bool": false, "duration": time.Hour, "size": int64(7), "strings": []string{"p"},
			"map": map[string]string{"k": "v"}, "value": plugins.Value{Kind: plugins.Record, Text: `{"a":1}`}, "secret": plugins.NewSecret("hush"), "file": "/tmp/y",
			"expr":     fakeExpr{t: plugins.Of(plugins.Float).OrNull(), text: "event.t", field: "t"},
			"constant": fakeExpr{t: plugins.Of(plugins.Int), text: "1", constant: &one},
			"exprs": []plugins.NamedExpr{
				{Name: "z", Expr: fakeExpr{t: plugins.Of(plugins.String), text: "event.z"}}, {Name: "a", Expr: fakeExpr{t: plugins.Of(plugins.Int), text: "1", constant: &one}},
			},
		}
}

func TestSchemasArriveAsTheyWere(t *testing.T) {
	t.Parallel()
	schema, _ := everything()
	p, err := wire.FromSchema(schema)
	if err != nil {
		t.Fatal(err)
	}
	got, err := wire.ToSchema(reread(t, p, &pb.Schema{}))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := show(got), show(schema); a != b {
		t.Errorf("%s\nwant\n%s", a, b)
	}
}

// show writes a schema with what its pointers point at.
func show(s plugins.Schema) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s|%s\n", s.Doc, s.Example)
	for _, a := range s.Attrs {
		low, high := "", ""
		if a.Min != nil {
			low = fmt.Sprint(*a.Min)
		}
		if a.Max != nil {
			high = fmt.Sprint(*a.Max)
		}
		fmt.Fprintf(&text, "%s %s %v %#v %v [%s %s] %s %s\n", a.Name, a.Type, a.Required, a.Default, a.Enum, low, high, a.Want, a.Doc)
	}
	for _, b := range s.Blocks {
		fmt.Fprintf(&text, "%s %s %v %v %s {\n%s}\n", b.Name, b.Label, b.Required, b.Repeated, b.Doc, show(b.Schema))
	}
	return text.String()
}

func reread[M proto.Message](t *testing.T, from, to M) M {
	t.Helper()
	text, err := proto.Marshal(from)
	if err == nil {
		err = proto.Unmarshal(text, to)
	}
	if err != nil {
		t.Fatal(err)
	}
	return to
}

func TestConfigurationsArriveAsTheyWere(t *testing.T) {
	t.Parallel()
	schema, values := everything()
	c := plugins.NewConfig(values,
		plugins.ConfigBlock{Name: "inner", Label: "one", Config: plugins.NewConfig(map[string]any{"when": fakeExpr{t: plugins.Of(plugins.Bool), text: "event.t > 1"}})},
		plugins.ConfigBlock{Name: "inner", Label: "two", Config: plugins.NewConfig(map[string]any{"when": fakeExpr{t: plugins.Of(plugins.Bool), text: "event.t > 2"}})})
	p, columns, err := wire.FromConfig(c, schema)
	if err != nil {
		t.Fatal(err)
	}
	got, err := wire.ToConfig(reread(t, p, &pb.Config{}), schema)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := got.Fingerprint(), c.Fingerprint(); a != b {
		t.Errorf("%s\nwant\n%s", a, b)
	}
	if got.Secret("secret").Reveal() != "hush" {
		t.Error("the secret is another")
	}
	x := got.Expr("expr")
	if path, ok := plugins.FieldOf(x); !ok || path != "t" || !x.Type().Equal(plugins.Of(plugins.Float).OrNull()) || x.Range() != "main.hcl:3,5-9" {
		t.Errorf("expression %s at %s of type %s reads %q", x, x.Range(), x.Type(), path)
	}
	if v, ok := plugins.ConstantOf(got.Expr("constant")); !ok || v.Int != 1 {
		t.Errorf("constant %v %v", v, ok)
	}
	var texts []string
	for _, col := range columns {
		texts = append(texts, col.Name+" = "+col.Expr.String())
	}
	want := []string{"~@x/0 = event.t", "~@x/1 = event.z", "~@x/2 = event.t > 1", "~@x/3 = event.t > 2"}
	if !slices.Equal(texts, want) {
		t.Errorf("columns %v, want %v", texts, want)
	}

	b := new(plugins.Pool).Batch()
	b.SelectAll(2)
	col := b.NewColumn("~@x/0", plugins.Float)
	col.Floats[1] = 3
	if v := x.Evaluator(plugins.Env{}).Eval(b); v != col {
		t.Error("the expression is not its column")
	}
	if v := got.Expr("constant").Evaluator(plugins.Env{}).Eval(b); v.Value(0).Int != 1 || v.Value(1).Int != 1 {
		t.Errorf("the constant is %v, %v", v.Value(0), v.Value(1))
	}
	if got.Exprs("exprs")[0].Expr.Evaluator(plugins.Env{}).Eval(b); len(b.Sel) != 0 || len(b.Failures) != 2 {
		t.Errorf("rows %v are left of a batch without the column", b.Sel)
	}
}

func TestWhatTheEngineComputesHasNoColumn(t *testing.T) {
	t.Parallel()
	schema := plugins.Schema{Attrs: []plugins.Attr{{Name: "topic", Type: plugins.AttrExpr}}}
	c := plugins.NewConfig(map[string]any{"topic": fakeExpr{text: "event.a"}, "key": fakeExpr{text: "event.b"}})
	p, columns, err := wire.FromConfig(c, schema, "topic", "key")
	if err != nil || len(columns) != 0 {
		t.Fatal(columns, err)
	}
	got, err := wire.ToConfig(p, schema)
	if err != nil || got.Expr("topic").String() != "event.a" || got.Expr("key").String() != "event.b" {
		t.Fatal(got.Fingerprint(), err)
	}
}

func TestWrongSchemas(t *testing.T) {
	t.Parallel()
	attr := func(f func(*pb.Attr)) *pb.Schema {
		a := &pb.Attr{Name: "a"}
		f(a)
		return &pb.Schema{Attrs: []*pb.Attr{a}}
	}
	deep := &pb.Schema{}
	for range 40 {
		deep = &pb.Schema{Blocks: []*pb.Block{{Name: "b", Schema: deep}}}
	}
	long := &pb.Type{}
	for range 40 {
		long = &pb.Type{Kind: pb.ValueKind_LIST, Element: long}
	}
	for want, p := range map[string]*pb.Schema{
		`the name of an attribute is "a b": it is to be of letters, digits and _, and to begin with a letter`: attr(func(a *pb.Attr) { a.Name = "a b" }),
		`the name of an attribute is empty`:                                                    attr(func(a *pb.Attr) { a.Name = "" }),
		`attribute "a": type 99 of attributes is not known`:                                    attr(func(a *pb.Attr) { a.Type = 99 }),
		`attribute "a": only strings have an enum, not type "int"`:                             attr(func(a *pb.Attr) { a.Type, a.Enum = pb.AttrType_INT, []string{"x"} }),
		`attribute "a": only numbers, sizes and durations have min and max, not type "string"`: attr(func(a *pb.Attr) { a.Min = plugins.Bound(1) }),
		`attribute "a": default: the message has no value of type "int"`: attr(func(a *pb.Attr) {
			a.Type, a.Default = pb.AttrType_INT, &pb.Setting{Value: &pb.Setting_String_{String_: "x"}}
		}),
		`attribute "a": default: type "secret" has none`: attr(func(a *pb.Attr) {
			a.Type, a.Default = pb.AttrType_SECRET, &pb.Setting{Value: &pb.Setting_Secret{Secret: []byte("x")}}
		}),
		`attribute "a": want: types are nested more than 32 deep`: attr(func(a *pb.Attr) { a.Type, a.Want = pb.AttrType_EXPRESSION, long }),
		`"a" is there twice`: {Attrs: []*pb.Attr{{Name: "a"}}, Blocks: []*pb.Block{{Name: "a"}}},
		strings.Repeat(`block "b": `, 32) + `blocks are nested more than 32 deep`: deep,
	} {
		if _, err := wire.ToSchema(p); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestTypesAndValuesArriveAsTheyWere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := drawType(t, 3)
		got, err := wire.ToType(wire.FromType(want))
		if err != nil || !got.Equal(want) || got.String() != want.String() {
			t.Fatalf("%s %v, want %s", got, err, want)
		}
		v := drawValue(t, plugins.Any)
		if back, err := wire.ToValue(wire.FromValue(v)); err != nil || back != v {
			t.Fatalf("%+v %v, want %+v", back, err, v)
		}
	})
}

func drawType(t *rapid.T, depth int) plugins.Type {
	kinds := []plugins.Kind{plugins.Any, plugins.Bool, plugins.Int, plugins.Float, plugins.String, plugins.Bytes, plugins.Time, plugins.Duration}
	if depth > 0 {
		kinds = append(kinds, plugins.List, plugins.Map, plugins.Record)
	}
	x := plugins.Type{Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Nullable: rapid.Bool().Draw(t, "nullable")}
	switch x.Kind {
	case plugins.Time:
		x.Layout = rapid.SampledFrom([]string{"", "ms", "2006-01-02"}).Draw(t, "layout")
	case plugins.List, plugins.Map:
		if rapid.Bool().Draw(t, "elements") {
			e := drawType(t, depth-1)
			x.Elem = &e
		}
	case plugins.Record:
		for i := range rapid.IntRange(0, 3).Draw(t, "fields") {
			x.Fields = append(x.Fields, plugins.Field{Name: fmt.Sprint("f", i), Type: drawType(t, depth-1)})
		}
	}
	return x
}

func TestOutputsArriveAsTheyWere(t *testing.T) {
	t.Parallel()
	record := plugins.Type{Kind: plugins.Record, Fields: []plugins.Field{{Name: "a", Type: plugins.Of(plugins.Int)}, {Name: "b", Type: plugins.Of(plugins.String)}}}
	set := []plugins.Field{{Name: "c", Type: plugins.Of(plugins.Float)}}
	payload := plugins.Shape{Type: record, Payload: record, Format: "json"}
	for name, in := range map[string]plugins.Shape{
		"payload": {Type: record, Payload: record, Format: "csv", Generation: 3, Set: []string{"b"}},
		"columns": {Type: record, Generation: 3},
	} {
		for what, of := range map[string]func(in plugins.Shape) plugins.Shape{
			"same":    func(in plugins.Shape) plugins.Shape { return in },
			"set":     func(in plugins.Shape) plugins.Shape { return in.With(set) },
			"removed": func(in plugins.Shape) plugins.Shape { return in.With(set).Without([]string{"a"}) },
			"closed":  func(plugins.Shape) plugins.Shape { return plugins.Columns(set...) },
			"decoded": func(in plugins.Shape) plugins.Shape {
				out := payload
				out.Generation = in.Generation + 1
				return out.With(set)
			},
		} {
			there, err := wire.ToShape(wire.FromShape(in))
			if err != nil {
				t.Fatal(err)
			}
			ps, err := wire.FromOutputs(there, []plugins.Output{{Name: "main", Shape: of(there), Optional: true}}, "json")
			if err != nil {
				t.Fatal(err)
			}
			got, err := wire.ToOutputs(ps, in, &payload)
			if err != nil {
				t.Fatal(err)
			}
			s, want := got[0].Shape, of(in)
			if !got[0].Optional || got[0].Name != "main" || !s.Type.Equal(want.Type) || s.Format != want.Format || s.Generation != want.Generation ||
				fmt.Sprint(s.Set, s.Removed) != fmt.Sprint(want.Set, want.Removed) {
				t.Errorf("%s of %s: %+v, want %+v", what, name, s, want)
			}
		}
	}
	if _, err := wire.FromOutputs(plugins.Shape{Generation: 1}, []plugins.Output{{Name: "x", Shape: payload}}, ""); err == nil ||
		err.Error() != `output "x" has records in the format "json": a plugin makes records in the format of the stage, or of columns` {
		t.Error(err)
	}
	for want, ps := range map[string][]*pb.Output{
		"there are 0 outputs: at least 1 and at most 1024 are possible":   nil,
		`output "a" is there twice`:                                       {{Name: "a"}, {Name: "a"}},
		`output "": its records have no fields`:                           {{From: pb.Output_COLUMNS}},
		`output "": its records are payloads, and the kind has no format`: {{From: pb.Output_PAYLOAD}},
		`output "": its records come from 9, which is not known`:          {{From: 9}},
		`output "": field "f" is there twice`:                             {{Fields: []*pb.Field{{Name: "f"}, {Name: "f"}}}},
	} {
		if _, err := wire.ToOutputs(ps, plugins.Shape{}, nil); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// FuzzConfig gives configurations of anybody to the schema that has everything.
func FuzzConfig(f *testing.F) {
	schema, values := everything()
	values = maps.Clone(values)
	p, _, err := wire.FromConfig(plugins.NewConfig(values), schema)
	if err != nil {
		f.Fatal(err)
	}
	text, err := proto.Marshal(p)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	s, err := wire.FromSchema(schema)
	if err != nil {
		f.Fatal(err)
	}
	if text, err = proto.Marshal(s); err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		var c pb.Config
		if proto.Unmarshal(text, &c) == nil {
			if got, err := wire.ToConfig(&c, schema); err == nil {
				if _, _, err := wire.FromConfig(got, schema); err != nil {
					t.Errorf("a configuration that was taken cannot be told: %v", err)
				}
			}
		}
		var p pb.Schema
		if proto.Unmarshal(text, &p) == nil {
			if got, err := wire.ToSchema(&p); err == nil {
				if _, err := wire.FromSchema(got); err != nil {
					t.Errorf("a schema that was taken cannot be told: %v", err)
				}
			}
		}
	})
}
