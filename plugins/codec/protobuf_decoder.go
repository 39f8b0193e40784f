package codec

import (
	"errors"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
	"google.golang.org/protobuf/encoding/protowire"
)

// protoDecoder reads fields out of messages.
type protoDecoder struct {
	fields
	protoJSON
	wire   string
	step   *protoStep // of all records; nil where each names its message
	ids    lookups[*protoFiles]
	steps  map[string]*protoStep // by what stands in front of a record
	places []int
}

var _ plugins.Decoder = (*protoDecoder)(nil)

// Decode implements [plugins.Decoder].
func (d *protoDecoder) Decode(b *plugins.Batch) {
	d.begin(b)
	d.ids.begin()
	for _, i := range b.Sel {
		v := b.Values[i]
		if err := d.read(&b.Data, int(v.Off), int(v.Off+v.Len), i); err != nil {
			fail(b, i, codeDecode, err)
		}
	}
	d.end(b)
}

// read reads the fields of the record at data[p:end].
func (d *protoDecoder) read(data *[]byte, p, end int, row uint32) (err error) {
	record, step := (*data)[p:end], d.step
	switch d.wire {
	case wireConfluent:
		head, err := d.head(record)
		if err != nil {
			return err
		}
		if step == nil {
			if step, err = d.stepOf(record[:head]); err != nil {
				return err
			}
		}
		p += head
	case wireDelimited:
		n, size := protowire.ConsumeVarint(record)
		if size < 0 || n != uint64(len(record)-size) {
			return errLength
		}
		p += size
	}
	d.text = (*data)[:end:end]
	d.entries, d.oneofs = d.entries[:0], d.oneofs[:0]
	err = d.recordIn(step, data, p, end, row)
	if err != nil && d.wire == wireNone {
		return hintAtID(err, record)
	}
	return err
}

// recordIn reads the message at data[p:end].
func (d *protoDecoder) recordIn(step *protoStep, data *[]byte, p, end int, row uint32) error {
	for _, s := range d.whole {
		start := len(*data)
		d.entries = append(d.entries[:0], protoEntry{p: p, end: end})
		out, err := d.appendMessage(*data, step.m, 0, 1, 1)
		if err != nil {
			return err
		}
		*data = out
		s.setText(row, plugins.Record, spanFrom(out, start))
	}
	d.record()
	if d.left == 0 {
		return nil
	}
	step.reset()
	if err := d.message(step, p, end, 1); err != nil {
		return err
	}
	if err := d.finish(step, data, row); err != nil {
		return err
	}
	return d.absent(row)
}

