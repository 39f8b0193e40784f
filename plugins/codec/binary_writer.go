package codec

import (
	"math"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// itemWriter writes values in a format.
type itemWriter struct {
	format itemFormat
	buf    []byte // text before its length is known
}

// appendRow appends the value of a row.
func (w *itemWriter) appendRow(dst []byte, c *plugins.Column, row uint32, layout string) ([]byte, error) {
	if c.IsNull(row) {
		return w.format.appendNull(dst), nil
	}
	switch k := c.Kind; k {
	case plugins.Bool:
		return w.format.appendBool(dst, c.Bools[row]), nil
	case plugins.Float:
		return w.format.appendFloat(dst, c.Floats[row]), nil
	case plugins.Int, plugins.Time, plugins.Duration:
		return w.appendInts(dst, k, c.Ints[row], layout), nil
	case plugins.Any:
		switch k := c.Kinds[row]; k {
		case plugins.Float:
			return w.format.appendFloat(dst, math.Float64frombits(uint64(c.Ints[row]))), nil
		case plugins.Bool, plugins.Int, plugins.Time, plugins.Duration:
			return w.appendInts(dst, k, c.Ints[row], ""), nil
		default:
			return w.appendSpan(dst, k, c.Bytes(row))
		}
	default:
		return w.appendSpan(dst, k, c.Bytes(row))
	}
}

// appendInts appends what is held as an integer.
func (w *itemWriter) appendInts(dst []byte, k plugins.Kind, n int64, layout string) []byte {
	switch {
	case k == plugins.Bool:
		return w.format.appendBool(dst, n != 0)
	case k == plugins.Int:
		return w.format.appendInt(dst, n)
	case k == plugins.Duration:
		w.buf = jsontext.AppendDuration(w.buf[:0], n)
		return w.format.appendText(dst, w.buf)
	case layout == "":
		return w.format.appendTime(dst, n)
	case jsontext.IsEpoch(layout):
		return w.format.appendInt(dst, jsontext.EpochOf(n, layout))
	}
	w.buf = jsontext.AppendTime(w.buf[:0], n, layout)
	return w.format.appendText(dst, w.buf)
}

// appendSpan appends what is held as bytes.
func (w *itemWriter) appendSpan(dst []byte, k plugins.Kind, p []byte) ([]byte, error) {
	switch k {
	case plugins.String:
		return w.format.appendText(dst, p), nil
	case plugins.Bytes:
		return w.format.appendBytes(dst, p), nil
	}
	return w.appendJSON(dst, p)
}

// appendJSON appends the value that a JSON text is.
func (w *itemWriter) appendJSON(dst, text []byte) (_ []byte, err error) {
	switch jsontext.KindOf(text) {
	case plugins.Null:
		return w.format.appendNull(dst), nil
	case plugins.Bool:
		return w.format.appendBool(dst, text[0] == 't'), nil
	case plugins.Int:
		n, err := jsontext.ParseInt(text)
		return w.format.appendInt(dst, n), err
	case plugins.Float:
		f, err := jsontext.ParseFloat(text)
		return w.format.appendFloat(dst, f), err
	case plugins.String:
		w.buf, err = jsontext.AppendUnquoted(w.buf[:0], text)
		return w.format.appendText(dst, w.buf), err
	}
	n, err := jsontext.Len(text)
	if err != nil {
		return dst, err
	}
	if jsontext.KindOf(text) == plugins.List {
		dst = w.format.appendList(dst, n)
		it := jsontext.Elements(text)
		for it.Next() {
			if dst, err = w.appendJSON(dst, it.Value()); err != nil {
				return dst, err
			}
		}
		return dst, it.Err()
	}
	dst = w.format.appendMap(dst, n)
	it := jsontext.Members(text)
	for it.Next() {
		dst = w.format.appendText(dst, it.Key())
		if dst, err = w.appendJSON(dst, it.Value()); err != nil {
			return dst, err
		}
	}
	return dst, it.Err()
}
