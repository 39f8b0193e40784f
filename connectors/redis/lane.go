package redis

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// lane reads one stream in a goroutine of its own, and acknowledges in another.
//
// All members of a group are one consumer to Redis, because a lease says whose a stream is. So
// what any of them was given and has not acknowledged is in one list of pending entries, and who
// takes a stream over goes on with that list.
type lane struct {
	reader    *reader
	member    *member
	lease     lease
	stream    string
	part      plugins.Partition
	begin     beginning
	lag       atomic.Int64 // -1 where it is not known
	reads     atomic.Int64 // of the stream
	cancel    context.CancelFunc
	ended     chan struct{} // run has returned
	committer sync.WaitGroup

	// Of run:
	cursor  position // after what was handed over
	pending bool     // read what is pending behind the cursor; otherwise what is new
	settled id       // where the group stands when nothing is pending behind the cursor
	count   int      // how many entries to ask for
	found   []entry
	turn    int64

	mu       sync.Mutex
	now      int64 // turn; it grows when something was not finished
	nacks    int   // in a row
	handed   int   // deliveries that are not answered
	acked    []id  // of which the server does not know
	done     id    // everything up to here is acknowledged
	closed   bool
	answer   chan struct{} // something was answered; room for one
	changed  chan struct{} // there is something to acknowledge; room for one
	nacked   chan struct{}
	flushing sync.Mutex
}

// beginning is where a lane begins.
type beginning struct {
	standing standing // of the group
	at       position
}

const consumer = "onstream" // what the members of a group are to Redis

const (
	maxRows  = 4096    // of a batch
	maxBytes = 1 << 20 // of a batch, unless one record is larger
)

func newLane(r *reader, m *member, l lease) *lane {
	x := &lane{
		reader: r, member: m, lease: l, stream: r.stream(l.partition), part: r.parts[l.partition],
		ended: make(chan struct{}), answer: make(chan struct{}, 1), changed: make(chan struct{}, 1), nacked: make(chan struct{}, 1), count: 64,
	}
	x.lag.Store(-1)
	return x
}

func (l *lane) start(ctx context.Context, fail context.CancelCauseFunc, out plugins.Outlet) {
	ctx, l.cancel = context.WithCancel(ctx)
	if !l.reader.sub.Browse {
		l.committer.Go(l.acknowledge)
		l.committer.Go(func() { l.askLag(ctx) })
	}
	go func() {
		defer close(l.ended)
		if err := l.run(ctx, out); err != nil && ctx.Err() == nil {
			fail(err)
		}
	}()
}

// stop ends the reading: nothing more is handed over.
func (l *lane) stop() {
	l.cancel()
	<-l.ended
}

// run reads until ctx ends or an error says that there is no point in it.
func (l *lane) run(ctx context.Context, out plugins.Outlet) error {
	for failures := 0; ctx.Err() == nil; {
		if err := l.rewind(ctx); err != nil {
			return err
		}
		if l.member != nil && !l.member.holds(l.lease) {
			if err := pause(ctx, l.member.with.ttl/50); err != nil {
				return err
			}
			continue
		}
		err := l.open(ctx)
		if err == nil {
			err = l.step(ctx, out)
		}
		switch {
		case err == nil:
			failures = 0
			continue
		case ctx.Err() != nil || plugins.IsPermanent(err):
			return err
		}
		failures++
		l.pending = !l.reader.sub.Browse // an answer that was lost may have had entries in it
		if err := pause(ctx, l.reader.options.backoff.Before(failures)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// pause waits, in real time: it is the server's.
func pause(ctx context.Context, d time.Duration) error { return plugins.Env{}.Wait(ctx, d) }

// step reads, and hands over what there is.
func (l *lane) step(ctx context.Context, out plugins.Outlet) error {
	found, known, err := l.read(ctx)
	if err != nil || len(found) == 0 {
		return err
	}
	for len(found) > 0 {
		d, n, err := l.delivery(out.Batch(), found, known)
		if err != nil {
			return plugins.Permanent(fmt.Errorf("read stream %s: %w", l.stream, err))
		}
		if err := out.Hand(ctx, d); err != nil {
			l.taken(false)
			return err
		}
		l.cursor = position{at: found[n-1].id}
		if known >= 0 {
			known += int64(n)
			l.cursor.count = uint64(known)
		}
		found = found[n:]
		l.mu.Lock()
		over := l.now != l.turn
		l.mu.Unlock()
		if over {
			return nil
		}
	}
	return nil
}

// delivery makes a batch of the first entries, and returns how many it took. Known is how many
// came before them in the stream, -1 where that is not known.
func (l *lane) delivery(b *plugins.Batch, found []entry, known int64) (d plugins.Delivery, n int, err error) {
	r := l.reader
	most := maxRows
	if r.sub.MaxRecords > 0 {
		most = min(most, r.sub.MaxRecords)
	}
	w := connectors.NewBuilder(b, l.part, r.env.Framing)
	var headers []connectors.RecordHeader
	var record connectors.Record
	for n < len(found) && n < most && w.Size() < maxBytes {
		if record, headers, err = found[n].record(r.options.valueField, headers[:0]); err != nil {
			b.Release()
			return d, 0, err
		}
		w.Add(record)
		n++
	}
	b = w.Batch()
	b.Received = time.Now().UnixNano()
	l.adapt(w.Size() / n)
	if r.sub.Browse {
		return plugins.Delivery{Batch: b}, n, nil
	}
	next := position{at: found[n-1].id}
	if known >= 0 {
		next.count = uint64(known) + uint64(n)
	}
	ids := make([]id, n)
	for i := range ids {
		ids[i] = found[i].id
	}
	l.taken(true)
	turn := l.turn
	return plugins.Delivery{
		Batch: b, Next: next.encode(),
		Ack:  func() { l.ack(turn, ids) },
		Nack: func(error) { l.nack(turn) },
	}, n, nil
}

// adapt asks for as many entries as make a batch.
func (l *lane) adapt(size int) {
	fit := min(max(maxBytes/max(size, 1), 1), maxRows)
	l.count = min(2*l.count, fit)
}

// rewind goes back to what is acknowledged, where something was not finished.
func (l *lane) rewind(ctx context.Context) error {
	l.mu.Lock()
	now, nacks, done := l.now, l.nacks, l.done
	l.mu.Unlock()
	if now == l.turn {
		return nil
	}
	if err := pause(ctx, rewindBackoff.Before(nacks)); err != nil {
		return err
	}
	l.turn, l.cursor, l.pending = now, position{at: done}, true
	return nil
}

// rewindBackoff is how long to wait before what was not finished comes again.
var rewindBackoff = connectors.Backoff{First: 10 * time.Millisecond, Most: 5 * time.Second}
