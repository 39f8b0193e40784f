package codec

import (
	"cmp"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
	"google.golang.org/protobuf/encoding/protowire"
)

// protoJSON writes messages as JSON. A field may stand in a message several
// times, in any order: single values replace, messages are merged, lists go on.
// So its entries are gathered before anything is written.
type protoJSON struct {
	text    []byte       // of the record
	entries []protoEntry // of the messages that are being written, as a stack
	oneofs  []protoOneof // likewise
}

// protoOneof is which field of a oneof counts, and from which entry on.
type protoOneof struct {
	field *protoField
	since int
}

// appendMessage appends the message whose pieces are entries[lo:hi].
func (w *protoJSON) appendMessage(dst []byte, m *protoMessage, lo, hi, depth int) (_ []byte, err error) {
	if depth > jsontext.MaxDepth {
		return dst, jsontext.ErrDepth
	}
	if m.known == protoTimestamp || m.known == protoDuration {
		t, err := m.secondsOf(w.text, w.entries[lo:hi])
		if err == nil {
			err = t.err
		}
		if err != nil {
			return dst, err
		}
		return appendTokenJSON(dst, nil, t)
	}
	base, oneofs := len(w.entries), len(w.oneofs)
	defer func() { w.entries, w.oneofs = w.entries[:base], w.oneofs[:oneofs] }()
	if err := w.gather(m, lo, hi); err != nil {
		return dst, err
	}
	plain := m.known == protoPlain
	if plain {
		dst = append(dst, '{')
	}
	first, found := len(dst), false
	at := base
	for _, f := range m.fields {
		from := at
		for at < len(w.entries) && w.entries[at].field == f {
			at++
		}
		to := at
		if f.oneof >= 0 && from < to {
			o := w.oneofs[oneofs+f.oneof]
			if o.field != f {
				from = to
			}
			for from < to && w.entries[from].seq < o.since {
				from++
			}
		}
		if from == to && !f.fallback {
			continue
		}
		if plain {
			if len(dst) > first {
				dst = append(dst, ',')
			}
			dst = append(dst, f.key...)
		}
		found = true
		if m.known == protoValue && f.symbols != nil {
			return append(dst, "null"...), nil // the only symbol there is
		}
		if dst, err = w.appendField(dst, f, from, to, depth+1); err != nil {
			return dst, err
		}
	}
	switch {
	case plain:
		dst = append(dst, '}')
	case !found:
		dst = append(dst, "null"...)
	}
	return dst, nil
}

// gather appends the entries of a message, whose pieces are entries[lo:hi],
// in the order of its fields.
func (w *protoJSON) gather(m *protoMessage, lo, hi int) error {
	base, oneofs := len(w.entries), len(w.oneofs)
	for range m.oneofs {
		w.oneofs = append(w.oneofs, protoOneof{})
	}
	sorted, last := true, -1
	for i := lo; i < hi; i++ {
		piece := w.entries[i]
		for p := piece.p; p < piece.end; {
			n, e, next, err := nextProtoField(w.text[:piece.end], p)
			if err != nil {
				return err
			}
			p = next
			if e.field = m.field(n); e.field == nil || !e.field.takes(e.wire) {
				continue
			}
			e.seq = len(w.entries) - base
			if k := e.field.oneof; k >= 0 && w.oneofs[oneofs+k].field != e.field {
				w.oneofs[oneofs+k] = protoOneof{e.field, e.seq}
			}
			sorted = sorted && e.field.index >= last
			last = e.field.index
			w.entries = append(w.entries, e)
		}
	}
	if !sorted {
		slices.SortStableFunc(w.entries[base:], func(a, b protoEntry) int { return cmp.Compare(a.field.index, b.field.index) })
	}
	return nil
}

