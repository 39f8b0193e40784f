package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// handful is how many messages the program by hand takes at once.
const handful = 256

// byHand is P5 over JetStream with nothing but the driver. Messages are
// acknowledged when everything before them is confirmed.
func (s *streams) byHand(ctx context.Context) error {
	return s.serve(func(js jetstream.JetStream) (err error) {
		consumer, err := js.CreateConsumer(ctx, "benchin", jetstream.ConsumerConfig{
			Durable: s.group(), AckPolicy: jetstream.AckAllPolicy, MaxAckPending: -1, FilterSubject: streamIn,
		})
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		w := &natsWriter{ctx: ctx, js: js, subject: streamOut}
		r := &natsReader{ctx: ctx, packs: make(chan *pack, 16), spare: make(chan *pack, 18), left: s.records, acked: time.Now(), flush: w.flush}
		consuming, err := consumer.Consume(r.pack(s.records), jetstream.PullMaxMessages(maxInFlight))
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		defer consuming.Stop()
		if err := mapTopic(w, r); err != nil {
			return err
		}
		return r.ack()
	}, jetstream.WithPublishAsyncMaxPending(maxInFlight))
}

// pack is the text of messages, one a line, and the last of them.
type pack struct {
	text []byte
	n    int
	last jetstream.Msg
}

// natsReader reads so many messages, one a line.
type natsReader struct {
	ctx   context.Context // a reader is handed none
	packs chan *pack
	spare chan *pack
	open  *pack // of which not all is handed out
	rest  []byte
	last  jetstream.Msg // that is handed out
	left  int
	acked time.Time
	flush func() error
}

// pack returns what takes messages. It knows how many come, so that no handful
// is left over.
func (r *natsReader) pack(left int) jetstream.MessageHandler {
	filling := &pack{}
	return func(m jetstream.Msg) {
		filling.text = append(append(filling.text, m.Data()...), '\n')
		filling.last = m
		filling.n++
		left--
		if filling.n < handful && left > 0 {
			return
		}
		select {
		case r.packs <- filling:
		case <-r.ctx.Done():
		}
		select {
		case filling = <-r.spare:
			filling.text, filling.n = filling.text[:0], 0
		default:
			filling = &pack{}
		}
	}
}

// Read implements [io.Reader]. What it returned before has been written.
func (r *natsReader) Read(p []byte) (n int, err error) {
	if r.left == 0 && len(r.rest) == 0 {
		return 0, io.EOF
	}
	if time.Since(r.acked) >= commitInterval && r.last != nil && len(r.rest) == 0 {
		if err := r.ack(); err != nil {
			return 0, err
		}
	}
	if len(r.rest) == 0 {
		select {
		case r.open = <-r.packs:
		case <-r.ctx.Done():
			return 0, r.ctx.Err()
		}
		r.rest = r.open.text
		r.left -= r.open.n
	}
	n = copy(p, r.rest)
	if r.rest = r.rest[n:]; len(r.rest) == 0 {
		r.last = r.open.last
		r.spare <- r.open
	}
	return n, nil
}

// ack acknowledges everything that was handed out, once what came of it is
// confirmed.
func (r *natsReader) ack() error {
	if err := r.flush(); err != nil {
		return err
	}
	r.acked = time.Now()
	if err := r.last.DoubleAck(r.ctx); err != nil {
		return fmt.Errorf("acknowledge: %w", err)
	}
	return nil
}

// natsWriter publishes each line.
type natsWriter struct {
	ctx     context.Context // a writer is handed none
	js      jetstream.JetStream
	subject string
	open    []jetstream.PubAckFuture // not known to be confirmed
}

// Write implements [io.Writer].
func (w *natsWriter) Write(lines []byte) (int, error) {
	// The driver may send a message again: it keeps the text.
	err := eachLine(bytes.Clone(lines), func(line []byte) error {
		for {
			future, err := w.js.PublishAsync(w.subject, line)
			if err == nil {
				w.open = append(w.open, future)
				return nil
			}
			if !errors.Is(err, jetstream.ErrTooManyStalledMsgs) || w.ctx.Err() != nil {
				return fmt.Errorf("write: %w", err)
			}
		}
	})
	return len(lines), err
}

// flush waits until everything is confirmed.
func (w *natsWriter) flush() error {
	select {
	case <-w.js.PublishAsyncComplete():
	case <-w.ctx.Done():
		return w.ctx.Err()
	}
	for _, future := range w.open {
		select {
		case err := <-future.Err():
			return fmt.Errorf("write: %w", err)
		default:
		}
	}
	clear(w.open)
	w.open = slices.Delete(w.open, 0, len(w.open))
	return nil
}
