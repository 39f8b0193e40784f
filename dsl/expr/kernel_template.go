package expr

import (
	"math"
	"strconv"

	"github.com/hashicorp/hcl/v2"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// template makes the node of text with values in it.
func template(parts []*node, at hcl.Range) *node {
	return &node{t: plugins.Of(plugins.String), at: at, make: func(w *workshop) kernel {
		kernels := make([]kernel, len(parts))
		mismatch := make([]*fault, len(parts))
		for k, n := range parts {
			kernels[k] = n.make(w)
			mismatch[k] = n.fault(codeType, "")
		}
		cols := make([]*plugins.Column, len(parts))
		out := newTextColumn(at)
		return func(r *run, sel []uint32) *plugins.Column {
			for k, part := range kernels {
				cols[k] = part(r, sel)
			}
			out.begin(r, plugins.String)
			for _, i := range sel {
				for k, col := range cols {
					kind := kindAt(col, i)
					var ok bool
					if out.col.Data, ok = appendText(out.col.Data, col, i, kind); !ok {
						if kind == plugins.Null {
							r.failWith(i, &fault{codeNull, "", mismatch[k].at}, "null cannot be part of a text")
						} else {
							r.failWith(i, mismatch[k], noText(kind))
						}
					}
				}
				out.end(r, i)
			}
			return &out.col
		}
	}}
}

// noText says why values of a kind have no text form, and what to do.
func noText(k plugins.Kind) string {
	if k == plugins.Bytes {
		return "bytes cannot be part of a text; use codec::base64_encode or codec::hex_encode"
	}
	return "a " + k.String() + " cannot be part of a text; use json::encode"
}

// appendText writes the value in row i, which is of kind k, as people read it.
// It returns false for kinds that have no such form.
func appendText(dst []byte, c *plugins.Column, i uint32, k plugins.Kind) ([]byte, bool) {
	switch k {
	case plugins.String:
		return append(dst, c.Bytes(i)...), true
	case plugins.Int:
		return strconv.AppendInt(dst, c.Ints[i], 10), true
	case plugins.Float:
		if c.Kind == plugins.Any {
			return jsontext.AppendFloat(dst, math.Float64frombits(uint64(c.Ints[i]))), true
		}
		return jsontext.AppendFloat(dst, c.Floats[i]), true
	case plugins.Bool:
		if c.Kind == plugins.Any {
			return strconv.AppendBool(dst, c.Ints[i] != 0), true
		}
		return strconv.AppendBool(dst, c.Bools[i]), true
	case plugins.Time:
		return jsontext.AppendTime(dst, c.Ints[i], ""), true
	case plugins.Duration:
		return jsontext.AppendDuration(dst, c.Ints[i]), true
	}
	return dst, false
}

// textOf is appendText for a boxed value.
func textOf(v plugins.Value) (string, bool) {
	var c plugins.Column
	fill(&c, v.Kind, v, 1)
	text, ok := appendText(nil, &c, 0, v.Kind)
	return string(text), ok
}