// message reads what s wants of the message, or a piece of it, at text[p:end].
func (d *protoDecoder) message(s *protoStep, p, end, depth int) error {
	if depth > jsontext.MaxDepth {
		return jsontext.ErrDepth
	}
	s.seen = d.stamp
	s.near = 0
	for p < end {
		n, e, next, err := nextProtoField(d.text[:end], p)
		if err != nil {
			return err
		}
		p = next
		t := s.find(n)
		if t == nil || !t.field.takes(e.wire) {
			continue
		}
		if t.field.oneof >= 0 {
			s.displace(t)
		}
		switch {
		case t.child != nil:
			err = d.message(t.child, e.p, e.end, depth+1)
		case t.field.list || t.field.message != nil:
			t.got = append(t.got, e)
		default:
			t.got = append(t.got[:0], e) // a later one replaces it
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// displace forgets the other fields of a oneof: the last one counts.
func (s *protoStep) displace(t *protoTarget) {
	for _, x := range s.targets {
		if x == t || x.field.oneof != t.field.oneof {
			continue
		}
		x.got = x.got[:0]
		if x.child != nil {
			x.child.reset()
		}
	}
}

// scalar makes a scalar the value of row.
func (d *protoDecoder) scalar(t *protoTarget, data *[]byte, row uint32) error {
	if len(t.got) > 0 {
		e := t.got[0]
		v, _, err := t.field.token(d.text, e.p, e.end)
		if err != nil {
			return err
		}
		return d.set(t, data, v, row)
	}
	if !t.field.fallback {
		return nil // it is absent
	}
	v := t.field.preset
	v.p = len(*data)
	*data = append(*data, t.field.presetText...)
	v.end = len(*data)
	return d.set(t, data, v, row)
}

// set makes a token the value of row; its text is in data.
func (d *protoDecoder) set(t *protoTarget, data *[]byte, v token, row uint32) error {
	if t.field.symbols != nil && v.kind == plugins.Int {
		start := len(*data)
		*data = t.field.appendSymbol(*data, v.n)
		v = token{kind: plugins.String, p: start, end: len(*data)}
	}
	d.found(t.leaf)
	for _, s := range t.leaf.slots {
		if err := s.token(nil, data, v, row); err != nil {
			return s.failed(err)
		}
	}
	return nil
}

// finish reads what was gathered of a message, and sets what it lacks.
func (d *protoDecoder) finish(s *protoStep, data *[]byte, row uint32) (err error) {
	for _, t := range s.targets {
		switch {
		case t.child != nil:
			if t.child.seen == d.stamp {
				err = d.finish(t.child, data, row)
			}
		case t.inside != nil:
			err = d.insideOf(t, data, row)
		case t.leaf == nil:
		case t.field.list || t.field.message != nil:
			err = d.gathered(t, data, row)
		default:
			err = d.scalar(t, data, row)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// gathered makes what was gathered of a field the value of row.
func (d *protoDecoder) gathered(t *protoTarget, data *[]byte, row uint32) error {
	f := t.field
	if len(t.got) == 0 && !f.list && !f.isMap {
		return nil // it is absent
	}
	if f.nested() {
		if f.message != nil && f.message.known == protoValue && !f.list {
			return d.anyValue(t, data, row)
		}
		for _, s := range t.leaf.slots {
			if err := s.wantsNested(f.isList()); err != nil {
				return s.failed(err)
			}
		}
		start, err := d.render(t, data)
		if err != nil {
			return t.leaf.slots[0].failed(err)
		}
		d.found(t.leaf)
		for _, s := range t.leaf.slots {
			s.nestedText(row, f.isList(), *data, start)
		}
		return nil
	}
	if f.message.known == protoWrapper {
		return d.wrapped(t, data, row)
	}
	v, err := f.message.secondsOf(d.text, t.got)
	if err != nil {
		return err
	}
	return d.set(t, data, v, row)
}

// isList reports whether the field is held as a list.
func (f *protoField) isList() bool {
	return f.list || !f.isMap && f.message != nil && f.message.known == protoListValue
}

// wrapped makes the scalar in a wrapper the value of row.
func (d *protoDecoder) wrapped(t *protoTarget, data *[]byte, row uint32) error {
	inner := &protoTarget{field: t.field.message.fields[0], leaf: t.leaf}
	v := inner.field.preset
	for _, piece := range t.got {
		for p := piece.p; p < piece.end; {
			n, e, next, err := nextProtoField(d.text[:piece.end], p)
			if err != nil {
				return err
			}
			p = next
			if n == inner.field.number && inner.field.takes(e.wire) {
				if v, _, err = inner.field.token(d.text, e.p, e.end); err != nil {
					return err
				}
			}
		}
	}
	return d.set(inner, data, v, row)
}

// anyValue makes a google.protobuf.Value the value of row.
func (d *protoDecoder) anyValue(t *protoTarget, data *[]byte, row uint32) error {
	start, err := d.render(t, data)
	if err != nil {
		return t.leaf.slots[0].failed(err)
	}
	d.found(t.leaf)
	_, err = t.leaf.read(data, start, len(*data), row)
	return err
}

// insideOf reads what is wanted of what is in a field.
func (d *protoDecoder) insideOf(t *protoTarget, data *[]byte, row uint32) error {
	if len(t.got) == 0 {
		return nil
	}
	start, err := d.render(t, data)
	if err != nil {
		return &fieldError{plugins.JoinPath(t.field.name), err}
	}
	return d.inside(t.inside, data, start, len(*data), row)
}

// render appends, as JSON, what was gathered of a field.
func (d *protoDecoder) render(t *protoTarget, data *[]byte) (start int, err error) {
	d.entries, d.oneofs = append(d.entries[:0], t.got...), d.oneofs[:0]
	start = len(*data)
	out, err := d.appendField(*data, t.field, 0, len(t.got), 2)
	if err == nil {
		*data = out
	}
	return start, err
}

var errLength = &rowError{`record does not begin with its length: it is cut off, or was written without; then set wire = "none"`}

var errNoPlace = errors.New("does not say, behind the id of its schema, which message it is")
