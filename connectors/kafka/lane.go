package kafka

import (
	"context"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

const (
	// batchRecords and batchBytes are how large a batch gets.
	batchRecords = 4096
	batchBytes   = 1 << 20
	// aheadRecords and aheadBytes are how much of a partition is read ahead of
	// what was handed over, besides what one fetch brings.
	aheadRecords = 1 << 15
	aheadBytes   = 4 << 20
)

// lane hands over the records of one partition, for as long as it is assigned.
type lane struct {
	r      *reader
	part   plugins.Partition
	topic  [16]byte // its identity
	paused bool     // under reader.mu

	hand   context.Context // ends when nothing more is to be handed over
	cancel context.CancelFunc
	done   chan struct{} // closed when nothing is handed over any more

	mu      sync.Mutex
	changed sync.Cond // of mu
	queue   []*kgo.Record
	bytes   int // in the queue
	turn    int // grows when the partition is to be read again
	again   bool
	fails   int  // turns since something was acknowledged
	gone    bool // nothing is acknowledged any more
	flying  int  // deliveries without an answer

	highest int64    // after the last record that the partition has, -1 where that is not known
	ahead   int64    // after what is read ahead
	next    int64    // after what was handed over
	acked   position // after what is acknowledged
	stored  int64    // the offset that is committed, -1 for none
	unread  bool     // nothing was read, and it begins wherever the partition does

	most    int                       // records of a batch
	headers []connectors.RecordHeader // scratch, of the goroutine that hands over
}

// newLane returns a lane that begins at a position. What it hands over ends with
// ctx.
func newLane(r *reader, part plugins.Partition, begin beginning) *lane {
	l := &lane{
		r: r, part: part, topic: begin.at.topic, done: make(chan struct{}), highest: -1, most: batchRecords,
		ahead: begin.at.offset, next: begin.at.offset, acked: begin.at, stored: begin.stored, unread: begin.earliest,
	}
	if n := r.sub.MaxRecords; n > 0 {
		l.most = min(n, batchRecords)
	}
	l.changed.L = &l.mu
	l.hand, l.cancel = context.WithCancel(context.Background())
	return l
}

// put adds records that were fetched; end is after the last one that the
// partition has.
func (l *lane) put(records []*kgo.Record, end int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if end >= 0 {
		l.highest = end
	}
	if l.again || len(records) == 0 || l.hand.Err() != nil {
		return
	}
	l.unread = false
	l.ahead = records[len(records)-1].Offset + 1
	l.queue = append(l.queue, records...)
	for _, rec := range records {
		l.bytes += sizeOf(rec)
	}
	l.changed.Broadcast()
}

// sizeOf returns about how many bytes of a batch a record takes.
func sizeOf(rec *kgo.Record) int {
	n := len(rec.Value) + len(rec.Key) + 8
	for _, h := range rec.Headers {
		n += len(h.Key) + len(h.Value)
	}
	return n
}

// full reports whether enough is read ahead.
func (l *lane) full() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bytes >= aheadBytes || len(l.queue) >= aheadRecords
}

// run hands over until the lane is ended.
func (l *lane) run() {
	defer close(l.done)
	var taken []*kgo.Record
	for {
		var turn, size int
		var again bool
		taken, size, turn, again = l.wait(taken[:0])
		switch {
		case l.hand.Err() != nil:
			return
		case again:
			l.readAgain()
		default:
			if err := l.handOver(taken, size, turn); err != nil {
				return
			}
		}
	}
}

// wait returns the records of the next batch, or that the partition is to be
// read again.
func (l *lane) wait(taken []*kgo.Record) (batch []*kgo.Record, size, turn int, again bool) {
	l.mu.Lock()
	for len(l.queue) == 0 && !l.again && l.hand.Err() == nil {
		l.changed.Wait()
	}
	for _, rec := range l.queue {
		n := sizeOf(rec)
		if len(taken) == l.most || len(taken) > 0 && size+n > batchBytes {
			break
		}
		taken = append(taken, rec)
		size += n
	}
	left := copy(l.queue, l.queue[len(taken):])
	clear(l.queue[left:])
	l.queue = l.queue[:left]
	l.bytes -= size
	turn, again = l.turn, l.again
	room := l.bytes <= aheadBytes/2 && left <= aheadRecords/2
	l.mu.Unlock()
	if room {
		l.r.roomIn(l)
	}
	return taken, size, turn, again
}

