package expr

import (
	"strings"

	"github.com/onstream/onstream/plugins"
)

// The helpers of this file make signatures of Go functions: the column form
// and the boxed form both come from the one function. of1 to of3 take functions
// that always have a result, try1 to try4 ones that may fail, and the last
// parameter of ofAll and tryAll repeats. with1, with2 and so on take what makes
// the function, once for each place where it is called: for functions that keep
// something from call to call.

func of0[R any](f func(env plugins.Env) func() (R, error)) Signature {
	put := putter[R]()
	s := signature("", typeFor[R]())
	s.column = func(env plugins.Env) columnFunc {
		f := f(env)
		return func(r *run, sel []uint32, _ []*plugins.Column, out *output) {
			for _, i := range sel {
				x, err := f()
				if err != nil {
					out.fail(r, i, err)
					continue
				}
				put(out, r, i, x)
			}
		}
	}
	s.boxed = func(env plugins.Env) boxedFunc {
		f := f(env)
		return func([]plugins.Value) (plugins.Value, error) { return boxed(f()) }
	}
	return s
}

func of1[A, R any](names string, f func(A) R) Signature {
	return try1(names, func(a A) (R, error) { return f(a), nil })
}

func try1[A, R any](names string, f func(A) (R, error)) Signature {
	return with1(names, func() func(A) (R, error) { return f })
}

func with1[A, R any](names string, make func() func(A) (R, error)) Signature {
	getA, put := getter[A](), putter[R]()
	unboxA := unboxer[A]()
	s := signature(names, typeFor[R](), typeFor[A]())
	s.column = func(plugins.Env) columnFunc {
		f := make()
		return func(r *run, sel []uint32, args []*plugins.Column, out *output) {
			a := args[0]
			for _, i := range sel {
				x, err := f(getA(a, i))
				if err != nil {
					out.fail(r, i, err)
					continue
				}
				put(out, r, i, x)
			}
		}
	}
	s.boxed = func(plugins.Env) boxedFunc {
		f := make()
		return func(args []plugins.Value) (plugins.Value, error) { return boxed(f(unboxA(args[0]))) }
	}
	return s
}

func of2[A, B, R any](names string, f func(A, B) R) Signature {
	return try2(names, func(a A, b B) (R, error) { return f(a, b), nil })
}

func try2[A, B, R any](names string, f func(A, B) (R, error)) Signature {
	return with2(names, func() func(A, B) (R, error) { return f })
}

func with2[A, B, R any](names string, make func() func(A, B) (R, error)) Signature {
	getA, getB, put := getter[A](), getter[B](), putter[R]()
	unboxA, unboxB := unboxer[A](), unboxer[B]()
	s := signature(names, typeFor[R](), typeFor[A](), typeFor[B]())
	s.column = func(plugins.Env) columnFunc {
		f := make()
		return func(r *run, sel []uint32, args []*plugins.Column, out *output) {
			a, b := args[0], args[1]
			for _, i := range sel {
				x, err := f(getA(a, i), getB(b, i))
				if err != nil {
					out.fail(r, i, err)
					continue
				}
				put(out, r, i, x)
			}
		}
	}
	s.boxed = func(plugins.Env) boxedFunc {
		f := make()
		return func(args []plugins.Value) (plugins.Value, error) {
			return boxed(f(unboxA(args[0]), unboxB(args[1])))
		}
	}
	return s
}

func of3[A, B, C, R any](names string, f func(A, B, C) R) Signature {
	return try3(names, func(a A, b B, c C) (R, error) { return f(a, b, c), nil })
}

func try3[A, B, C, R any](names string, f func(A, B, C) (R, error)) Signature {
	return with3(names, func() func(A, B, C) (R, error) { return f })
}

