package main

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// A transport brings lines to the engine. It returns once the engine, or what
// the engine reads from, has them for good, and tells how often it took to
// send them; it tries again by itself until ctx ends.
type transport interface {
	send(ctx context.Context, lines []line) (tries int, err error)
	close() error
}

// line is what goes over a transport.
type line struct {
	key  string
	text []byte
}

// batchSize is how many lines are claimed and sent at once.
const batchSize = 25

// sender claims, sends and notes, in this order, at a steady rate.
type sender struct {
	transport
	ledger *ledger
	rate   int // lines a second

	mu    sync.Mutex // of what follows: only one batch is under way
	gen   *generator
	batch int
	lines atomic.Int64 // accepted

	told   sync.Mutex     // of what follows
	latest map[string]int // the number of each device's latest record that was accepted

	stop    context.CancelFunc      // lets the batch under way come to its end
	abort   context.CancelCauseFunc // does not even do that
	stopped chan struct{}           // closed when the sender has stopped
	failed  error                   // why, then
}

// start sends in the background until stop.
func (s *sender) start(ctx context.Context) {
	// What was claimed is sent to the end: stop only ends the waiting between.
	sending, abort := context.WithCancelCause(ctx)
	going, stop := context.WithCancel(sending)
	s.stop, s.abort, s.stopped = stop, abort, make(chan struct{})
	go func() {
		defer close(s.stopped)
		s.failed = s.run(sending, going)
	}()
}

func (s *sender) run(ctx, going context.Context) error {
	every := time.NewTicker(max(time.Second*batchSize/time.Duration(s.rate), time.Millisecond))
	defer every.Stop()
	for {
		select {
		case <-going.Done():
			return nil
		case <-every.C:
		}
		claims := make([]claim, batchSize)
		s.mu.Lock()
		for i := range claims {
			claims[i] = s.gen.next()
		}
		s.mu.Unlock()
		if err := s.pass(ctx, claims); err != nil {
			return err
		}
	}
}

// fresh sends what shows that the pipeline lives and closes its windows.
func (s *sender) fresh(ctx context.Context) error {
	return s.pass(ctx, s.gen.fresh())
}

// pass claims a batch, sends it, and notes that it was accepted.
func (s *sender) pass(ctx context.Context, claims []claim) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batch++
	lines := make([]line, len(claims))
	for i := range claims {
		claims[i].Batch = s.batch
		text, err := claims[i].line()
		if err != nil {
			return fmt.Errorf("make a record: %w", err)
		}
		lines[i] = line{claims[i].Key, text}
	}
	if err := s.ledger.claim(claims); err != nil {
		return err
	}
	tries, err := s.send(ctx, lines)
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	s.lines.Add(int64(len(lines)))
	s.note(claims)
	return s.ledger.accept(s.batch, tries)
}

// note remembers what was accepted.
func (s *sender) note(claims []claim) {
	s.told.Lock()
	defer s.told.Unlock()
	if s.latest == nil {
		s.latest = map[string]int{}
	}
	for _, c := range claims {
		if c.Kind != poison {
			s.latest[c.Key] = max(s.latest[c.Key], c.Seq)
		}
	}
}

// accepted returns the number of each device's latest record that was accepted.
func (s *sender) accepted() map[string]int {
	s.told.Lock()
	defer s.told.Unlock()
	return maps.Clone(s.latest)
}

// onward waits until one more record of each of all devices was accepted.
func (s *sender) onward(ctx context.Context) error {
	for before := s.accepted(); ; {
		now, more := s.accepted(), 0
		for key, seq := range now {
			if was, known := before[key]; !known || seq > was {
				more++
			}
		}
		if more == s.gen.keys {
			return nil
		}
		select {
		case <-s.stopped:
			return s.failed
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pollEvery):
		}
	}
}
