package codec

import (
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// binaryEncoder writes records as maps: the members of what the record was made
// from, except for those set or removed, then the columns.
type binaryEncoder struct {
	itemWriter
	base    base
	columns []binaryMember
	hidden  hidden
	perRow  int
}

// binaryMember is a column and the key in front of its value.
type binaryMember struct {
	path   plugins.Path
	key    []byte
	layout string
	col    *plugins.Column
}

var _ plugins.Encoder = (*binaryEncoder)(nil)

func newBinaryEncoder(c plugins.EncoderConfig, name string, f itemFormat) plugins.Encoder {
	e := &binaryEncoder{itemWriter: itemWriter{format: f}, base: baseOf(c.Shape, name), hidden: hiddenBy(c.Shape), perRow: 64}
	for _, x := range columnsOf(c.Shape) {
		e.columns = append(e.columns, binaryMember{
			path: plugins.JoinPath(x.Name), key: f.appendText(nil, []byte(x.Name)), layout: x.Type.Layout,
		})
	}
	return e
}

// Needs implements [plugins.Encoder].
func (e *binaryEncoder) Needs() []plugins.Field { return e.base.needs() }

// Preamble implements [plugins.Encoder].
func (e *binaryEncoder) Preamble() []byte { return nil }

// Encode implements [plugins.Encoder].
func (e *binaryEncoder) Encode(b, dst *plugins.Batch) {
	for k := range e.columns {
		c := &e.columns[k]
		c.col = b.Column(c.path)
	}
	e.base.of(b)
	w := writer(dst, e.perRow*len(b.Sel))
	for _, i := range b.Sel {
		start := len(w.out)
		out, err := e.record(w.out, i)
		if err != nil {
			w.out = out[:start]
			fail(b, i, codeEncode, err)
			continue
		}
		w.out = out
		w.end(start, nil)
	}
	e.perRow = w.done(dst, e.perRow)
	b.DropFailed()
}

func (e *binaryEncoder) record(dst []byte, row uint32) (_ []byte, err error) {
	text := e.base.text(row)
	switch {
	case text == nil:
		dst = e.format.appendMap(dst, len(e.columns))
	case e.base.payload:
		dst, err = e.members(dst, text)
	default:
		dst, err = e.membersOfJSON(dst, text)
	}
	if err != nil {
		return dst, err
	}
	for k := range e.columns {
		c := &e.columns[k]
		dst = append(dst, c.key...)
		if dst, err = e.appendRow(dst, c.col, row, c.layout); err != nil {
			return dst, &fieldError{c.path, err}
		}
	}
	return dst, nil
}

// members appends the head of the map and the members of the payload that
// still count, as they are.
func (e *binaryEncoder) members(dst, data []byte) ([]byte, error) {
	t, first, err := e.format.read(data, 0)
	if err != nil {
		return dst, err
	}
	if t.kind != plugins.Map {
		return dst, errNotMap
	}
	// The head says how many follow, so they are counted first.
	n := len(e.columns)
	if err := e.each(data, t, first, func(_, _ int) { n++ }); err != nil {
		return dst, err
	}
	dst = e.format.appendMap(dst, n)
	err = e.each(data, t, first, func(p, end int) { dst = append(dst, data[p:end]...) })
	return dst, err
}

// each calls f with the place of each member of the map t that still counts.
func (e *binaryEncoder) each(data []byte, t token, p int, f func(p, end int)) error {
	for k := int64(0); ; k++ {
		more, start, err := hasItem(e.format, data, t, p, k)
		if err != nil || !more {
			return err
		}
		key, next, err := readName(e.format, data, start)
		if err != nil {
			return err
		}
		if p, err = skip(e.format, data, next, 2); err != nil {
			return err
		}
		if !e.hidden.has(key) {
			f(start, p)
		}
	}
}

// membersOfJSON does what members does for a record in JSON.
func (e *binaryEncoder) membersOfJSON(dst, text []byte) ([]byte, error) {
	n := len(e.columns)
	it := jsontext.Members(text)
	for it.Next() {
		if !e.hidden.has(it.Key()) {
			n++
		}
	}
	dst = e.format.appendMap(dst, n)
	it = jsontext.Members(text)
	for it.Next() {
		if e.hidden.has(it.Key()) {
			continue
		}
		var err error
		dst = e.format.appendText(dst, it.Key())
		if dst, err = e.appendJSON(dst, it.Value()); err != nil {
			return dst, err
		}
	}
	return dst, it.Err()
}
