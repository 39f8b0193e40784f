package plugins

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// Pool keeps the memory of released batches for new ones. The zero value is
// ready. It is safe for concurrent use.
type Pool struct {
	batches sync.Pool
	classes [33]sync.Pool // *memory by the power of two its capacity reaches
}

// memory is bytes that the Data of one or several batches points into.
type memory struct {
	buf  []byte
	refs atomic.Int32
}

// spare is the memory of a batch's optional slices while they are nil.
type spare struct {
	values, keys, topics, headerRows []Span
	times, offsets                   []int64
	headers                          []Header
}

// Batch returns an empty batch. Whoever it ends up with releases it.
func (p *Pool) Batch() *Batch {
	if b, ok := p.batches.Get().(*Batch); ok {
		return b
	}
	return &Batch{pool: p}
}

// Release gives the batch's memory back. The batch, its columns and all bytes
// reached through it must not be used afterwards.
func (b *Batch) Release() {
	b.releaseData()
	keep(&b.spare.values, &b.Values)
	keep(&b.spare.keys, &b.Keys)
	keep(&b.spare.topics, &b.Topics)
	keep(&b.spare.headerRows, &b.HeaderRows)
	keep(&b.spare.times, &b.Times)
	keep(&b.spare.offsets, &b.Offsets)
	keep(&b.spare.headers, &b.Headers)
	clear(b.cols)
	clear(b.Failures)
	b.cols, b.Failures = b.cols[:0], b.Failures[:0]
	b.base, b.used, b.settle, b.Len = 0, 0, 0, 0
	b.Sel, b.Preamble, b.Received, b.Part, b.OneTopic = nil, nil, 0, Partition{}, ""
	b.pool.batches.Put(b)
}

func keep[T any](spare, s *[]T) {
	if *s != nil {
		*spare = (*s)[:0]
		*s = nil
	}
}

func (b *Batch) releaseData() {
	m := b.memory
	data := b.Data
	b.memory, b.Data = nil, nil
	if m == nil {
		if cap(data) == 0 {
			return
		}
		m = new(memory)
		m.refs.Store(1)
		m.buf = data
	}
	if m.refs.Add(-1) == 0 {
		if cap(data) > cap(m.buf) {
			m.buf = data // grown by append
		}
		m.buf = m.buf[:0]
		b.pool.classes[bits.Len(uint(cap(m.buf)))-1].Put(m)
	}
}

// Grow makes room for n more bytes in Data. It is the way to get the memory
// of former batches.
func (b *Batch) Grow(n int) {
	if cap(b.Data)-len(b.Data) >= n {
		return
	}
	need := len(b.Data) + n
	class := bits.Len(uint(need - 1)) // all of this class are large enough
	m, ok := b.pool.classes[class].Get().(*memory)
	if !ok {
		m = &memory{buf: make([]byte, 0, 1<<class)}
	}
	m.refs.Store(1)
	old := b.Data
	grown := append(m.buf, old...)
	b.releaseData()
	b.memory, b.Data = m, grown
}

// SpareValues returns an empty slice with the memory of former batches, to
// append to and assign to Values. The same goes for its siblings.
func (b *Batch) SpareValues() []Span { return b.spare.values[:0] }

// SpareKeys is for Keys.
func (b *Batch) SpareKeys() []Span { return b.spare.keys[:0] }

// SpareTimes is for Times.
func (b *Batch) SpareTimes() []int64 { return b.spare.times[:0] }

// SpareOffsets is for Offsets.
func (b *Batch) SpareOffsets() []int64 { return b.spare.offsets[:0] }

// SpareTopics is for Topics.
func (b *Batch) SpareTopics() []Span { return b.spare.topics[:0] }

// SpareHeaders is for Headers.
func (b *Batch) SpareHeaders() []Header { return b.spare.headers[:0] }

// SpareHeaderRows is for HeaderRows.
func (b *Batch) SpareHeaderRows() []Span { return b.spare.headerRows[:0] }
