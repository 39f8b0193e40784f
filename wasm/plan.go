package wasm

import (
	"slices"
	"strings"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/host"
	"github.com/onstream/onstream/wasm/manifest"
)

// plan is what the configuration of a stage and the manifest of its module come to.
type plan struct {
	path     string
	module   *host.Description
	limits   host.Limits
	grants   []string
	settings []abi.Setting // of the parameters
	live     []liveParameter
	foreign  *foreignPlan // nil for a module of onstream_v1
	given    []givenColumn
	added    []addedColumn
	hasValue bool
	payload  plugins.Shape
}

// givenColumn is a column that the module is given.
type givenColumn struct {
	manifest.Field
	typ  abi.Type
	expr plugins.Expr
}

// addedColumn is a column that the module returns.
type addedColumn struct {
	plugins.Field
	typ abi.Type
}

func newPlan(l *library, c plugins.Config) (*plan, error) {
	d, err := l.describe(c)
	if err != nil {
		return nil, err
	}
	p := &plan{path: c.String("module"), module: d, hasValue: c.Has("value"), payload: c.Payload()}
	for _, f := range d.Manifest.Outputs {
		t, _ := manifest.TypeOf(f.Type)
		typ := plugins.Of(kindOf(t))
		typ.Nullable = f.Optional
		p.added = append(p.added, addedColumn{plugins.Field{Name: f.Name, Type: typ}, t})
	}
	if err := p.setLimits(c); err != nil {
		return nil, err
	}
	if err := p.setGrants(c.Strings("grant")); err != nil {
		return nil, err
	}
	if err := p.setInputs(c.Exprs("inputs")); err != nil {
		return nil, err
	}
	if err := p.setForeign(c); err != nil {
		return nil, err
	}
	if p.foreign == nil {
		if err := p.setParameters(c.Exprs("config")); err != nil {
			return nil, err
		}
	}
	return p, p.checkValue(c.Expr("value"))
}

// kindOf returns the kind of the values of a type.
func kindOf(t abi.Type) plugins.Kind {
	switch t {
	case abi.Bool:
		return plugins.Bool
	case abi.Int:
		return plugins.Int
	case abi.Float:
		return plugins.Float
	case abi.Text:
		return plugins.String
	case abi.Bytes:
		return plugins.Bytes
	case abi.Time:
		return plugins.Time
	case abi.Duration:
		return plugins.Duration
	}
	return plugins.Any
}

// takes reports whether a column of a type has room for values of a kind.
func takes(t abi.Type, k plugins.Kind) bool {
	switch t {
	case abi.JSON:
		return k.Nested()
	case abi.Float:
		return k == plugins.Float || k == plugins.Int
	}
	return k == kindOf(t)
}

func (p *plan) checkValue(value plugins.Expr) error {
	if value == nil {
		return nil
	}
	if p.module.Manifest.Mode != manifest.Records {
		return plugins.ConfigErrorf("value", "the module takes columns: give it inputs, and no value")
	}
	if k := value.Type().Kind; k != plugins.Any && k != plugins.String && k != plugins.Bytes && !k.Nested() {
		return plugins.ConfigErrorf("value", "a value of type %s has no bytes to give to the module: it is to be a string, bytes, or a list, map or record", value.Type())
	}
	return nil
}

// setInputs finds the expression of each column that the module is given.
func (p *plan) setInputs(exprs []plugins.NamedExpr) error {
	fields := p.module.Manifest.Inputs
	if len(fields) == 0 && len(exprs) > 0 {
		return plugins.ConfigErrorf("inputs", "the module takes records, and no columns: remove inputs")
	}
	for _, x := range exprs {
		if !slices.ContainsFunc(fields, func(f manifest.Field) bool { return f.Name == x.Name }) {
			return plugins.ConfigErrorf("inputs."+x.Name, "the module has no input %q, it has %s", x.Name, fieldNames(fields))
		}
	}
	for _, f := range fields {
		t, _ := manifest.TypeOf(f.Type)
		g := givenColumn{Field: f, typ: t}
		for _, x := range exprs {
			if x.Name == f.Name {
				g.expr = x.Expr
			}
		}
		if g.expr == nil {
			return plugins.ConfigErrorf("inputs", "the module needs the input %s (%s): write inputs = { %[1]s = event.FIELD }", f.Name, f.Type)
		}
		if k := g.expr.Type().Kind; k != plugins.Any && !takes(t, k) {
			return plugins.ConfigErrorf("inputs."+f.Name, "%s is of type %s, the module takes %s: convert it", f.Name, g.expr.Type(), f.Type)
		}
		p.given = append(p.given, g)
	}
	return nil
}

func fieldNames(fields []manifest.Field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return strings.Join(names, ", ")
}
