package wire

import (
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
)

// columnWriter makes messages of columns, one after the other in the same memory.
type columnWriter struct {
	msg    *pb.Column
	nulls  []bool
	bools  []bool
	ints   []int64
	floats []float64
	kinds  []byte
	texts  bytesWriter
}

// column returns the message of the rows of a column. All says that they are all rows from the first on, whose values need not be
// copied; keep says that bytes are to be.
func (w *columnWriter) column(name string, c *plugins.Column, rows []uint32, all, keep bool) {
	m := w.msg
	m.Name, m.Kind = name, FromKind(c.Kind)
	m.Nulls, m.Bools, m.Ints, m.Floats, m.Texts, m.Kinds = nil, nil, nil, nil, nil, nil
	if c.Kind == plugins.Any {
		w.any(c, rows)
		return
	}
	null := w.nullsOf(c, rows)
	if null {
		m.Nulls = w.nulls
	}
	switch c.Kind {
	case plugins.Bool:
		m.Bools = dense(&w.bools, c.Bools, rows, w.nulls, null, all)
	case plugins.Int, plugins.Time, plugins.Duration:
		m.Ints = dense(&w.ints, c.Ints, rows, w.nulls, null, all)
	case plugins.Float:
		m.Floats = dense(&w.floats, c.Floats, rows, w.nulls, null, all)
	default:
		if !null {
			m.Texts = w.texts.spans(c.Spans, c.Data, rows, keep)
			break
		}
		w.texts.reset()
		for k, i := range rows {
			if w.nulls[k] {
				w.texts.add(nil)
			} else {
				w.texts.add(c.Bytes(i))
			}
		}
		m.Texts = w.texts.message(w.texts.data)
	}
}

// nullsOf fills nulls, and reports whether any row is null.
func (w *columnWriter) nullsOf(c *plugins.Column, rows []uint32) bool {
	w.nulls = w.nulls[:0]
	if c.Nulls == nil {
		return false
	}
	any := false
	for _, i := range rows {
		null := c.Nulls[i]
		any = any || null
		w.nulls = append(w.nulls, null)
	}
	return any
}

// dense returns the values of rows, zero where they are null.
func dense[T any](memory *[]T, values []T, rows []uint32, nulls []bool, null, all bool) []T {
	if all && !null {
		return values[:len(rows)]
	}
	out := (*memory)[:0]
	if !null {
		for _, i := range rows {
			out = append(out, values[i])
		}
	} else {
		var zero T
		for k, i := range rows {
			if nulls[k] {
				out = append(out, zero)
			} else {
				out = append(out, values[i])
			}
		}
	}
	*memory = out
	return out
}

func (w *columnWriter) any(c *plugins.Column, rows []uint32) {
	w.kinds, w.ints = w.kinds[:0], w.ints[:0]
	w.texts.reset()
	for _, i := range rows {
		kind, number, text := c.Kinds[i], int64(0), []byte(nil)
		switch kind {
		case plugins.Null:
		case plugins.Bool, plugins.Int, plugins.Float, plugins.Time, plugins.Duration:
			number = c.Ints[i]
		default:
			text = c.Bytes(i)
		}
		w.kinds, w.ints = append(w.kinds, byte(kind)), append(w.ints, number)
		w.texts.add(text)
	}
	w.msg.Kinds, w.msg.Ints, w.msg.Texts = w.kinds, w.ints, w.texts.message(w.texts.data)
}
