package transforms_test

import (
	"testing"

	"github.com/onstream/onstream/plugins"
)

func output(name string, when plugins.Expr) plugins.ConfigBlock {
	return plugins.ConfigBlock{Name: "output", Label: name, Config: attrs("when", when)}
}

func TestRouteFirstMatchWins(t *testing.T) {
	t.Parallel()
	env := environment()
	c := plugins.NewConfig(nil, output("hot", above(10)), output("warm", above(5)))
	e := &engine{t: t}
	tr := start(t, "route", c, env)
	e.run(t.Context(), tr, ints(env.Pool, 1, 20, 7, -1, 30, 6, 2))
	if got, want := payloads(e.records), "0:p1 0:p4 1:p2 1:p5 2:p0 2:p6 "; got != want {
		t.Errorf("routed %q, want %q", got, want)
	}
	if len(e.failures) != 1 || e.failures[0].Row != 3 {
		t.Errorf("failures %v", e.failures)
	}
	e.run(t.Context(), tr, ints(env.Pool, 50))
	if e.batches != 4 {
		t.Errorf("%d batches, want 4: no empty ones", e.batches)
	}
}

func TestRouteAsksOnlyForTheRest(t *testing.T) {
	t.Parallel()
	env := environment()
	asked := 0
	second := expr{plugins.Of(plugins.Bool), func(b *plugins.Batch, col *plugins.Column) {
		asked += len(b.Sel)
		for _, i := range b.Sel {
			col.Bools[i] = false
		}
	}}
	c := plugins.NewConfig(nil, output("a", above(10)), output("b", second))
	e := &engine{t: t}
	e.run(t.Context(), start(t, "route", c, env), ints(env.Pool, 11, 12, 3))
	if asked != 1 {
		t.Errorf("the second condition was asked for %d records", asked)
	}
}

func TestRouteOutputs(t *testing.T) {
	t.Parallel()
	in := plugins.Columns(plugins.Field{Name: "t", Type: plugins.Of(plugins.Int).OrNull()})
	outs, err := kind(t, "route").Outputs(in, plugins.NewConfig(nil, output("a", narrowing{above(1)}), output("b", above(1))))
	if err != nil {
		t.Fatal(err)
	}
	nullable := map[string]bool{"a": false, "b": true, "otherwise": true}
	if len(outs) != 3 || outs[2].Name != "otherwise" {
		t.Fatalf("outputs %+v", outs)
	}
	for _, o := range outs {
		if f, _ := o.Shape.Type.Field("t"); f.Nullable != nullable[o.Name] {
			t.Errorf("output %s: field is %v", o.Name, f)
		}
	}
	for _, c := range []struct {
		blocks []plugins.ConfigBlock
		path   string
		says   string
	}{
		{[]plugins.ConfigBlock{output("otherwise", above(1))}, "output[otherwise]", "always there"},
		{[]plugins.ConfigBlock{output("errors", above(1))}, "output[errors]", "error output"},
		{[]plugins.ConfigBlock{output("a", above(1)), output("a", above(2))}, "output[a]", "twice"},
	} {
		_, err := kind(t, "route").Outputs(in, plugins.NewConfig(nil, c.blocks...))
		wantConfigError(t, err, c.path, c.says)
	}
}
