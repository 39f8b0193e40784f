package expr

import (
	"math"

	"github.com/hashicorp/hcl/v2"

	"github.com/onstream/onstream/plugins"
)

// constant makes a node with one value for all rows.
func constant(v plugins.Value, t plugins.Type, at hcl.Range) *node {
	return &node{t: t, at: at, value: &v, make: func(*workshop) kernel {
		var c uniformColumn
		return func(r *run, _ []uint32) *plugins.Column { return c.of(t.Kind, &v, r.rows) }
	}}
}

// settingNode makes a node that has a setting's present value.
func settingNode(s *Setting, at hcl.Range) *node {
	return &node{t: s.Type, at: at, setting: s, make: func(w *workshop) kernel {
		var c uniformColumn
		slot := w.slot(s)
		return func(r *run, _ []uint32) *plugins.Column { return c.of(s.Type.Kind, slot.value, r.rows) }
	}}
}

// uniformColumn is a column with one value for all rows. It is filled anew
// only when the value changes or there are more rows.
type uniformColumn struct {
	col  plugins.Column
	last *plugins.Value
	rows int
}

func (u *uniformColumn) of(k plugins.Kind, v *plugins.Value, rows int) *plugins.Column {
	if u.last == v && rows <= u.rows {
		return &u.col
	}
	u.last, u.rows = v, rows+rows/4
	fill(&u.col, k, *v, u.rows)
	return &u.col
}

// fill gives the first n rows of a column of kind k the value v.
func fill(c *plugins.Column, k plugins.Kind, v plugins.Value, n int) {
	if k == plugins.Null {
		k = plugins.Any
	}
	c.Reset(k, n)
	c.Data = append(c.Data[:0], v.Text...)
	span := plugins.Span{Len: uint32(len(v.Text))}
	if k == plugins.Any {
		word := v.Int
		if v.Kind == plugins.Float {
			word = int64(math.Float64bits(v.Float))
		}
		for i := range n {
			c.Kinds[i], c.Ints[i], c.Spans[i] = v.Kind, word, span
		}
		return
	}
	if v.Kind == plugins.Null {
		zero(c, n)
		for i := range n {
			c.SetNull(uint32(i))
		}
		return
	}
	switch k {
	case plugins.Bool:
		for i := range n {
			c.Bools[i] = v.Int != 0
		}
	case plugins.Int, plugins.Time, plugins.Duration:
		for i := range n {
			c.Ints[i] = v.Int
		}
	case plugins.Float:
		for i := range n {
			c.Floats[i] = v.Float
		}
	default:
		for i := range n {
			c.Spans[i] = span
		}
	}
}

// zero gives the first n rows of a column the zero value of its kind.
func zero(c *plugins.Column, n int) {
	switch c.Kind {
	case plugins.Bool:
		clear(c.Bools[:n])
	case plugins.Int, plugins.Time, plugins.Duration:
		clear(c.Ints[:n])
	case plugins.Float:
		clear(c.Floats[:n])
	case plugins.Any:
		for i := range n {
			c.Kinds[i] = plugins.Null
		}
	default:
		clear(c.Spans[:n])
	}
}

// setZero gives one row the zero value of the column's kind.
func setZero(c *plugins.Column, i uint32) {
	switch c.Kind {
	case plugins.Bool:
		c.Bools[i] = false
	case plugins.Int, plugins.Time, plugins.Duration:
		c.Ints[i] = 0
	case plugins.Float:
		c.Floats[i] = 0
	case plugins.Any:
		c.Kinds[i] = plugins.Null
	default:
		c.Spans[i] = plugins.Span{}
	}
}
