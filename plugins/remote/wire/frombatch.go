package wire

import (
	"bytes"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
)

// Named is a column under the name that it has in a message.
type Named struct {
	Name   string
	Column *plugins.Column
}

// Contents says what of a batch goes into a message, besides its partition and when it was received.
type Contents struct {
	Values  bool    // payloads and preamble
	Meta    bool    // keys, topics, times, offsets and headers
	Columns []Named // for the rows of the batch
}

// BatchWriter makes messages of batches, one after the other in the same memory. It is used by one goroutine at a time. The zero value is ready.
type BatchWriter struct {
	// Keeps says that messages are to stay valid when the batch and its columns change: all is copied.
	Keeps bool

	msg                       *pb.Batch
	part                      *pb.Partition
	headers                   *pb.Headers
	counts                    []uint32
	values, keys, topics      bytesWriter
	headerNames, headerValues bytesWriter
	times, offsets            []int64
	columns                   []*columnWriter
	spread                    plugins.Column
	every                     []uint32
	list                      []*pb.Column // of columns, those in use
}

// Batch returns the message of rows of a batch, which are ascending: its Sel, or some of that. The message points into the batch and the writer; it is
// valid until the writer makes the next, and, unless it keeps, until the batch changes.
func (w *BatchWriter) Batch(b *plugins.Batch, rows []uint32, contents Contents) *pb.Batch {
	if w.msg == nil {
		w.msg, w.part, w.headers = &pb.Batch{}, &pb.Partition{}, &pb.Headers{}
	}
	m, all := w.msg, whole(rows) && !w.Keeps
	w.part.Name, w.part.Id, w.part.Epoch = b.Part.Name, b.Part.ID, b.Part.Epoch
	m.Rows, m.Partition, m.Received = uint32(len(rows)), w.part, b.Received
	m.Values, m.Preamble = nil, nil
	m.Keys, m.Topics, m.OneTopic, m.Times, m.Offsets, m.Headers = nil, nil, "", nil, nil, nil
	if contents.Values {
		if b.Values != nil {
			m.Values = w.values.spans(b.Values, b.Data, rows, w.Keeps)
		}
		m.Preamble = b.Preamble
		if w.Keeps {
			m.Preamble = bytes.Clone(b.Preamble)
		}
	}
	if contents.Meta {
		w.meta(b, rows, all)
	}
	w.begin()
	for _, c := range contents.Columns {
		w.next().column(c.Name, c.Column, rows, all, w.Keeps)
	}
	m.Columns = w.list
	return m
}

// Columns returns the messages of rows of columns, valid like those of Batch.
func (w *BatchWriter) Columns(columns []Named, rows []uint32) []*pb.Column {
	w.begin()
	for _, c := range columns {
		w.next().column(c.Name, c.Column, rows, whole(rows) && !w.Keeps, w.Keeps)
	}
	return w.list
}

// Kept returns the messages of all rows of columns, of which some, ascending, are alive: nothing stands in the others. They are valid like those of Batch.
func (w *BatchWriter) Kept(columns []Named, rows int, alive []uint32) []*pb.Column {
	if len(alive) == rows {
		return w.Columns(columns, alive)
	}
	w.begin()
	for _, c := range columns {
		w.spread.Reset(c.Column.Kind, rows)
		w.spread.Data = w.spread.Data[:0]
		spread(&w.spread, c.Column, alive)
		w.every = w.every[:0]
		for i := range rows {
			w.every = append(w.every, uint32(i))
		}
		w.next().column(c.Name, &w.spread, w.every, false, true)
	}
	return w.list
}

func (w *BatchWriter) begin() { w.list = w.list[:0] }

// next returns the writer of the next column, whose message is on the list.
func (w *BatchWriter) next() *columnWriter {
	if len(w.list) == len(w.columns) {
		w.columns = append(w.columns, &columnWriter{msg: &pb.Column{}})
	}
	c := w.columns[len(w.list)]
	w.list = append(w.list, c.msg)
	return c
}

// spread gives a column the values that another one has in some rows, and nothing in the others.
func spread(to, from *plugins.Column, alive []uint32) {
	clear(to.Bools)
	clear(to.Ints)
	clear(to.Floats)
	clear(to.Spans)
	for i := range to.Kinds {
		to.Kinds[i] = plugins.Null
	}
	for _, i := range alive {
		switch {
		case from.IsNull(i):
			to.SetNull(i)
		case from.Kind == plugins.Bool:
			to.Bools[i] = from.Bools[i]
		case from.Kind == plugins.Float:
			to.Floats[i] = from.Floats[i]
		case from.Kind == plugins.Any && !hasText(from.Kinds[i]):
			to.Kinds[i], to.Ints[i] = from.Kinds[i], from.Ints[i]
		case from.Kind == plugins.Any:
			to.Kinds[i] = from.Kinds[i]
			to.AppendBytes(i, from.Bytes(i))
		case hasText(from.Kind):
			to.AppendBytes(i, from.Bytes(i))
		default:
			to.Ints[i] = from.Ints[i]
		}
	}
}

func (w *BatchWriter) meta(b *plugins.Batch, rows []uint32, all bool) {
	m := w.msg
	m.OneTopic = b.OneTopic
	if b.Keys != nil {
		m.Keys = w.keys.spans(b.Keys, b.Data, rows, w.Keeps)
	}
	if b.Topics != nil {
		m.Topics = w.topics.spans(b.Topics, b.Data, rows, w.Keeps)
	}
	if b.Times != nil {
		m.Times = dense(&w.times, b.Times, rows, nil, false, all)
	}
	if b.Offsets != nil {
		m.Offsets = dense(&w.offsets, b.Offsets, rows, nil, false, all)
	}
	if b.HeaderRows == nil {
		return
	}
	w.counts = w.counts[:0]
	w.headerNames.reset()
	w.headerValues.reset()
	for _, i := range rows {
		hs := b.HeadersOf(i)
		w.counts = append(w.counts, uint32(len(hs)))
		for _, h := range hs {
			w.headerNames.add(h.Name.Of(b.Data))
			w.headerValues.add(h.Value.Of(b.Data))
		}
	}
	m.Headers = w.headers
	m.Headers.Counts = w.counts
	m.Headers.Names, m.Headers.Values = w.headerNames.message(w.headerNames.data), w.headerValues.message(w.headerValues.data)
}

// whole reports whether ascending rows are all from the first to their last.
func whole(rows []uint32) bool {
	return len(rows) == 0 || rows[0] == 0 && int(rows[len(rows)-1]) == len(rows)-1
}
