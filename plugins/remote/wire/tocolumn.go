package wire

import (
	"bytes"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
)

// Bad takes what is wrong with the value of a row, which the row is to fail with: one of the codes of this package, and a message that is to
// follow the name of the value. In its stead, something harmless is in the column.
type Bad func(row uint32, code, msg string)

// ToColumn fills a column with that of a message of so many rows. Where at is not nil, row k of the message becomes row at[k] of total rows, and nothing
// is said of the others; else total is rows. A nil bad means that the other process is trusted: what is in the values is not checked.
func ToColumn(p *pb.Column, rows int, c *plugins.Column, at []uint32, total int, bad Bad) error {
	kind, err := ToKind(p.GetKind())
	if err == nil {
		err = checkColumn(p, kind, rows)
	}
	if err != nil {
		return fmt.Errorf("column %q: %w", Clip(p.GetName(), 64), err)
	}
	c.Reset(kind, total)
	return fillColumn(p, kind, c, at, bad)
}

// fillColumn fills a column that was reset with that of a message that was checked.
func fillColumn(p *pb.Column, kind plugins.Kind, c *plugins.Column, at []uint32, bad Bad) error {
	r := columnReader{p: p, c: c, at: at, bad: bad}
	for k, null := range p.GetNulls() {
		if null && kind != plugins.Any {
			c.SetNull(r.row(k))
		}
	}
	switch kind {
	case plugins.Bool:
		scatter(c.Bools, p.GetBools(), at)
	case plugins.Int, plugins.Time, plugins.Duration:
		scatter(c.Ints, p.GetInts(), at)
	case plugins.Float:
		r.floats()
	case plugins.Any:
		return r.any()
	default:
		r.texts(kind)
	}
	return nil
}

// checkColumn returns an error where the lists of a column are not of so many rows.
func checkColumn(p *pb.Column, kind plugins.Kind, rows int) error {
	have, list := 0, ""
	switch kind {
	case plugins.Null:
		return fmt.Errorf("no column is of kind null")
	case plugins.Bool:
		have, list = len(p.GetBools()), "bools"
	case plugins.Int, plugins.Time, plugins.Duration:
		have, list = len(p.GetInts()), "ints"
	case plugins.Float:
		have, list = len(p.GetFloats()), "floats"
	case plugins.Any:
		have, list = len(p.GetKinds()), "kinds"
	default:
		if err := checkBytes("texts", p.GetTexts(), rows); err != nil {
			return err
		}
		have, list = rows, "texts"
	}
	if have != rows {
		return fmt.Errorf("a column of kind %s has %d %s for %d rows", kind, have, list, rows)
	}
	if n := len(p.GetNulls()); n != 0 && n != rows && kind != plugins.Any {
		return fmt.Errorf("a column has %d nulls for %d rows", n, rows)
	}
	if kind == plugins.Any {
		return checkAny(p, rows)
	}
	return nil
}

func checkAny(p *pb.Column, rows int) error {
	needsInts, needsTexts := false, false
	for _, b := range p.GetKinds() {
		switch k := plugins.Kind(b); {
		case k == plugins.Null:
		case k == plugins.Any || k > plugins.Record:
			return fmt.Errorf("a value is of kind %d, which no value is", b)
		case hasText(k):
			needsTexts = true
		default:
			needsInts = true
		}
	}
	if n := len(p.GetInts()); n != rows && (needsInts || n > 0) {
		return fmt.Errorf("a column of kind any has %d ints for %d rows", n, rows)
	}
	if needsTexts || p.GetTexts() != nil {
		return checkBytes("texts", p.GetTexts(), rows)
	}
	return nil
}

// hasText reports whether values of the kind are bytes.
func hasText(k plugins.Kind) bool { return k == plugins.String || k == plugins.Bytes || k.Nested() }

type columnReader struct {
	p   *pb.Column
	c   *plugins.Column
	at  []uint32
	bad Bad
}

func (r *columnReader) row(k int) uint32 {
	if r.at == nil {
		return uint32(k)
	}
	return r.at[k]
}

