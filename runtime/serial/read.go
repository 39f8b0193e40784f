package serial

import "github.com/onstream/onstream/plugins"

// Read makes b, which is empty, a batch that was stored, and puts a terminator,
// nil for none, behind each payload. All rows are alive, but for those that
// failed. The error is [ErrForm].
func Read(b *plugins.Batch, stored, terminator []byte) error {
	h, err := ReadHead(stored)
	if err != nil {
		return err
	}
	b.Part, b.Received = h.Partition(), h.Received
	if h.Preamble != nil {
		b.Preamble = append([]byte{}, h.Preamble...)
	}
	if err := h.AppendTo(b, uint64(len(stored))); err != nil {
		return err
	}
	b.Grow(len(stored) + len(terminator)*len(b.Values))
	take := func(s *plugins.Span) {
		at := uint32(len(b.Data))
		b.Data = append(b.Data, s.Of(stored)...)
		s.Off = at
	}
	for i := range b.Values {
		take(&b.Values[i])
		b.Data = append(b.Data, terminator...)
	}
	for i := range b.Keys {
		take(&b.Keys[i])
	}
	for i := range b.Topics {
		take(&b.Topics[i])
	}
	for i := range b.Headers {
		take(&b.Headers[i].Name)
		take(&b.Headers[i].Value)
	}
	b.SelectAll(b.Len)
	return nil
}

// AppendTo appends the rows of a stored batch to those of b, whose Data holds
// it up to end: spans point there. What the head says of all of them is not
// b's yet, and nothing is selected.
func (h *Head) AppendTo(b *plugins.Batch, end uint64) error {
	d := Decoder{Rest: h.rows}
	base := uint32(b.Len)
	values, keys, topics, headers := len(b.Values), len(b.Keys), len(b.Topics), len(b.Headers)
	if h.flags&hasValues != 0 {
		b.Values = d.lengths(b.Values, b.SpareValues, h.Rows)
	}
	if h.flags&hasKeys != 0 {
		b.Keys = d.lengths(b.Keys, b.SpareKeys, h.Rows)
	}
	if h.flags&hasTopics != 0 {
		b.Topics = d.lengths(b.Topics, b.SpareTopics, h.Rows)
	}
	if h.flags&hasTimes != 0 {
		b.Times = d.differences(b.Times, b.SpareTimes, h.Rows)
	}
	if h.flags&hasOffsets != 0 {
		b.Offsets = d.differences(b.Offsets, b.SpareOffsets, h.Rows)
	}
	if h.flags&hasHeaders != 0 {
		d.headers(b, h.Rows)
	}
	if h.flags&hasFailures != 0 {
		d.failures(b, base, h.Rows)
	}
	if d.Bad {
		return ErrForm
	}
	at := follow(b.Values[values:], end-uint64(len(d.Rest)))
	at = follow(b.Keys[keys:], at)
	at = follow(b.Topics[topics:], at)
	for i := headers; i < len(b.Headers); i++ {
		x := &b.Headers[i]
		x.Name.Off, x.Value.Off = uint32(at), uint32(at)+x.Name.Len
		at += uint64(x.Name.Len) + uint64(x.Value.Len)
	}
	if at != end {
		return ErrForm
	}
	b.Len += h.Rows
	return nil
}

// lengths reads the lengths of the spans of rows.
func (d *Decoder) lengths(spans []plugins.Span, spare func() []plugins.Span, rows int) []plugins.Span {
	if spans == nil {
		spans = spare()
	}
	for range rows {
		if d.Bad {
			return spans
		}
		spans = append(spans, plugins.Span{Len: uint32(d.length())})
	}
	return spans
}

// follow lets spans follow each other from an offset, and returns where they end.
func follow(spans []plugins.Span, at uint64) uint64 {
	for i := range spans {
		spans[i].Off = uint32(at)
		at += uint64(spans[i].Len)
	}
	return at
}

// differences reads numbers that are each told by how far it is from the last.
func (d *Decoder) differences(numbers []int64, spare func() []int64, rows int) []int64 {
	if numbers == nil {
		numbers = spare()
	}
	last := int64(0)
	for range rows {
		if d.Bad {
			return numbers
		}
		last += d.Int()
		numbers = append(numbers, last)
	}
	return numbers
}

func (d *Decoder) headers(b *plugins.Batch, rows int) {
	first := len(b.Headers)
	n := d.length()
	for range n {
		b.Headers = append(b.Headers, plugins.Header{
			Name:  plugins.Span{Len: uint32(d.length())},
			Value: plugins.Span{Len: uint32(d.length())},
		})
	}
	for range rows {
		off, length := d.Uint(), d.Uint()
		if off > uint64(n) || length > uint64(n)-off {
			d.Bad = true
			return
		}
		b.HeaderRows = append(b.HeaderRows, plugins.Span{Off: uint32(first) + uint32(off), Len: uint32(length)})
	}
}

func (d *Decoder) failures(b *plugins.Batch, base uint32, rows int) {
	for range d.length() {
		row := d.Uint()
		f := plugins.Failure{Code: string(d.Text()), Msg: string(d.Text()), Expr: string(d.Text())}
		if row >= uint64(rows) {
			d.Bad = true
			return
		}
		b.Fail(base+uint32(row), f)
	}
}
