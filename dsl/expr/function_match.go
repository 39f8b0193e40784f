package expr

import (
	"strings"

	"github.com/onstream/onstream/plugins"
)

// fitness says how well arguments fit a signature.
type fitness uint8

const (
	unfit     fitness = iota
	uncertain         // arguments of type any may or may not fit
	converted         // ints become floats
	fitting
)

// fits returns how well arguments of the types fit.
func (s *Signature) fits(args []plugins.Type) fitness {
	if !s.takes(len(args)) {
		return unfit
	}
	best := fitting
	for i, a := range args {
		p := s.param(i)
		switch {
		case p.Kind == plugins.Any || p.Kind == a.Kind || isObject(p.Kind) && isObject(a.Kind) || a.Kind == plugins.Null:
		case a.Kind == plugins.Any:
			best = min(best, uncertain)
		case p.Kind == plugins.Float && a.Kind == plugins.Int:
			best = min(best, converted)
		default:
			return unfit
		}
	}
	return best
}

// takes reports whether the signature is for n arguments.
func (s *Signature) takes(n int) bool {
	return n == len(s.Params) || s.Variadic && n > len(s.Params)
}

// param returns the type of parameter i.
func (s *Signature) param(i int) plugins.Type {
	return s.Params[min(i, len(s.Params)-1)].Type
}

// match returns the signature for arguments of the types, nil when none fits.
// Several may, when some arguments are any: then the rows decide, and certain
// is false.
func (f *Function) match(args []plugins.Type) (s *Signature, certain bool) {
	var best fitness
	var count int
	for i := range f.Signatures {
		switch fit := f.Signatures[i].fits(args); {
		case fit == unfit:
		case fit == uncertain:
			count++
			if best == unfit {
				best, s = fit, &f.Signatures[i]
			}
		case fit > best:
			best, s = fit, &f.Signatures[i]
		}
	}
	return s, best != uncertain || count == 1
}

// result returns the type of a call with arguments of the types.
func (s *Signature) result(args []plugins.Type) plugins.Type {
	if s.resultOf != nil {
		return s.resultOf(args)
	}
	return s.Result
}

// commonResult returns the type that all signatures for a number of arguments
// have in common.
func (f *Function) commonResult(args []plugins.Type) plugins.Type {
	var t plugins.Type
	first := true
	for i := range f.Signatures {
		s := &f.Signatures[i]
		if s.fits(args) == unfit {
			continue
		}
		if u := s.result(args); first {
			t, first = u, false
		} else if !t.Equal(u) {
			return plugins.Type{}
		}
	}
	return t
}

// usage says how a function is called.
func (f *Function) usage() string {
	ways := make([]string, len(f.Signatures))
	for i, s := range f.Signatures {
		ways[i] = f.Name + s.String()
	}
	return strings.Join(ways, " or ")
}

// dispatcher calls a function with boxed arguments of any kinds. It remembers
// the last choice: mostly the rows are alike.
type dispatcher struct {
	f      *Function
	env    plugins.Env
	calls  map[*Signature]boxedFunc
	types  []plugins.Type
	chosen *Signature
}

func newDispatcher(f *Function, env plugins.Env) *dispatcher {
	return &dispatcher{f: f, env: env, calls: map[*Signature]boxedFunc{}}
}

// choose finds the signature by the kinds of the arguments.
func (d *dispatcher) choose(args []plugins.Value) *Signature {
	same := d.chosen != nil && len(d.types) == len(args)
	for i := 0; same && i < len(args); i++ {
		same = args[i].Kind == d.types[i].Kind
	}
	if same {
		return d.chosen
	}
	d.types = d.types[:0]
	for _, a := range args {
		d.types = append(d.types, plugins.Type{Kind: a.Kind})
	}
	d.chosen, _ = d.f.match(d.types)
	if d.chosen != nil && d.calls[d.chosen] == nil {
		d.calls[d.chosen] = d.chosen.boxed(d.env)
	}
	return d.chosen
}

// call computes the result. The arguments are changed.
func (d *dispatcher) call(args []plugins.Value) (plugins.Value, error) {
	s := d.choose(args)
	if s == nil {
		return plugins.Value{}, wrongArguments(d.f, d.types)
	}
	for i := range args {
		p := s.param(i)
		if args[i].Kind == plugins.Null && !p.Nullable && p.Kind != plugins.Any {
			return plugins.Value{}, codedError(codeNull)
		}
		var err error
		if args[i], err = fit(args[i], p); err != nil {
			return plugins.Value{}, err
		}
	}
	return d.calls[s](args)
}

// argumentError says that a function cannot be called so.
type argumentError struct{ text string }

func (e argumentError) Error() string { return e.text }

func wrongArguments(f *Function, types []plugins.Type) error {
	kinds := make([]string, len(types))
	for i, t := range types {
		kinds[i] = t.Kind.String()
	}
	return argumentError{"there is no " + f.Name + "(" + strings.Join(kinds, ", ") + "); it is " + f.usage()}
}
