package memory

import (
	"context"
	"fmt"
	"hash/crc32"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// writer is a sink that adds records to topics. It waits while a partition is full.
type writer struct {
	*connection
	fixed  connectors.Topic // "" where records have topics of their own
	env    plugins.Env
	topics map[string]*topic
	turn   int // which partition is next for records without a key
	pool   plugins.Pool

	// Of one Write:
	order []*partition // that records go to
	rows  map[*partition][]uint32
	bad   plugins.RowErrors
}

var _ plugins.Sink = (*writer)(nil)

// Write implements [plugins.Sink]. It answers before it returns.
func (w *writer) Write(ctx context.Context, b *plugins.Batch, done func(error)) error {
	w.divide(b)
	for _, p := range w.order {
		part := w.part(b, p)
		if err := p.append(ctx, part, string(w.env.Framing.Terminator), w.env.Now, complaints{w.env.Logger}); err != nil {
			part.Release()
			return err
		}
	}
	if len(w.bad) > 0 {
		done(w.bad)
		return nil
	}
	done(nil)
	return nil
}

// part returns the records of a batch that go to a partition, for the log to keep. The batch
// is the engine's, and stays as it is: the part shares its memory, unless that would keep
// much more of it alive than the records themselves.
func (w *writer) part(b *plugins.Batch, p *partition) *plugins.Batch {
	rows := w.rows[p]
	if len(rows) == len(b.Sel) && liveBytes(b, b.Sel)*2 >= len(b.Data) {
		return b.Share()
	}
	c := connectors.NewBuilder(w.pool.Batch(), p.id, w.env.Framing)
	c.Grow(liveBytes(b, rows))
	var headers []connectors.RecordHeader
	for _, i := range rows {
		var r connectors.Record
		r, headers = recordOf(b, i, headers[:0])
		c.Add(r)
	}
	return c.Batch()
}

// liveBytes returns how many bytes of its batch some rows take.
func liveBytes(b *plugins.Batch, rows []uint32) int {
	n := 0
	for _, i := range rows {
		n += len(b.Value(i)) + len(b.Key(i)) + 1 // with what ends it
		for _, h := range b.HeadersOf(i) {
			n += int(h.Name.Len + h.Value.Len)
		}
	}
	return n
}

// Flush implements [plugins.Sink].
func (w *writer) Flush(context.Context) error { return nil }

// divide finds out where the rows of a batch go.
func (w *writer) divide(b *plugins.Batch) {
	w.order, w.bad = w.order[:0], nil
	for p, rows := range w.rows {
		w.rows[p] = rows[:0]
	}
	if w.rows == nil {
		w.rows = map[*partition][]uint32{}
	}
	if w.single(b) {
		return
	}
	w.turn++
	var last *topic
	var lastName string
	for _, i := range b.Sel {
		name := string(w.fixed)
		if name == "" {
			if own := b.Topic(i); last == nil || string(own) != lastName {
				name = string(own)
			} else {
				name = lastName
			}
		}
		if last == nil || name != lastName {
			t, err := w.topicOf(name)
			if err != nil {
				w.bad = append(w.bad, plugins.Failure{Row: i, Code: "write", Msg: err.Error()})
				continue
			}
			last, lastName = t, name
		}
		p := last.partitions[w.choose(b.Key(i), len(last.partitions))]
		if size := int64(len(b.Value(i)) + len(b.Key(i))); size > p.limits.maxBytes {
			w.bad = append(w.bad, plugins.Failure{Row: i, Code: "write", Msg: fmt.Sprintf("the record has %d bytes, and a partition of topic %s holds %d: raise max_bytes of the connector", size, name, p.limits.maxBytes)})
			continue
		}
		if len(w.rows[p]) == 0 {
			w.order = append(w.order, p)
		}
		w.rows[p] = append(w.rows[p], i)
	}
}

// single is divide where all records go to the same partition. It reports false where they
// may not.
func (w *writer) single(b *plugins.Batch) bool {
	if w.fixed == "" || len(b.Sel) == 0 {
		return false
	}
	t, err := w.topicOf(string(w.fixed))
	if err != nil || len(t.partitions) > 1 {
		return false
	}
	p := t.partitions[0]
	for _, i := range b.Sel {
		if int64(len(b.Value(i))+len(b.Key(i))) > p.limits.maxBytes {
			return false
		}
	}
	w.order = append(w.order, p)
	w.rows[p] = append(w.rows[p], b.Sel...)
	return true
}

// choose returns the partition for a key.
func (w *writer) choose(key []byte, n int) int {
	switch {
	case n == 1:
		return 0
	case len(key) == 0:
		return w.turn % n
	}
	return int(uint64(crc32.Checksum(key, castagnoli)*mix) * uint64(n) >> 32)
}

// A key has the same partition in each process: state goes with partitions. The
// sum is mixed because that of short keys alone leaves them uneven.
const mix = 0x9E3779B1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// topicOf returns a topic by the name that a pipeline gives it.
func (w *writer) topicOf(name string) (*topic, error) {
	if t := w.topics[name]; t != nil {
		return t, nil
	}
	parsed, err := connectors.ParseTopic(name)
	if err != nil {
		return nil, err
	}
	if parsed.Pattern() {
		return nil, fmt.Errorf("%q stands for several topics, and a record goes to one", name)
	}
	t := w.bus.topic(name, w.limits)
	w.topics[name] = t
	return t, nil
}
