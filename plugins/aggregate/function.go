package aggregate

import (
	"fmt"
	"slices"

	"github.com/onstream/onstream/plugins"
)

// Function is an aggregate function.
type Function struct {
	Name    string // without agg::
	Doc     string // one sentence
	Example string
	Params  []Param

	result func(args []plugins.Type) (plugins.Type, error)
	begin  func(args []plugins.Type, params []plugins.Value) accumulator
}

// Param is a parameter of a function. Those that are computed per record come
// before the constant ones, the optional ones last.
type Param struct {
	Name string
	// Constant says that it is fixed when the pipeline is built.
	Constant bool
	Optional bool
	// Type that the argument must have; any allows all.
	Type plugins.Type
	// Min and Max are the bounds of a constant that is a number.
	Min, Max float64
	// Default of an optional constant.
	Default plugins.Value
}

// All returns all functions, sorted by name.
func All() []Function {
	return []Function{
		avgFunction(), collectFunction(), countFunction(), countIfFunction(), distinctFunction(), firstFunction(), lastFunction(),
		maxFunction(), minFunction(), percentileFunction(), stddevFunction(), sumFunction(), topFunction(),
	}
}

// Find returns a function by name, without agg::.
func Find(name string) (Function, bool) {
	fs := All()
	i := slices.IndexFunc(fs, func(f Function) bool { return f.Name == name })
	if i < 0 {
		return Function{}, false
	}
	return fs[i], true
}

// Result returns the type of the result for arguments, those computed per
// record, of these types. The error says what is wrong with them.
func (f Function) Result(args []plugins.Type) (plugins.Type, error) {
	for i, t := range args {
		if want := f.Params[i].Type.Kind; want != plugins.Any {
			if err := wants(f.Name, t, want); err != nil {
				return plugins.Type{}, err
			}
		}
	}
	return f.result(args)
}

// Check finds what is wrong with constant arguments, in the order of the
// constant parameters; optional ones may be missing.
func (f Function) Check(params []plugins.Value) error {
	_, err := f.constants(params)
	return err
}

// constants returns the constant arguments with what is left to defaults.
func (f Function) constants(given []plugins.Value) ([]plugins.Value, error) {
	var all []plugins.Value
	for _, p := range f.Params {
		if !p.Constant {
			continue
		}
		v := p.Default
		if len(given) > 0 {
			v, given = given[0], given[1:]
		}
		if v.Kind == plugins.Int && p.Type.Kind == plugins.Float {
			v = plugins.Value{Kind: plugins.Float, Float: float64(v.Int)}
		}
		n := v.Float
		if v.Kind == plugins.Int {
			n = float64(v.Int)
		}
		if v.Kind != p.Type.Kind || n < p.Min || n > p.Max {
			return nil, fmt.Errorf("%s of agg::%s is to be of type %s, from %v to %v", p.Name, f.Name, p.Type, p.Min, p.Max)
		}
		all = append(all, v)
	}
	return all, nil
}

// Usage returns how the function is called: percentile(x, q).
func (f Function) Usage() string {
	s := f.Name + "("
	for i, p := range f.Params {
		name := p.Name
		if i > 0 {
			name = ", " + name
		}
		if p.Optional {
			name = "[" + name + "]"
		}
		s += name
	}
	return s + ")"
}
