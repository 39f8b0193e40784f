package wire

import (
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
	msg                       *pb.Batch
	part                      *pb.Partition
	headers                   *pb.Headers
	counts                    []uint32
	values, keys, topics      bytesWriter
	headerNames, headerValues bytesWriter
	times, offsets            []int64
	columns                   []*columnWriter
	columnList                []*pb.Column
}

// Batch returns the message of rows of a batch, which are ascending: its Sel, or some of that. The message points into the batch and the writer; it is
// valid until either changes.
func (w *BatchWriter) Batch(b *plugins.Batch, rows []uint32, contents Contents) *pb.Batch {
	if w.msg == nil {
		w.msg, w.part, w.headers = &pb.Batch{}, &pb.Partition{}, &pb.Headers{}
	}
	m, all := w.msg, whole(rows)
	w.part.Name, w.part.Id, w.part.Epoch = b.Part.Name, b.Part.ID, b.Part.Epoch
	m.Rows, m.Partition, m.Received = uint32(len(rows)), w.part, b.Received
	m.Values, m.Preamble = nil, nil
	m.Keys, m.Topics, m.OneTopic, m.Times, m.Offsets, m.Headers = nil, nil, "", nil, nil, nil
	if contents.Values {
		if b.Values != nil {
			m.Values = w.values.spans(b.Values, b.Data, rows)
		}
		m.Preamble = b.Preamble
	}
	if contents.Meta {
		w.meta(b, rows, all)
	}
	m.Columns = w.named(contents.Columns, rows, all)
	return m
}

// Columns returns the messages of rows of columns, valid like those of Batch.
func (w *BatchWriter) Columns(columns []Named, rows []uint32) []*pb.Column {
	return w.named(columns, rows, whole(rows))
}

func (w *BatchWriter) named(columns []Named, rows []uint32, all bool) []*pb.Column {
	w.columnList = w.columnList[:0]
	for i, c := range columns {
		if i == len(w.columns) {
			w.columns = append(w.columns, &columnWriter{})
		}
		w.columnList = append(w.columnList, w.columns[i].column(c.Name, c.Column, rows, all))
	}
	return w.columnList
}

func (w *BatchWriter) meta(b *plugins.Batch, rows []uint32, all bool) {
	m := w.msg
	m.OneTopic = b.OneTopic
	if b.Keys != nil {
		m.Keys = w.keys.spans(b.Keys, b.Data, rows)
	}
	if b.Topics != nil {
		m.Topics = w.topics.spans(b.Topics, b.Data, rows)
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
