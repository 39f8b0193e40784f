package nats

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// partition is one that is read: a goroutine of its own hands over what its puller brings.
type partition struct {
	reader   *reader
	name     string // in the group's table
	part     plugins.Partition
	stream   string
	number   int
	of       int // partitions of the stream
	puller   *puller
	progress *progress
	kick     chan struct{}
	topics   bool                        // records are of several topics
	holds    func() bool                 // the partition is certainly ours
	assure   func(context.Context) error // waits until it is

	at    place // after the last record that came
	size  int   // of the last batch
	begin *beginning
	gap   gap
	fresh bool // no record has come since it began: what the stream removes until then was not promised

	lag   atomic.Int64 // records that wait, -1 where that is not known
	state inspected    // of the last inspection
}

const (
	batchRecords = 4096
	batchBytes   = 1 << 20
)

// run reads until ctx ends, or it cannot go on.
func (p *partition) run(ctx context.Context, out plugins.Outlet) error {
	defer p.puller.close()
	for ctx.Err() == nil {
		if p.progress.rewound() {
			p.puller.close()
			if err := p.reader.env.Wait(ctx, p.reader.conn.options.backoff.First); err != nil {
				return err
			}
		}
		if !p.puller.isOpen() {
			if err := p.open(ctx); err != nil {
				return err
			}
		}
		m, s, err := p.puller.first(ctx)
		switch {
		case errors.Is(err, errAgain):
			p.puller.close()
		case err != nil:
			return err
		case m != nil:
			if err := p.fill(ctx, out, m, s); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// open makes the consumer, at the record after the last one that was handed over, for as long
// as it takes.
func (p *partition) open(ctx context.Context) error {
	warned := false
	for attempt := 1; ; attempt++ {
		if attempt > 1 || p.puller.made.Load() > 0 {
			if err := p.assure(ctx); err != nil {
				return err
			}
		}
		err := p.tryOpen(ctx)
		if err == nil || plugins.IsPermanent(err) || ctx.Err() != nil {
			return err
		}
		if !warned && p.puller.session.nc.IsConnected() {
			p.reader.env.Logger.Warn("the stream cannot be read; it is tried again until it can", "stream", p.stream, "error", err)
			warned = true
		}
		if err := p.reader.env.Wait(ctx, p.reader.conn.options.backoff.Before(attempt)); err != nil {
			return err
		}
	}
}

func (p *partition) tryOpen(ctx context.Context) error {
	s := p.puller.session
	info, err := s.info(ctx, p.stream)
	if isGone(err) {
		return plugins.Permanent(fmt.Errorf("stream %s is gone: it was deleted while it was read; %s", p.stream, p.reader.wayOut()))
	}
	if err != nil {
		return err
	}
	at, scanned := p.progress.next()
	b := beginning{policy: jetstream.DeliverByStartSequencePolicy, seq: max(at.seq, scanned) + 1}
	if p.begin != nil {
		b = *p.begin
	} else {
		anew, err := s.checkPlace(ctx, info, at, scanned, p.reader.wayOut())
		if err != nil {
			return err
		}
		if anew {
			p.reader.env.Logger.Warn("the stream was kept in memory and is gone with its server: reading begins with the new one", "stream", p.stream)
			at = place{created: info.Created.UnixNano(), partitions: partitionsOf(info)}
			p.progress.restart(at)
			b.seq = 1
		}
	}
	switch {
	case info.Config.Retention == jetstream.WorkQueuePolicy:
		b = beginning{policy: jetstream.DeliverAllPolicy} // no other is allowed; what is known is dropped
	case p.puller.policy == jetstream.AckExplicitPolicy && p.begin == nil:
		acked, _ := p.progress.committable()
		b.seq = acked.seq + 1
	}
	before, err := p.puller.open(ctx, b)
	if err != nil {
		return err
	}
	if p.begin != nil {
		at = place{created: info.Created.UnixNano(), partitions: partitionsOf(info), seq: before}
		p.progress.begun(at)
		p.begin, p.fresh = nil, true
	}
	p.at = at
	p.progress.opened()
	return nil
}

// fill hands over a message with those that are here, too.
func (p *partition) fill(ctx context.Context, out plugins.Outlet, m *natsgo.Msg, s stamp) error {
	b := out.Batch()
	b.Grow(p.size + p.size/4 + 4096)
	w := connectors.NewBuilder(b, p.part, p.reader.env.Framing)
	var r ackedRange
	var stopped error
	most := batchRecords
	if n := p.reader.sub.MaxRecords; n > 0 {
		most = min(most, n)
	}
	for {
		if p.add(w, m, s) {
			r.reply = m.Reply
			if p.puller.policy == jetstream.AckExplicitPolicy {
				r.seqs = append(r.seqs, s.seq)
			}
		}
		if w.Len() >= most || w.Size() >= batchBytes {
			break
		}
		next, nextStamp, err := p.puller.more()
		if err != nil {
			stopped = err
			break
		}
		if next == nil {
			break
		}
		m, s = next, nextStamp
	}
	if stopped != nil {
		p.puller.close() // after this batch
	}
	if w.Len() == 0 {
		w.Batch().Release()
		p.progress.skip(p.puller.number)
		return nil
	}
	p.size = w.Size()
	r.made = p.puller.made.Load()
	d := plugins.Delivery{Batch: w.Batch(), Next: p.at.encode()}
	if stopped == nil {
		// More is on its way while this is worked on.
		if err := p.puller.ask(); err != nil {
			p.puller.close()
		}
	}
	if err := p.secure(ctx); err != nil {
		d.Batch.Release()
		return err
	}
	d.Ack, d.Nack = p.progress.hand(p.at, p.puller.number, r)
	if err := out.Hand(ctx, d); err != nil {
		p.progress.unhand()
		return err
	}
	return nil
}

// secure waits until the lease is certain: after a long pause somebody else may have it.
func (p *partition) secure(ctx context.Context) error {
	for !p.holds() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return ctx.Err()
}

// add appends a message, if it is a record of the topic that did not come before.
func (p *partition) add(w *connectors.Builder, m *natsgo.Msg, s stamp) bool {
	if s.seq <= p.at.seq {
		if p.puller.policy == jetstream.AckExplicitPolicy && p.progress.isCommitted(s.seq) {
			p.puller.acknowledgeOne(m.Reply, s.seq)
		}
		return false
	}
	if s.seq > p.at.seq+1 && !p.fresh {
		p.gap.skip(p.at.seq+1, s.seq)
	}
	p.fresh = false
	p.at.seq, p.at.time = s.seq, s.time
	subject, ok := published(m.Subject, p.of, p.reader.subject)
	if !ok {
		return false
	}
	r := connectors.Record{Value: m.Data, Offset: int64(s.seq), Time: time.Unix(0, s.time)}
	if p.topics {
		r.Topic = subject
	}
	if len(m.Header) > 0 {
		describe(&r, m.Header)
	}
	w.Add(r)
	return true
}