func (r *columnReader) isNull(k int) bool { return len(r.p.GetNulls()) > 0 && r.p.GetNulls()[k] }

func scatter[T any](to, from []T, at []uint32) {
	if at == nil {
		copy(to, from)
		return
	}
	for k, i := range at {
		to[i] = from[k]
	}
}

func (r *columnReader) floats() {
	scatter(r.c.Floats, r.p.GetFloats(), r.at)
	if r.bad == nil {
		return
	}
	for k, v := range r.p.GetFloats() {
		if v-v == 0 { // neither an infinity nor no number
			continue
		}
		i := r.row(k)
		r.c.Floats[i] = 0
		if !r.isNull(k) {
			r.bad(i, CodeNumber, wrongNumber(v))
		}
	}
}

func (r *columnReader) texts(kind plugins.Kind) {
	data := r.p.GetTexts().GetData()
	r.c.Data = append(r.c.Data[:0], data...)
	check := r.bad != nil && kind != plugins.Bytes && (kind != plugins.String || !allText(r.p.GetTexts()))
	off := uint32(0)
	for k, n := range r.p.GetTexts().GetLengths() {
		i := r.row(k)
		r.c.Spans[i] = plugins.Span{Off: off, Len: n}
		if check && !r.isNull(k) {
			r.text(i, kind, data[off:off+n])
		}
		off += n
	}
}

// text checks the bytes of a row, and replaces those that cannot stay as they are.
func (r *columnReader) text(i uint32, kind plugins.Kind, text []byte) {
	if code, msg := wrongText(kind, text); msg != "" {
		harmless := ""
		if kind == plugins.List {
			harmless = "[]"
		} else if kind.Nested() {
			harmless = "{}"
		}
		r.c.AppendString(i, harmless)
		r.bad(i, code, msg)
		return
	}
	if kind.Nested() && bytes.ContainsAny(text, "\n\r") {
		r.c.AppendBytes(i, line(text))
	}
}

// allText reports whether all parts of a run are surely UTF-8.
func allText(p *pb.Bytes) bool {
	data := p.GetData()
	if !utf8.Valid(data) {
		return false
	}
	off := uint32(0)
	for _, n := range p.GetLengths() {
		if n > 0 && !utf8.RuneStart(data[off]) {
			return false
		}
		off += n
	}
	return true
}

func (r *columnReader) any() error {
	ints, data := r.p.GetInts(), r.p.GetTexts().GetData()
	lengths := r.p.GetTexts().GetLengths()
	r.c.Data = append(r.c.Data[:0], data...)
	off := uint32(0)
	for k, b := range r.p.GetKinds() {
		i, kind, n := r.row(k), plugins.Kind(b), uint32(0)
		if len(lengths) > 0 {
			n = lengths[k]
		}
		r.c.Kinds[i], r.c.Ints[i], r.c.Spans[i] = kind, 0, plugins.Span{}
		switch {
		case kind == plugins.Null:
		case hasText(kind):
			r.c.Spans[i] = plugins.Span{Off: off, Len: n}
			if r.bad != nil && kind != plugins.Bytes {
				r.text(i, kind, data[off:off+n])
			}
		default:
			r.c.Ints[i] = ints[k]
			if err := r.scalar(i, kind, ints[k]); err != nil {
				return fmt.Errorf("column %q: %w", Clip(r.p.GetName(), 64), err)
			}
		}
		off += n
	}
	return nil
}

func (r *columnReader) scalar(i uint32, kind plugins.Kind, v int64) error {
	if r.bad == nil {
		return nil
	}
	if kind == plugins.Bool && uint64(v) > 1 {
		return fmt.Errorf("a boolean is %d: it is to be 0 or 1", v)
	}
	if kind == plugins.Float {
		if msg := wrongNumber(math.Float64frombits(uint64(v))); msg != "" {
			r.c.Ints[i] = 0
			r.bad(i, CodeNumber, msg)
		}
	}
	return nil
}
