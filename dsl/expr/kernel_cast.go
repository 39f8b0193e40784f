package expr

import (
	"math"

	"github.com/hashicorp/hcl/v2"

	"github.com/onstream/onstream/plugins"
)

// cast makes a node that is n as a value of type t: an int where a float is
// wanted, a typed value as any, and an any, checked row by row, as whatever t
// says.
func cast(n *node, t plugins.Type) *node {
	if n.t.Kind == t.Kind && (t.Nullable || !n.t.Nullable || t.Kind == plugins.Any) || n.invalid {
		return n
	}
	if n.value != nil {
		if v, err := fit(*n.value, t); err == nil {
			return constant(v, t, n.at)
		}
	}
	return &node{t: t, at: n.at, make: func(w *workshop) kernel {
		from := n.make(w)
		convert := conversion(t, n.at)
		var out plugins.Column
		return func(r *run, sel []uint32) *plugins.Column {
			col := from(r, sel)
			out.Reset(t.Kind, r.rows)
			convert(r, sel, col, &out)
			return &out
		}
	}}
}

// conversion returns what fills a column of type t, reset before, from one of
// any kind. The new column shares the Data of the other.
func conversion(t plugins.Type, at hcl.Range) func(r *run, sel []uint32, from, to *plugins.Column) {
	null := newFault(at, codeNull, "the value is null")
	mismatch := newFault(at, codeType, "")
	return func(r *run, sel []uint32, from, to *plugins.Column) {
		to.Data = from.Data
		switch {
		case t.Kind == plugins.Any:
			toAny(sel, from, to)
			return
		case from.Kind == t.Kind && from.Nulls == nil:
			share(sel, from, to)
			return
		case t.Kind == plugins.Float && from.Kind == plugins.Any:
			anyToFloat(r, sel, from, to, t.Nullable, null, mismatch)
			return
		}
		for _, i := range sel {
			k := kindAt(from, i)
			if !convertRow(from, to, i, k) {
				setZero(to, i)
				switch {
				case k != plugins.Null:
					r.failWith(i, mismatch, notKind(k, t.Kind))
				case t.Nullable:
					to.SetNull(i)
				default:
					r.fail(i, null)
				}
			} else if to.Nulls != nil {
				to.Nulls[i] = false
			}
		}
	}
}

func notKind(got, want plugins.Kind) string {
	return "the value is of type " + got.String() + ", not " + want.String()
}

// kindAt returns the kind of the value in row i.
func kindAt(c *plugins.Column, i uint32) plugins.Kind {
	switch {
	case c.Kind == plugins.Any:
		return c.Kinds[i]
	case c.Nulls != nil && c.Nulls[i]:
		return plugins.Null
	}
	return c.Kind
}

// convertRow stores row i of from, which is of kind k, in a typed column. It
// returns false where that cannot be.
func convertRow(from, to *plugins.Column, i uint32, k plugins.Kind) bool {
	switch want := to.Kind; {
	case want == plugins.Float && k == plugins.Int:
		to.Floats[i] = float64(from.Ints[i])
	case k == plugins.Record && want == plugins.Map || k == plugins.Map && want == plugins.Record:
		to.Spans[i] = from.Spans[i]
	case k != want:
		return false
	case want == plugins.Bool && from.Kind == plugins.Any:
		to.Bools[i] = from.Ints[i] != 0
	case want == plugins.Bool:
		to.Bools[i] = from.Bools[i]
	case want == plugins.Float && from.Kind == plugins.Any:
		to.Floats[i] = math.Float64frombits(uint64(from.Ints[i]))
	case want == plugins.Float:
		to.Floats[i] = from.Floats[i]
	case want == plugins.Int || want == plugins.Time || want == plugins.Duration:
		to.Ints[i] = from.Ints[i]
	default:
		to.Spans[i] = from.Spans[i]
	}
	return true
}

// share is convertRow for whole columns of one kind without nulls.
func share(sel []uint32, from, to *plugins.Column) {
	switch to.Kind {
	case plugins.Bool:
		for _, i := range sel {
			to.Bools[i] = from.Bools[i]
		}
	case plugins.Int, plugins.Time, plugins.Duration:
		for _, i := range sel {
			to.Ints[i] = from.Ints[i]
		}
	case plugins.Float:
		for _, i := range sel {
			to.Floats[i] = from.Floats[i]
		}
	default:
		for _, i := range sel {
			to.Spans[i] = from.Spans[i]
		}
	}
}

func anyToFloat(r *run, sel []uint32, from, to *plugins.Column, nullable bool, null, mismatch *fault) {
	for _, i := range sel {
		switch k := from.Kinds[i]; k {
		case plugins.Float:
			to.Floats[i] = math.Float64frombits(uint64(from.Ints[i]))
		case plugins.Int:
			to.Floats[i] = float64(from.Ints[i])
		case plugins.Null:
			to.Floats[i] = 0
			if nullable {
				to.SetNull(i)
				continue
			}
			r.fail(i, null)
		default:
			to.Floats[i] = 0
			r.failWith(i, mismatch, notKind(k, plugins.Float))
		}
		if to.Nulls != nil {
			to.Nulls[i] = false
		}
	}
}

// toAny tags the values of a column with their kinds.
func toAny(sel []uint32, from, to *plugins.Column) {
	for _, i := range sel {
		k := kindAt(from, i)
		to.Kinds[i] = k
		switch k {
		case plugins.Null:
		case plugins.Bool:
			to.Ints[i] = 0
			if from.Kind == plugins.Any {
				to.Ints[i] = from.Ints[i]
			} else if from.Bools[i] {
				to.Ints[i] = 1
			}
		case plugins.Float:
			if from.Kind == plugins.Any {
				to.Ints[i] = from.Ints[i]
			} else {
				to.Ints[i] = int64(math.Float64bits(from.Floats[i]))
			}
		case plugins.Int, plugins.Time, plugins.Duration:
			to.Ints[i] = from.Ints[i]
		default:
			to.Spans[i] = from.Spans[i]
		}
	}
}

// gather copies the rows of sel from a column of the same kind, their bytes
// included: how branches come together.
func gather(sel []uint32, from, to *plugins.Column) {
	for _, i := range sel {
		k := kindAt(from, i)
		switch {
		case k == plugins.Null:
			setZero(to, i)
			to.SetNull(i)
			continue
		case to.Kind == plugins.Any:
			to.Kinds[i] = k
			to.Ints[i] = from.Ints[i]
			if usesSpans(k) {
				to.AppendBytes(i, from.Bytes(i))
			}
			continue
		case usesSpans(k):
			to.AppendBytes(i, from.Bytes(i))
		default:
			convertRow(from, to, i, k)
		}
		if to.Nulls != nil {
			to.Nulls[i] = false
		}
	}
}

// usesSpans reports whether values of the kind are bytes in Data.
func usesSpans(k plugins.Kind) bool {
	return k == plugins.String || k == plugins.Bytes || k.Nested()
}