func with3[A, B, C, R any](names string, make func() func(A, B, C) (R, error)) Signature {
	getA, getB, getC, put := getter[A](), getter[B](), getter[C](), putter[R]()
	unboxA, unboxB, unboxC := unboxer[A](), unboxer[B](), unboxer[C]()
	s := signature(names, typeFor[R](), typeFor[A](), typeFor[B](), typeFor[C]())
	s.column = func(plugins.Env) columnFunc {
		f := make()
		return func(r *run, sel []uint32, args []*plugins.Column, out *output) {
			a, b, c := args[0], args[1], args[2]
			for _, i := range sel {
				x, err := f(getA(a, i), getB(b, i), getC(c, i))
				if err != nil {
					out.fail(r, i, err)
					continue
				}
				put(out, r, i, x)
			}
		}
	}
	s.boxed = func(plugins.Env) boxedFunc {
		f := make()
		return func(args []plugins.Value) (plugins.Value, error) {
			return boxed(f(unboxA(args[0]), unboxB(args[1]), unboxC(args[2])))
		}
	}
	return s
}

func try4[A, B, C, D, R any](names string, f func(A, B, C, D) (R, error)) Signature {
	getA, getB, getC, getD, put := getter[A](), getter[B](), getter[C](), getter[D](), putter[R]()
	unboxA, unboxB, unboxC, unboxD := unboxer[A](), unboxer[B](), unboxer[C](), unboxer[D]()
	s := signature(names, typeFor[R](), typeFor[A](), typeFor[B](), typeFor[C](), typeFor[D]())
	s.column = func(plugins.Env) columnFunc {
		return func(r *run, sel []uint32, args []*plugins.Column, out *output) {
			for _, i := range sel {
				x, err := f(getA(args[0], i), getB(args[1], i), getC(args[2], i), getD(args[3], i))
				if err != nil {
					out.fail(r, i, err)
					continue
				}
				put(out, r, i, x)
			}
		}
	}
	s.boxed = func(plugins.Env) boxedFunc {
		return func(args []plugins.Value) (plugins.Value, error) {
			return boxed(f(unboxA(args[0]), unboxB(args[1]), unboxC(args[2]), unboxD(args[3])))
		}
	}
	return s
}

func ofAll[A, R any](names string, f func([]A) R) Signature {
	return tryAll(names, func(as []A) (R, error) { return f(as), nil })
}

func tryAll[A, R any](names string, f func([]A) (R, error)) Signature {
	getA, put := getter[A](), putter[R]()
	unboxA := unboxer[A]()
	types := make([]plugins.Type, strings.Count(names, ",")+1)
	for i := range types {
		types[i] = typeFor[A]()
	}
	s := signature(names, typeFor[R](), types...)
	s.Variadic = true
	s.column = func(plugins.Env) columnFunc {
		var row []A
		return func(r *run, sel []uint32, args []*plugins.Column, out *output) {
			for _, i := range sel {
				row = row[:0]
				for _, c := range args {
					row = append(row, getA(c, i))
				}
				x, err := f(row)
				if err != nil {
					out.fail(r, i, err)
					continue
				}
				put(out, r, i, x)
			}
		}
	}
	s.boxed = func(plugins.Env) boxedFunc {
		return func(args []plugins.Value) (plugins.Value, error) {
			as := make([]A, len(args))
			for i, v := range args {
				as[i] = unboxA(v)
			}
			return boxed(f(as))
		}
	}
	return s
}

func boxed[R any](x R, err error) (plugins.Value, error) {
	if err != nil {
		return plugins.Value{}, err
	}
	return box(x)
}

// signature names the parameters, which are separated by ", ".
func signature(names string, result plugins.Type, types ...plugins.Type) Signature {
	s := Signature{Result: result}
	if names == "" {
		return s
	}
	for i, name := range strings.Split(names, ", ") {
		s.Params = append(s.Params, Param{name, types[i]})
	}
	return s
}

// returning sets the type of results that are boxed.
func (s Signature) returning(t plugins.Type) Signature {
	s.Result = t
	return s
}

// taking sets the types of parameters that are boxed.
func (s Signature) taking(types ...plugins.Type) Signature {
	for i, t := range types {
		s.Params[i].Type = t
	}
	return s
}

// refined sets how the type of the result follows from those of the arguments.
func (s Signature) refined(by func(args []plugins.Type) plugins.Type) Signature {
	s.resultOf = by
	return s
}

// checked sets what is wrong with some constant arguments.
func (s Signature) checked(check func(args []*plugins.Value) (int, error)) Signature {
	s.check = check
	return s
}
