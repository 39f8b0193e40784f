package plugins

// Batch is a run of records of one partition in delivery order.
//
// Rows are numbered from 0 to Len-1 and never move; Sel lists the ones that
// are alive. A batch is owned by one goroutine at a time. The payload of row
// i is Values[i]; where the [Shape] of the edge has a format, the payload is
// the record and columns are decoded from it on demand, otherwise the
// columns are the record and the payload, if any, is only what it was made
// from.
type Batch struct {
	Part Partition
	Len  int      // rows, alive or not
	Sel  []uint32 // alive rows, ascending, never nil when rows are alive
	// Data holds the bytes that Values, Keys and Headers point into. It may
	// only be appended to, and not at all once the batch was handed on.
	Data   []byte
	Values []Span // nil when the records have no payload
	// Preamble is what a stream of this format starts with before its first
	// record (the header row of CSV); nil where the format has none.
	Preamble []byte
	Keys     []Span // nil when no record has a key
	// Topics holds where on a bus each record came from, or is to go; nil where
	// the stage has one topic, which it knows.
	Topics []Span
	// OneTopic is where all of the records came from, where Topics is nil; "" for
	// records of no bus. Who runs the source sets it ([SourceKind.OneTopic]).
	OneTopic string
	Times    []int64 // event times, ns since 1970; nil when unknown
	// Offsets holds the source's number for each record: a byte offset in a
	// file, a sequence number elsewhere. Nil when the source has none.
	Offsets    []int64
	Headers    []Header // of all rows
	HeaderRows []Span   // Headers[Off:Off+Len] belong to the row; nil when no row has one
	// Received is when the source took the first of these records, ns since
	// 1970. Latency is measured from here.
	Received int64
	// Failures lists the rows that failed in the present step.
	Failures []Failure

	sel    []uint32 // memory of Sel; Sel may point into a transform's own
	cols   []namedColumn
	base   int // columns below are not part of the record any more
	owned  []*Column
	used   int // of owned
	failed []bool
	settle int // Failures below were taken out of Sel

	spare  spare
	pool   *Pool
	memory *memory // holds Data; shared with other batches
}

// Header is a name and a value, both in the batch's Data. Names may repeat.
type Header struct{ Name, Value Span }

type namedColumn struct {
	name string
	col  *Column
}

// Value returns the payload of row i, nil when there is none.
func (b *Batch) Value(i uint32) []byte {
	if b.Values == nil {
		return nil
	}
	return b.Values[i].Of(b.Data)
}

// Key returns the key of row i, nil when there is none.
func (b *Batch) Key(i uint32) []byte {
	if b.Keys == nil {
		return nil
	}
	return b.Keys[i].Of(b.Data)
}

// Topic returns the topic of row i, nil when it has none of its own.
func (b *Batch) Topic(i uint32) []byte {
	if b.Topics == nil {
		return nil
	}
	return b.Topics[i].Of(b.Data)
}

// HeadersOf returns the headers of row i.
func (b *Batch) HeadersOf(i uint32) []Header {
	if b.HeaderRows == nil {
		return nil
	}
	s := b.HeaderRows[i]
	return b.Headers[s.Off : s.Off+s.Len]
}

// SelectAll makes all of n rows alive and sets Len.
func (b *Batch) SelectAll(n int) {
	b.Len = n
	b.sel = sized(b.sel, n)
	for i := range b.sel {
		b.sel[i] = uint32(i)
	}
	b.Sel = b.sel
}

// Column returns the column that holds the field at path, nil when there is
// none. The newest of a name wins.
func (b *Batch) Column(path Path) *Column {
	for i := len(b.cols) - 1; i >= b.base; i-- {
		if b.cols[i].name == path {
			return b.cols[i].col
		}
	}
	return nil
}

// AddColumn makes col the field at path until the batch leaves the step that
// added it and everything downstream of it. The batch does not own col.
func (b *Batch) AddColumn(path Path, col *Column) {
	b.cols = append(b.cols, namedColumn{path, col})
}

// NewColumn adds a column owned by the batch, reset for b.Len rows with empty
// Data: how a source without payload fills a batch.
func (b *Batch) NewColumn(path Path, k Kind) *Column {
	if b.used == len(b.owned) {
		b.owned = append(b.owned, new(Column))
	}
	c := b.owned[b.used]
	b.used++
	c.Reset(k, b.Len)
	c.Data = c.Data[:0]
	b.AddColumn(path, c)
	return c
}

// CloseRecord hides all columns and the payload: what is added from now on is
// the record.
func (b *Batch) CloseRecord() { b.base = len(b.cols) }

// Mark is a place to come back to with [Batch.Rewind].
type Mark struct{ base, cols int }

// Mark returns the present set of columns.
func (b *Batch) Mark() Mark { return Mark{b.base, len(b.cols)} }

// Rewind takes back every column added since the mark.
func (b *Batch) Rewind(m Mark) {
	b.base = m.base
	b.cols = b.cols[:m.cols]
}

// Fail marks row i as failed. It stays in Sel until [Batch.DropFailed]; the
// first failure of a row counts.
func (b *Batch) Fail(i uint32, f Failure) {
	f.Row = i
	b.Failures = append(b.Failures, f)
}

// DropFailed takes the rows failed since the last call out of Sel.
func (b *Batch) DropFailed() {
	if len(b.Failures) == b.settle {
		return
	}
	if cap(b.failed) < b.Len {
		b.failed = make([]bool, b.Len)
	}
	b.failed = b.failed[:b.Len]
	keep := b.Failures[:b.settle]
	for _, f := range b.Failures[b.settle:] {
		if !b.failed[f.Row] {
			b.failed[f.Row] = true
			keep = append(keep, f)
		}
	}
	clear(b.Failures[len(keep):])
	b.Failures = keep
	alive := b.Sel[:0]
	for _, i := range b.Sel {
		if !b.failed[i] {
			alive = append(alive, i)
		}
	}
	b.Sel = alive
	for _, f := range b.Failures[b.settle:] {
		b.failed[f.Row] = false
	}
	b.settle = len(b.Failures)
}

// TakeFailures calls f for each failure and forgets them. Rows failed since
// the last DropFailed are dropped first.
func (b *Batch) TakeFailures(f func(Failure)) {
	if len(b.Failures) == 0 {
		return
	}
	b.DropFailed()
	for _, x := range b.Failures {
		f(x)
	}
	clear(b.Failures)
	b.Failures = b.Failures[:0]
	b.settle = 0
}

// Size returns the bytes of memory that the batch keeps alive: what bounded
// queues count.
func (b *Batch) Size() int64 {
	n := int64(len(b.Data))
	for _, c := range b.owned[:b.used] {
		n += int64(len(c.Data)) + 16*int64(c.Rows())
	}
	return n + 16*int64(b.Len)
}
