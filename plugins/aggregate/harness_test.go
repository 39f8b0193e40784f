package aggregate_test

import (
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/aggregate"
)

// column is an expression that is a column as it is.
type column struct {
	typ plugins.Type
	vs  []plugins.Value
	col plugins.Column
}

func (c *column) Type() plugins.Type                      { return c.typ }
func (c *column) Reads() []plugins.Field                  { return nil }
func (c *column) String() string                          { return "column" }
func (c *column) Range() string                           { return "test.hcl:1,1-2" }
func (c *column) Evaluator(plugins.Env) plugins.Evaluator { return c }

func (c *column) Eval(*plugins.Batch) *plugins.Column {
	c.col.Reset(c.typ.Kind, len(c.vs))
	c.col.Data = c.col.Data[:0]
	for i, v := range c.vs {
		c.col.SetValue(uint32(i), v)
	}
	return &c.col
}

func float(v float64) plugins.Value { return plugins.Value{Kind: plugins.Float, Float: v} }
func integer(v int64) plugins.Value { return plugins.Value{Kind: plugins.Int, Int: v} }
func text(v string) plugins.Value   { return plugins.Value{Kind: plugins.String, Text: v} }
func boolean(v int64) plugins.Value { return plugins.Value{Kind: plugins.Bool, Int: v} }
func at(v int64) plugins.Value      { return plugins.Value{Kind: plugins.Time, Int: v} }
func span(v int64) plugins.Value    { return plugins.Value{Kind: plugins.Duration, Int: v} }

var null = plugins.Value{Kind: plugins.Null}

// group is one call over values of a type, and what it knows of them.
type group struct {
	t     testing.TB
	calls *aggregate.Calls
	arg   *column
	state aggregate.State
	typ   plugins.Type
}

func newGroup(t testing.TB, name string, typ plugins.Type, params ...plugins.Value) *group {
	t.Helper()
	f, ok := aggregate.Find(name)
	if !ok {
		t.Fatalf("no function %q", name)
	}
	result, err := f.Result([]plugins.Type{typ})
	if err != nil {
		t.Fatal(err)
	}
	arg := &column{typ: typ}
	calls, err := aggregate.NewCalls([]plugins.AggregateCall{{Func: name, Args: []plugins.Expr{arg}, Params: params, Type: result}}, plugins.Env{})
	if err != nil {
		t.Fatal(err)
	}
	return &group{t, calls, arg, calls.State(), result}
}

// add adds values that happened one after the other, from a time on. It
// returns the failures.
func (g *group) add(from int64, vs ...plugins.Value) []plugins.Failure {
	var b plugins.Batch
	g.arg.vs = vs
	b.SelectAll(len(vs))
	g.calls.Eval(&b)
	for _, i := range b.Sel {
		g.calls.Add(g.state, i, from+int64(i))
	}
	return b.Failures
}

func (g *group) result() (plugins.Value, error) {
	var col plugins.Column
	col.Reset(g.typ.Kind, 1)
	err := g.calls.Result(0, g.state, &col, 0)
	if err != nil {
		return plugins.Value{}, err
	}
	return col.Value(0), nil
}

func (g *group) mustResult() plugins.Value {
	g.t.Helper()
	v, err := g.result()
	if err != nil {
		g.t.Fatal(err)
	}
	return v
}

// stored is what is stored of the group.
func (g *group) stored() []byte { return g.calls.Append(nil, g.state) }

// restore replaces what is known by what was stored.
func (g *group) restore(stored []byte) error {
	g.state = g.calls.State()
	_, err := g.calls.Read(stored, g.state)
	return err
}
