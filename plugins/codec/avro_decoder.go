package codec

import (
	"strconv"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// avroDecoder reads fields out of Avro records.
type avroDecoder struct {
	fields
	avroReader
	wire   string
	plan   *avroPlan // of all records; nil where each names its schema
	reader *avroType // the schema of whoever reads, nil for that of who wrote
	ids    lookups[*avroType]
	plans  map[uint32]*avroPlan
	lastID uint32
	last   *avroPlan // of lastID
}

// avroPlan is how records of a schema are read.
type avroPlan struct {
	t    *avroType
	step *avroStep
}

var _ plugins.Decoder = (*avroDecoder)(nil)

// Decode implements [plugins.Decoder].
func (d *avroDecoder) Decode(b *plugins.Batch) {
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
func (d *avroDecoder) read(data *[]byte, p, end int, row uint32) error {
	plan := d.plan
	if d.wire == wireConfluent {
		id, ok := idOf((*data)[p:end])
		if !ok {
			return errNoID
		}
		var err error
		if plan, err = d.planOf(id); err != nil {
			return err
		}
		p += idBytes
	}
	d.text, d.empty = (*data)[:end:end], 0
	if err := d.record(plan, data, p, row); err != nil {
		if d.wire == wireNone {
			return hintAtID(err, (*data)[p:end])
		}
		return err
	}
	return nil
}

func (d *avroDecoder) record(plan *avroPlan, data *[]byte, p int, row uint32) error {
	next := -1
	for _, s := range d.whole {
		start := len(*data)
		out, stop, err := d.appendJSON(*data, plan.t, p, 1)
		if err != nil {
			return err
		}
		*data, next = out, stop
		s.setText(row, plugins.Record, spanFrom(out, start))
	}
	d.fields.record()
	if next < 0 || d.left > 0 {
		var err error
		if next, err = d.step(plan.step, plan.t, data, p, row, 1); err != nil {
			return err
		}
	}
	if next != len(d.text) {
		return errNotAvro
	}
	return d.absent(row)
}

// planOf returns how records of a schema in the registry are read.
func (d *avroDecoder) planOf(id uint32) (*avroPlan, error) {
	if d.last != nil && d.lastID == id {
		return d.last, nil
	}
	plan := d.plans[id]
	if plan == nil {
		t, err := d.ids.schema(id)
		if err != nil {
			return nil, err
		}
		if d.reader != nil {
			t = resolveAvro(t, d.reader)
		}
		if d.plans == nil || len(d.plans) >= maxSchemas {
			d.plans = map[uint32]*avroPlan{}
		}
		plan = &avroPlan{t, planAvro(t, d.root)}
		d.plans[id] = plan
	}
	d.last, d.lastID = plan, id
	return plan, nil
}

// step reads what s wants of the value of a type at p. It returns the index
// behind the value.
func (d *avroDecoder) step(s *avroStep, t *avroType, data *[]byte, p int, row uint32, depth int) (_ int, err error) {
	switch {
	case s == nil:
		return d.skip(t, p, depth)
	case depth > jsontext.MaxDepth:
		return p, jsontext.ErrDepth
	case s.leaf != nil:
		return d.leaf(s.leaf, t, data, p, row, depth)
	case t.kind == avroUnion:
		i, p, err := d.branch(t, p)
		if err != nil {
			return p, err
		}
		return d.step(s.branches[i], t.branches[i], data, p, row, depth+1)
	case s.inside != nil:
		start := len(*data)
		out, next, err := d.appendJSON(*data, t, p, depth)
		if err != nil {
			return p, err
		}
		*data = out
		return next, d.inside(s.inside, data, start, len(out), row)
	}
	if err := d.count(t); err != nil {
		return p, err
	}
	for i, f := range s.fields {
		if p, err = d.step(f, t.fields[i].t, data, p, row, depth+1); err != nil {
			return p, err
		}
	}
	for _, x := range s.extras {
		if err := d.extra(x, data, row, depth+1); err != nil {
			return p, err
		}
	}
	return p, nil
}

// extra reads what is wanted of a field that the record does not have.
func (d *avroDecoder) extra(x avroExtraStep, data *[]byte, row uint32, depth int) error {
	text, start := d.text, len(*data)
	*data = append(*data, x.data...)
	d.text = (*data)[:len(*data):len(*data)]
	_, err := d.step(x.avroStep, x.t, data, start, row, depth)
	d.text = text
	return err
}

// leaf reads the value of a type at p into every slot.
func (d *avroDecoder) leaf(l *leaf, t *avroType, data *[]byte, p int, row uint32, depth int) (next int, err error) {
	for t.kind == avroUnion {
		i, after, err := d.branch(t, p)
		if err != nil {
			return p, err
		}
		t, p = t.branches[i], after
	}
	d.found(l)
	for _, s := range l.slots {
		if next, err = d.value(s, t, data, p, row, depth); err != nil {
			return p, err
		}
	}
	return next, nil
}

// value makes the value of a type at p, which is no union, the one of row.
func (d *avroDecoder) value(s *slot, t *avroType, data *[]byte, p int, row uint32, depth int) (int, error) {
	start := len(*data)
	switch {
	case t.kind == avroRecord || t.kind == avroArray || t.kind == avroMap:
		list := t.kind == avroArray
		if err := s.wantsNested(list); err != nil {
			return p, s.failed(err)
		}
		out, next, err := d.appendJSON(*data, t, p, depth)
		if err != nil {
			return p, s.failed(err)
		}
		*data = out
		s.nestedText(row, list, out, start)
		return next, nil
	case t.written():
		out, next, err := d.appendWritten(*data, t, p)
		if err != nil {
			return p, s.failed(err)
		}
		tok := token{kind: plugins.String, p: start, end: len(out)}
		if t.logical == avroDecimal && s.Type.Kind != plugins.String {
			f, err := strconv.ParseFloat(string(out[start:]), 64)
			if err != nil {
				return p, s.failed(jsontext.ErrRange)
			}
			out, tok = out[:start], token{kind: plugins.Float, f: f}
		}
		*data = out
		if err := s.token(nil, data, tok, row); err != nil {
			return p, s.failed(err)
		}
		return next, nil
	}
	tok, next, err := d.token(t, p)
	if err != nil {
		return p, err
	}
	if err := s.token(nil, data, tok, row); err != nil {
		return p, s.failed(err)
	}
	return next, nil
}

var errNotAvro = &rowError{"record has other bytes behind it: it was written with another schema, or is no Avro"}