// handOver gives records to the pipeline.
func (l *lane) handOver(records []*kgo.Record, size, turn int) error {
	last := records[len(records)-1]
	at := position{offset: last.Offset + 1, epoch: last.LeaderEpoch, topic: l.topic}
	d := plugins.Delivery{Batch: l.batch(records, size), Next: at.encode(nil)}
	if !l.r.sub.Browse {
		d.Ack = func() { l.ack(turn, at) }
		d.Nack = func(error) { l.nack(turn) }
	}
	l.mu.Lock()
	l.flying++
	l.mu.Unlock()
	err := l.r.out.Hand(l.hand, d)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil || l.r.sub.Browse {
		l.flying--
	}
	if err == nil && turn == l.turn {
		l.next = at.offset
	}
	return err
}

// batch copies records into a batch; the driver gets their memory back.
func (l *lane) batch(records []*kgo.Record, size int) *plugins.Batch {
	b := l.r.out.Batch()
	b.Grow(size)
	w := connectors.NewBuilder(b, l.part, l.r.env.Framing)
	topic := ""
	if l.r.names.pattern != nil {
		topic = l.part.Name
	}
	for i, rec := range records {
		l.headers = l.headers[:0]
		for _, h := range rec.Headers {
			l.headers = append(l.headers, connectors.RecordHeader{Name: h.Key, Value: h.Value})
		}
		w.Add(connectors.Record{Value: rec.Value, Key: rec.Key, Topic: topic, Headers: l.headers, Offset: rec.Offset, Time: rec.Timestamp})
		records[i] = nil
		rec.Recycle()
	}
	return w.Batch()
}

// ack notes that all before a position is done with.
func (l *lane) ack(turn int, at position) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flying--
	l.changed.Broadcast()
	if turn == l.turn && !l.gone {
		l.acked, l.fails = at, 0
	}
}

// nack notes that what comes after the acknowledged is to come again.
func (l *lane) nack(turn int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flying--
	l.changed.Broadcast()
	if turn != l.turn {
		return
	}
	l.turn++
	l.fails++
	l.again = true
	clear(l.queue)
	l.queue, l.bytes = l.queue[:0], 0
}

// readAgain makes the partition be read again from what is acknowledged, after a
// pause.
func (l *lane) readAgain() {
	l.mu.Lock()
	fails := l.fails
	l.mu.Unlock()
	if l.r.env.Wait(l.hand, l.r.conn.backoff.Before(fails)) != nil {
		return
	}
	l.r.readAgain(l)
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.again && l.hand.Err() == nil {
		l.changed.Wait()
	}
}

// restart returns where to read again. It is called between polls.
func (l *lane) restart() kgo.EpochOffset {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.again = false
	l.ahead, l.next = l.acked.offset, l.acked.offset
	l.changed.Broadcast()
	return kgo.EpochOffset{Epoch: l.acked.epoch, Offset: l.acked.offset}
}

// end keeps the lane from handing over anything more, and returns when it does
// not.
func (l *lane) end() {
	l.cancel()
	l.mu.Lock()
	l.changed.Broadcast()
	l.mu.Unlock()
	<-l.done
}

// settled waits until all that was handed over has an answer, or ctx ends.
func (l *lane) settled(ctx context.Context) {
	defer context.AfterFunc(ctx, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.changed.Broadcast()
	})()
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.flying > 0 && !l.again && ctx.Err() == nil {
		l.changed.Wait()
	}
}

// forget makes the lane ignore what is acknowledged from now on.
func (l *lane) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone = true
}

// owes returns where the partition stands, if that is to be committed.
func (l *lane) owes() (position, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acked, l.acked.offset != l.stored && !l.gone
}

// commits notes what was committed.
func (l *lane) commits(offset int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stored = offset
}

// transacted notes that a transaction has committed where the partition stands.
func (l *lane) transacted(at position) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stored = at.offset
	if at.offset > l.acked.offset {
		l.acked = at
	}
}

// wants returns the offset that is read next.
func (l *lane) wants() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ahead
}

// virgin reports whether nothing was read yet of a partition that is to be read
// from its beginning.
func (l *lane) virgin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.unread
}

// moveTo makes a lane of which nothing was read begin somewhere else.
func (l *lane) moveTo(offset int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked.offset, l.acked.epoch = offset, -1
}
