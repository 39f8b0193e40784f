package transforms_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
)

func plus(name string, d int64) expr {
	return expr{plugins.Of(plugins.Int), func(b *plugins.Batch, col *plugins.Column) {
		from := b.Column(name)
		for _, i := range b.Sel {
			if from.IsNull(i) {
				b.Fail(i, plugins.Failure{Code: "null", Msg: name + " is null"})
				continue
			}
			col.Ints[i] = from.Ints[i] + d
		}
	}}
}

func TestMapEmitMakesTheRecord(t *testing.T) {
	t.Parallel()
	env := environment()
	c := attrs("emit", []plugins.NamedExpr{named("u", plus("t", 1)), named("t", plus("t", 100))})
	e := &engine{t: t, names: []string{"t", "u"}}
	e.run(t.Context(), start(t, "map", c, env), ints(env.Pool, 1, -1, 3))
	want := []map[string]plugins.Value{{"t": integer(101), "u": integer(2)}, {"t": integer(103), "u": integer(4)}}
	for k, r := range e.records {
		if !reflect.DeepEqual(r.fields, want[k]) {
			t.Errorf("record %d is %v", k, r.fields)
		}
	}
	if len(e.records) != 2 || len(e.failures) != 1 {
		t.Errorf("%d records, failures %v", len(e.records), e.failures)
	}
	outs, err := kind(t, "map").Outputs(plugins.Shape{Format: "json"}, c)
	if err != nil {
		t.Fatal(err)
	}
	int64s := plugins.Of(plugins.Int)
	if s := outs[0].Shape; s.Format != "" || !s.Type.Equal(plugins.Type{Kind: plugins.Record, Fields: []plugins.Field{{Name: "u", Type: int64s}, {Name: "t", Type: int64s}}}) {
		t.Errorf("shape %+v", s)
	}
}

func TestMapEmitHidesTheOldRecord(t *testing.T) {
	t.Parallel()
	env := environment()
	e := &engine{t: t, names: []string{"t", "u"}}
	b := ints(env.Pool, 1)
	e.run(t.Context(), start(t, "map", attrs("emit", []plugins.NamedExpr{named("u", plus("t", 1))}), env), b)
	if _, there := e.records[0].fields["t"]; there {
		t.Error("a field of the old record is seen downstream")
	}
	if b.Column("t") == nil {
		t.Error("the old record is not restored")
	}
}

func TestMapSetSeesTheRecordAsItWas(t *testing.T) {
	t.Parallel()
	env := environment()
	c := attrs("set", []plugins.NamedExpr{named("t", plus("t", 1)), named("u", plus("t", 0))}, "remove", []string{"old"})
	in := plugins.Shape{Format: "json", Type: plugins.Type{Kind: plugins.Record, Fields: []plugins.Field{
		{Name: "t", Type: plugins.Of(plugins.Int)}, {Name: "old", Type: plugins.Of(plugins.Int)},
	}}}
	outs, err := kind(t, "map").Outputs(in, c)
	if err != nil {
		t.Fatal(err)
	}
	s := outs[0].Shape
	if !reflect.DeepEqual(s.Set, []string{"t", "u"}) || !reflect.DeepEqual(s.Removed, []string{"old"}) {
		t.Errorf("shape %+v", s)
	}
	e := &engine{t: t, names: []string{"t", "u"}}
	e.run(t.Context(), start(t, "map", c, env), ints(env.Pool, 7))
	if r := e.records[0]; r.payload != "p0" || r.fields["t"] != integer(8) || r.fields["u"] != integer(7) {
		t.Errorf("record %+v", r)
	}
}

func TestMapConfiguration(t *testing.T) {
	t.Parallel()
	one := []plugins.NamedExpr{named("t", plus("t", 1))}
	record := plugins.Columns(plugins.Field{Name: "t", Type: plugins.Of(plugins.Int)})
	for _, c := range []struct {
		in     plugins.Shape
		config plugins.Config
		path   string
		says   string
	}{
		{record, attrs(), "", "nothing to do"},
		{record, attrs("emit", []plugins.NamedExpr{}), "emit", "no field"},
		{record, attrs("emit", one, "set", one), "emit", "excludes"},
		{record, attrs("emit", one, "remove", []string{"t"}), "emit", "excludes"},
		{record, attrs("set", one, "remove", []string{"t"}), "remove", "both set and removed"},
		{record, attrs("remove", []string{"x"}), "remove", "it has t"},
		{plugins.Shape{Format: "json"}, attrs("remove", []string{"x"}), "", ""},
	} {
		_, err := kind(t, "map").Outputs(c.in, c.config)
		wantConfigError(t, err, c.path, c.says)
	}
}

func TestMapTellsWhatItCarries(t *testing.T) {
	t.Parallel()
	text := plugins.Of(plugins.String)
	items := []plugins.NamedExpr{named("a", columnExpr{"a", text}), named("b", columnExpr{"a", text}), named("c", plus("c", 1)), named("d", columnExpr{"d/e", text})}
	for _, attr := range []string{"emit", "set"} {
		out, err := kind(t, "map").Outputs(plugins.Shape{Format: "json"}, attrs(attr, items))
		if err != nil || !slices.Equal(out[0].Carried, []string{"a"}) {
			t.Errorf("%s carries %v (%v), want a", attr, out[0].Carried, err)
		}
	}
}

func wantConfigError(t *testing.T, err error, path, says string) {
	t.Helper()
	if says == "" {
		if err != nil {
			t.Errorf("unexpected error: %v", err)
		}
		return
	}
	var ce *plugins.ConfigError
	if !errors.As(err, &ce) || ce.Path != path || !strings.Contains(ce.Msg, says) {
		t.Errorf("error %v, want one at %q that says %q", err, path, says)
	}
}
