package codec

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

var errNoHeader = errors.New("has no header row in front of it")

// csvDecoder reads fields out of rows.
type csvDecoder struct {
	csvOptions
	schema plugins.Type
	slots  []*slot // in the order wanted
	whole  []*slot // the record itself
	object csvObject

	names    []string // of the columns
	headerIs string   // where they come from
	err      error    // why there are none
	wanted   []csvField
	cells    []cell
}

// csvField is a field and the index of its column, -1 when there is none.
type csvField struct {
	slot   *slot
	column int
	inside []string // the path in the JSON text that the cell is
}

var _ plugins.Decoder = (*csvDecoder)(nil)

func newCSVDecoder(c plugins.DecoderConfig) (plugins.Decoder, error) {
	o, err := csvOptionsOf(c.Options)
	if err != nil {
		return nil, err
	}
	if !o.header && o.columns == nil {
		return nil, plugins.ConfigErrorf("columns", "without a header, the names of the columns are needed: set columns")
	}
	d := &csvDecoder{csvOptions: o, schema: c.Schema}
	for _, f := range c.Fields {
		s := newSlot(f)
		d.slots = append(d.slots, s)
		path := plugins.SplitPath(f.Name)
		if len(path) == 0 {
			d.whole = append(d.whole, s)
			continue
		}
		d.wanted = append(d.wanted, csvField{slot: s, inside: path[1:]})
	}
	if o.columns != nil {
		d.setNames(o.columns)
	}
	return d, nil
}

// setNames says what the columns are called.
func (d *csvDecoder) setNames(names []string) {
	d.names = names
	for k := range d.wanted {
		f := &d.wanted[k]
		f.column = slices.Index(names, plugins.SplitPath(f.slot.path)[0])
	}
	if len(d.whole) > 0 {
		d.object.setNames(names, d.schema)
	}
}

// readHeader takes the names from the header of the batch, if it is another one
// than before.
func (d *csvDecoder) readHeader(b *plugins.Batch) {
	if d.columns != nil || d.headerIs != "" && d.headerIs == string(b.Preamble) {
		return
	}
	d.headerIs = string(b.Preamble)
	if d.err = errNoHeader; b.Preamble != nil {
		var names []string
		if names, d.err = CSVNames(b.Preamble, d.delimiter); d.err == nil {
			d.setNames(names)
		}
	}
}

// Decode implements [plugins.Decoder].
func (d *csvDecoder) Decode(b *plugins.Batch) {
	for _, s := range d.slots {
		s.col.Reset(s.Type.Kind, b.Len)
	}
	d.object.text = d.object.text[:0]
	d.readHeader(b)
	for _, i := range b.Sel {
		if err := d.record(b, i); err != nil {
			fail(b, i, codeDecode, err)
		}
	}
	for _, s := range d.slots {
		s.col.Data = b.Data
	}
	for _, s := range d.whole {
		s.col.Data = d.object.text
	}
	b.DropFailed()
	for _, s := range d.slots {
		b.AddColumn(s.path, &s.col)
	}
}

func (d *csvDecoder) record(b *plugins.Batch, row uint32) (err error) {
	if d.err != nil {
		return d.err
	}
	v := b.Values[row]
	d.cells, err = appendCells(d.cells[:0], b.Data, int(v.Off), int(v.Off+v.Len), d.delimiter)
	if err != nil {
		return err
	}
	if len(d.cells) != len(d.names) {
		return d.countError()
	}
	for k := range d.wanted {
		if err := d.read(&b.Data, &d.wanted[k], row); err != nil {
			return err
		}
	}
	if len(d.whole) == 0 {
		return nil
	}
	span, err := d.object.read(&b.Data, d.cells, d.null)
	for _, s := range d.whole {
		s.setText(row, plugins.Record, span)
	}
	return err
}

// read reads one field of the present row.
func (d *csvDecoder) read(data *[]byte, f *csvField, row uint32) error {
	if f.column < 0 {
		if f.slot.missing(row) != nil {
			return &fieldError{f.slot.path, fmt.Errorf("is missing: the header has %s", strings.Join(d.names, ", "))}
		}
		return nil
	}
	c := d.cells[f.column]
	if len(f.inside) == 0 {
		return f.slot.readCell(data, c, d.null, row)
	}
	c.single(data)
	text, err := jsontext.Lookup((*data)[c.p:c.end], f.inside...)
	if err == nil && text == nil {
		return f.slot.missing(row)
	}
	if err == nil {
		start := len(*data)
		*data = append(*data, text...)
		_, err = f.slot.Read(data, start, len(*data), row)
		err = jsontext.Rebase(err, start)
	}
	if err != nil {
		return &fieldError{f.slot.path, err}
	}
	return nil
}

func (d *csvDecoder) countError() error {
	columns := func(n int) string {
		if n == 1 {
			return "1 column"
		}
		return fmt.Sprintf("%d columns", n)
	}
	where := "the header has"
	if d.columns != nil {
		where = "columns lists"
	}
	return &rowError{fmt.Sprintf("row has %s, %s %d", columns(len(d.cells)), where, len(d.names))}
}
