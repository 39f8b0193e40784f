package expr

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/onstream/onstream/plugins"
)

// newOutput makes room for a function's results.
func newOutput(t plugins.Type, at hcl.Range) *output {
	o := &output{t: t, failed: map[string]*fault{}}
	for _, code := range []string{codeType, codeNull, codeOverflow, codeDivide, codeInfinite, codeIndex, codeFunction, codeTooLarge} {
		o.failed[code] = newFault(at, code, "")
	}
	return o
}

func (o *output) begin(r *run) {
	o.col.Reset(o.t.Kind, r.rows)
	o.col.Data = o.col.Data[:0]
}

// staticCall makes the node of a call of which the signature is known. The
// arguments are of the types of its parameters.
func staticCall(s *Signature, args []*node, t plugins.Type, at hcl.Range) *node {
	return &node{t: t, at: at, make: func(w *workshop) kernel {
		kernels := makeAll(w, args)
		call := s.column(w.env)
		cols := make([]*plugins.Column, len(args))
		out := newOutput(t, at)
		return func(r *run, sel []uint32) *plugins.Column {
			for i, arg := range kernels {
				cols[i] = arg(r, sel)
			}
			out.begin(r)
			call(r, sel, cols, out)
			return &out.col
		}
	}}
}

func makeAll(w *workshop, nodes []*node) []kernel {
	kernels := make([]kernel, len(nodes))
	for i, n := range nodes {
		kernels[i] = n.make(w)
	}
	return kernels
}

// dynamicCall makes the node of a call for which the rows decide on the
// signature.
func dynamicCall(f *Function, args []*node, t plugins.Type, at hcl.Range) *node {
	return &node{t: t, at: at, make: func(w *workshop) kernel {
		kernels := makeAll(w, args)
		d := newDispatcher(f, w.env)
		cols := make([]*plugins.Column, len(args))
		values := make([]plugins.Value, len(args))
		out := newOutput(t, at)
		return func(r *run, sel []uint32) *plugins.Column {
			for i, arg := range kernels {
				cols[i] = arg(r, sel)
			}
			out.begin(r)
			for _, i := range sel {
				for k, c := range cols {
					values[k] = c.Value(i)
				}
				v, err := d.call(values)
				if err != nil {
					out.fail(r, i, err)
					continue
				}
				out.value(r, i, v)
			}
			return &out.col
		}
	}}
}
