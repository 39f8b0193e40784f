package connectors

import (
	"time"

	"github.com/onstream/onstream/plugins"
)

// Record is a record as a bus has it. What is in it is copied.
type Record struct {
	Value   []byte
	Key     []byte // nil for none
	Topic   string // as the pipeline writes it ([TopicOf]); "" where all records of the source are of one topic
	Headers []RecordHeader
	Offset  int64
	Time    time.Time // zero where it is not known
}

// RecordHeader is a header of a record. Names may repeat.
type RecordHeader struct {
	Name  string
	Value []byte
}

// firstRows and firstBytes are what a new batch has room for at first.
const (
	firstRows  = 64
	firstBytes = 4 << 10
)

// Builder fills a batch, record by record. It is used by one goroutine.
type Builder struct {
	batch      *plugins.Batch
	terminator []byte
	n          int
	timed      bool
}

// NewBuilder returns a builder for an empty batch of a partition. Framing is
// that of the stage's format ([plugins.Env]).
func NewBuilder(b *plugins.Batch, p plugins.Partition, framing plugins.Framing) *Builder {
	b.Part = p
	b.Values, b.Offsets = b.SpareValues(), b.SpareOffsets()
	return &Builder{batch: b, terminator: framing.Terminator}
}

// Add appends a record.
func (w *Builder) Add(r Record) {
	b := w.batch
	b.Values = append(b.Values, w.keep(r.Value))
	b.Data = append(b.Data, w.terminator...)
	b.Offsets = append(b.Offsets, r.Offset)
	if r.Key != nil && b.Keys == nil {
		b.Keys = pad(b.SpareKeys(), w.n)
	}
	if b.Keys != nil {
		b.Keys = append(b.Keys, w.keep(r.Key))
	}
	if r.Topic != "" && b.Topics == nil {
		b.Topics = pad(b.SpareTopics(), w.n)
	}
	if b.Topics != nil {
		b.Topics = append(b.Topics, w.keep([]byte(r.Topic)))
	}
	w.addTime(r.Time)
	w.addHeaders(r.Headers)
	w.n++
}

// addTime keeps the times of records where each of them has one.
func (w *Builder) addTime(t time.Time) {
	b := w.batch
	if w.n == 0 && !t.IsZero() {
		b.Times, w.timed = b.SpareTimes(), true
	}
	switch {
	case !w.timed:
	case t.IsZero():
		b.Times, w.timed = nil, false
	default:
		b.Times = append(b.Times, t.UnixNano())
	}
}

func (w *Builder) addHeaders(headers []RecordHeader) {
	b := w.batch
	if len(headers) > 0 && b.HeaderRows == nil {
		b.HeaderRows, b.Headers = pad(b.SpareHeaderRows(), w.n), b.SpareHeaders()
	}
	if b.HeaderRows == nil {
		return
	}
	at := len(b.Headers)
	for _, h := range headers {
		b.Headers = append(b.Headers, plugins.Header{Name: w.keep([]byte(h.Name)), Value: w.keep(h.Value)})
	}
	b.HeaderRows = append(b.HeaderRows, plugins.Span{Off: uint32(at), Len: uint32(len(headers))})
}

// Grow makes room for n bytes, for those who know how many will come.
func (w *Builder) Grow(n int) { w.batch.Grow(n) }

func (w *Builder) keep(text []byte) plugins.Span {
	at := len(w.batch.Data)
	if room := cap(w.batch.Data) - at; room < len(text)+len(w.terminator) {
		w.batch.Grow(max(at, len(text)+len(w.terminator), firstBytes)) // memory of former batches
	}
	w.batch.Data = append(w.batch.Data, text...)
	return plugins.Span{Off: uint32(at), Len: uint32(len(text))}
}

// pad returns n empty spans: of the rows before the first that has something. It is
// never nil, which would stand for rows without.
func pad(spans []plugins.Span, n int) []plugins.Span {
	if spans == nil {
		spans = make([]plugins.Span, 0, n+firstRows)
	}
	for range n {
		spans = append(spans, plugins.Span{})
	}
	return spans
}

// Len returns the number of records, and Size the bytes that they take.
func (w *Builder) Len() int { return w.n }

// Size returns the bytes that the records take.
func (w *Builder) Size() int { return len(w.batch.Data) }

// Batch returns the batch, with all its rows selected.
func (w *Builder) Batch() *plugins.Batch {
	w.batch.SelectAll(w.n)
	return w.batch
}
