package kafka

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/onstream/onstream/plugins"
)

// ticket is a batch in flight, until all its records have an answer.
type ticket struct {
	w        *writer
	sequence int64
	batch    *plugins.Batch
	done     func(error)
	records  []kgo.Record // one for each selected row
	headers  []kgo.RecordHeader
	bytes    int
	single   bool         // each record is written alone
	left     atomic.Int64 // records without an answer, and one for who produces
	promised func(*kgo.Record, error)
	failed   map[*kgo.Record]error // under writer.mu
}

func newTicket(w *writer, b *plugins.Batch, done func(error)) *ticket {
	t, ok := w.tickets.Get().(*ticket)
	if !ok {
		t = &ticket{w: w}
		t.promised = t.promise
	}
	n := len(b.Sel)
	if cap(t.records) < n {
		t.records = make([]kgo.Record, n)
	}
	t.records = t.records[:n]
	t.batch, t.done, t.single, t.failed = b, done, false, nil
	t.headers = t.headers[:0]
	t.bytes = 0
	for _, i := range b.Sel {
		t.bytes += len(b.Value(i)) + len(b.Key(i))
	}
	t.left.Store(int64(n) + 1)
	return t
}

// promise notes what became of a record.
func (t *ticket) promise(rec *kgo.Record, err error) {
	if err != nil {
		t.fail(rec, err)
	}
	t.end()
}

// end is called when one of those that the ticket waits for is through.
func (t *ticket) end() {
	if t.left.Add(-1) > 0 {
		return
	}
	err := t.w.answer(t)
	w, done := t.w, t.done
	t.batch, t.done, t.failed = nil, nil, nil
	w.tickets.Put(t)
	done(err)
	w.mu.Lock()
	w.telling--
	w.mu.Unlock()
	w.room.Broadcast()
}

func (t *ticket) fail(rec *kgo.Record, err error) {
	t.w.mu.Lock()
	defer t.w.mu.Unlock()
	if t.failed == nil {
		t.failed = map[*kgo.Record]error{}
	}
	if tooLarge(err) && !t.single && !plugins.IsPermanent(err) {
		// Perhaps it was another record of the broker's batch.
		err = fmt.Errorf("a batch of records is larger than the topic takes, so that each is written alone: %w", err)
		if !t.w.isAlone(t.batch) {
			t.w.alone = append(t.w.alone, t.batch)
		}
	}
	if err = t.w.conn.judge("write to", err); aboutRecord(err) && (t.single || !tooLarge(err)) {
		err = plugins.Permanent(err)
	}
	t.failed[rec] = err
	if !plugins.IsPermanent(err) && t.w.failing == nil {
		t.w.failing = err
		t.w.room.Broadcast()
	}
}

// aboutRecord reports whether an error says that the broker does not take the
// record itself.
func aboutRecord(err error) bool {
	return tooLarge(err) || errors.Is(err, kerr.InvalidRecord) || errors.Is(err, kerr.InvalidTimestamp)
}

// answer returns what the engine is to be told of a ticket.
func (w *writer) answer(t *ticket) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open--
	w.telling++
	w.records -= len(t.records)
	w.bytes -= t.bytes
	w.room.Broadcast()
	for k := range t.records {
		if rec := &t.records[k]; t.failed[rec] == nil {
			w.reached = reached{rec.Topic, rec.Partition}
			break
		}
	}
	failing := w.failing
	if w.open == 0 {
		w.failing = nil
	}
	rows, prefix := t.rows()
	if prefix == len(t.records) && failing != nil {
		rows, prefix = nil, 0 // it came behind what failed
	}
	if failing == nil {
		if len(rows) > 0 {
			return rows
		}
		return nil
	}
	w.ask(t.sequence, t.batch)
	if prefix > 0 {
		return &plugins.PartialError{Done: prefix, Failed: rows, Err: failing}
	}
	return failing
}

// rows returns the rows that failed for good, as far as the first that is to be
// written again, and how many are in front of that one.
func (t *ticket) rows() (rows plugins.RowErrors, prefix int) {
	if len(t.failed) == 0 {
		return nil, len(t.records)
	}
	for k, i := range t.batch.Sel {
		err := t.failed[&t.records[k]]
		switch {
		case err == nil:
		case plugins.IsPermanent(err):
			rows = append(rows, t.failure(i, err))
		default:
			return rows, k
		}
	}
	return rows, len(t.batch.Sel)
}

// failure says why a row failed.
func (t *ticket) failure(row uint32, err error) plugins.Failure {
	switch {
	case tooLarge(err):
		return plugins.Failure{Row: row, Code: "too_large", Msg: fmt.Sprintf("the record has %d bytes, more than the topic takes: raise max.message.bytes of the topic, or max_message_bytes of the connector", len(t.batch.Value(row))+len(t.batch.Key(row)))}
	case errors.Is(err, kerr.InvalidRecord):
		return plugins.Failure{Row: row, Code: "write", Msg: "the topic does not take the record, such as one without a key where it is compacted: " + err.Error()}
	}
	return plugins.Failure{Row: row, Code: "write", Msg: err.Error()}
}
