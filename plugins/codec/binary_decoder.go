package codec

import (
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// binaryDecoder reads fields out of maps.
type binaryDecoder struct {
	fields
	format itemFormat
}

var _ plugins.Decoder = (*binaryDecoder)(nil)

// Decode implements [plugins.Decoder].
func (d *binaryDecoder) Decode(b *plugins.Batch) {
	d.begin(b)
	for _, i := range b.Sel {
		v := b.Values[i]
		if err := d.read(&b.Data, int(v.Off), int(v.Off+v.Len), i); err != nil {
			fail(b, i, codeDecode, err)
		}
	}
	d.end(b)
}

// read reads the fields of the record at data[p:end].
func (d *binaryDecoder) read(data *[]byte, p, end int, row uint32) error {
	text := (*data)[:end]
	t, next, err := d.format.read(text, p)
	if err != nil {
		return err
	}
	if t.kind != plugins.Map {
		return errNotMap
	}
	for _, s := range d.whole {
		start := len(*data)
		out, stop, err := appendJSON(d.format, *data, text, t, next, 1)
		if err == nil && stop != end {
			err = errMalformed
		}
		if err != nil {
			return err
		}
		*data = out
		s.setText(row, plugins.Record, plugins.Span{Off: uint32(start), Len: uint32(len(out) - start)})
	}
	d.record()
	if d.left == 0 {
		return nil
	}
	if p, err = d.members(d.root, data, t, next, end, row, 1); err != nil || d.left == 0 {
		return err
	}
	if p != end {
		return errMalformed
	}
	for _, l := range d.leaves {
		if l.seen != d.stamp {
			if err := l.missing(row); err != nil {
				return err
			}
		}
	}
	return nil
}

// members reads what n wants of the map t whose items start at p. It returns
// the index behind it, or early when nothing is left to find.
func (d *binaryDecoder) members(n *node, data *[]byte, t token, p, end int, row uint32, depth int) (int, error) {
	for k := int64(0); ; k++ {
		text := (*data)[:end]
		more, next, err := hasItem(d.format, text, t, p, k)
		if err != nil || !more {
			return next, err
		}
		key, next, err := readName(d.format, text, next)
		if err != nil {
			return p, err
		}
		value, next, err := d.format.read(text, next)
		if err != nil {
			return p, err
		}
		c := n.match(key)
		if c == nil || c.seen == d.stamp { // of duplicate keys the first wins
			if p, err = skipItems(d.format, text, value, next, depth+1); err != nil {
				return p, err
			}
			continue
		}
		c.seen = d.stamp
		switch {
		case c.leaf != nil:
			c.leaf.seen = d.stamp
			d.left--
			p, err = d.leaf(c.leaf, data, value, next, end, row, depth+1)
		case value.kind == plugins.Map:
			p, err = d.members(c, data, value, next, end, row, depth+1)
		default:
			p, err = skipItems(d.format, text, value, next, depth+1)
		}
		if err != nil || d.left == 0 {
			return p, err
		}
	}
}

// leaf reads the value that begins with t and goes on at p into every slot.
func (d *binaryDecoder) leaf(l *leaf, data *[]byte, t token, p, end int, row uint32, depth int) (int, error) {
	for _, s := range l.slots {
		var err error
		if t.kind.Nested() {
			err = s.nestedToken(d.format, data, t, p, end, row, depth)
		} else {
			err = s.token(d.format, data, t, row)
		}
		if err != nil {
			return p, s.failed(err)
		}
	}
	return skipItems(d.format, (*data)[:end], t, p, depth)
}

// nestedToken makes the list or map t, whose items start at p, the value of row.
func (s *slot) nestedToken(f itemFormat, data *[]byte, t token, p, end int, row uint32, depth int) error {
	kind := plugins.List
	if t.kind == plugins.Map {
		kind = plugins.Record
	}
	want := s.Type.Kind
	if want != plugins.Any && (!want.Nested() || (want == plugins.List) != (kind == plugins.List)) {
		return &jsontext.MismatchError{Got: kind, Want: want}
	}
	start := len(*data)
	out, _, err := appendJSON(f, *data, (*data)[:end], t, p, depth)
	if err != nil {
		return err
	}
	*data = out
	s.present(row)
	s.setText(row, kind, plugins.Span{Off: uint32(start), Len: uint32(len(out) - start)})
	return nil
}