// appendField appends the value of a field whose entries are entries[lo:hi];
// its default, where there is none.
func (w *protoJSON) appendField(dst []byte, f *protoField, lo, hi, depth int) ([]byte, error) {
	switch {
	case f.isMap:
		return w.appendMap(dst, f, lo, hi, depth)
	case f.list:
		return w.appendList(dst, f, lo, hi, depth)
	case f.message != nil:
		return w.appendMessage(dst, f.message, lo, hi, depth)
	case lo == hi:
		return f.appendPreset(dst)
	}
	e := w.entries[hi-1]
	dst, _, err := w.appendScalar(dst, f, e.p, e.end)
	return dst, err
}

// appendPreset appends the default of a scalar.
func (f *protoField) appendPreset(dst []byte) ([]byte, error) {
	t := f.preset
	t.end = len(f.presetText)
	if t.err != nil {
		return dst, t.err
	}
	return appendTokenJSON(dst, f.presetText, t)
}

// appendScalar appends the first scalar in text[p:end].
func (w *protoJSON) appendScalar(dst []byte, f *protoField, p, end int) ([]byte, int, error) {
	t, next, err := f.token(w.text, p, end)
	switch {
	case err != nil:
		return dst, p, err
	case t.err != nil:
		return dst, p, t.err
	case f.symbols != nil:
		dst = append(dst, '"')
		return append(f.appendSymbol(dst, t.n), '"'), next, nil
	}
	dst, err = appendTokenJSON(dst, w.text, t)
	return dst, next, err
}

func (w *protoJSON) appendList(dst []byte, f *protoField, lo, hi, depth int) (_ []byte, err error) {
	dst = append(dst, '[')
	first := len(dst)
	for i := lo; i < hi; i++ {
		e := w.entries[i]
		for p := e.p; ; {
			if f.message == nil && e.wire == protowire.BytesType && f.wireType() != e.wire && p == e.end {
				break // several, one behind the other, of which none is left
			}
			if len(dst) > first {
				dst = append(dst, ',')
			}
			if f.message != nil {
				dst, err = w.appendMessage(dst, f.message, i, i+1, depth)
				p = e.end
			} else {
				dst, p, err = w.appendScalar(dst, f, p, e.end)
			}
			if err != nil {
				return dst, err
			}
			if p == e.end {
				break
			}
		}
	}
	return append(dst, ']'), nil
}

// appendMap appends a map. Of entries with the same key the last one counts, so
// that they are written from behind.
func (w *protoJSON) appendMap(dst []byte, f *protoField, lo, hi, depth int) (_ []byte, err error) {
	dst = append(dst, '{')
	first := len(dst)
	var seen map[string]bool
	if hi-lo > 1 {
		seen = make(map[string]bool, hi-lo)
	}
	for i := hi - 1; i >= lo; i-- {
		start := len(dst)
		if start > first {
			dst = append(dst, ',')
		}
		key := len(dst)
		base := len(w.entries)
		if err = w.gather(f.message, i, i+1); err != nil {
			return dst, err
		}
		values := base
		for values < len(w.entries) && w.entries[values].field.index == 0 {
			values++
		}
		if dst, err = w.appendKey(dst, f.message.fields[0], base, values); err != nil {
			return dst, err
		}
		if seen != nil && seen[string(dst[key:])] {
			dst, w.entries = dst[:start], w.entries[:base]
			continue
		}
		if seen != nil {
			seen[string(dst[key:])] = true
		}
		dst = append(dst, ':')
		dst, err = w.appendField(dst, f.message.fields[1], values, len(w.entries), depth)
		w.entries = w.entries[:base]
		if err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// appendKey appends the key of a map as a string.
func (w *protoJSON) appendKey(dst []byte, f *protoField, lo, hi int) ([]byte, error) {
	quoted := f.scalarKind() == plugins.String
	if !quoted {
		dst = append(dst, '"')
	}
	dst, err := w.appendField(dst, f, lo, hi, 0)
	if !quoted {
		dst = append(dst, '"')
	}
	return dst, err
}
