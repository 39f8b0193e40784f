package memory

import (
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

const (
	maxRows  = 4096    // of a batch that is read
	maxBytes = 1 << 20 // of a batch that is copied
	// shareRows is how many rows of one entry make a batch of their own. Fewer are copied
	// together with their neighbours: a batch has costs of its own.
	shareRows = 128
)

// view is how a reader wants its records.
type view struct {
	framing plugins.Framing
	topics  bool // each record is to say its topic
	rows    int  // of a batch, at most
	batch   func() *plugins.Batch
}

// take returns a batch of the records from an offset on, and the offset after it. Where
// there are none, it returns what will be closed when there are.
func (p *partition) take(at int64, v view) (b *plugins.Batch, next int64, grown <-chan struct{}, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case at < p.begin || at > p.end:
		return nil, 0, nil, p.missing(at)
	case at == p.end:
		if p.grown == nil {
			p.grown = make(chan struct{})
		}
		return nil, at, p.grown, nil
	}
	i := p.find(at)
	if e := p.entries[i]; v.shares(e) && e.batch.Len-int(at-e.offset) >= shareRows {
		b = e.batch.Share()
		from := int(at - e.offset)
		to := min(b.Len, from+v.rows)
		b.Sel = b.Sel[from:to]
		return b, e.offset + int64(to), nil, nil
	}
	b, next = p.gather(i, at, v)
	return b, next, nil, nil
}

// shares reports whether the memory of an entry can be part of a batch as it is.
func (v view) shares(e entry) bool {
	return !v.topics && e.terminator == string(v.framing.Terminator)
}

// gather copies records into a batch; p.mu is held.
func (p *partition) gather(i int, at int64, v view) (*plugins.Batch, int64) {
	w := connectors.NewBuilder(v.batch(), p.id, v.framing)
	w.Grow(p.expect(i, at, v.rows))
	var headers []connectors.RecordHeader
	for ; i < len(p.entries); i++ {
		e := p.entries[i]
		from := int(at - e.offset)
		if w.Len() > 0 && v.shares(e) && e.batch.Len-from >= shareRows {
			break
		}
		for row := from; row < e.batch.Len; row++ {
			if w.Len() >= v.rows || w.Size() >= maxBytes {
				return w.Batch(), at
			}
			var r connectors.Record
			r, headers = recordOf(e.batch, uint32(row), headers[:0])
			r.Offset, r.Time = e.offset+int64(row), time.Unix(0, e.batch.Times[row])
			if v.topics {
				r.Topic = p.id.Name
			}
			w.Add(r)
			at++
		}
	}
	return w.Batch(), at
}

// expect returns about how many bytes gather will copy; p.mu is held.
func (p *partition) expect(i int, at int64, most int) int {
	n, rows := 0, 0
	for first := i; i < len(p.entries) && n < maxBytes && rows < most; i++ {
		e := p.entries[i]
		if i > first && e.batch.Len >= shareRows {
			break
		}
		left := e.batch.Len - int(max(at-e.offset, 0))
		n += int((e.bytes-entryCost)/int64(e.batch.Len)) * left
		rows += left
	}
	return min(n, maxBytes)
}

// recordOf returns a row of a batch. Its headers are appended to a slice that is
// returned, too.
func recordOf(b *plugins.Batch, row uint32, headers []connectors.RecordHeader) (connectors.Record, []connectors.RecordHeader) {
	r := connectors.Record{Value: b.Value(row)}
	if key := b.Key(row); len(key) > 0 {
		r.Key = key
	}
	for _, h := range b.HeadersOf(row) {
		headers = append(headers, connectors.RecordHeader{Name: string(h.Name.Of(b.Data)), Value: h.Value.Of(b.Data)})
	}
	r.Headers = headers
	return r, headers
}
