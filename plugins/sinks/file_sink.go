package sinks

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/onstream/onstream/plugins"
)

// file is the sink. The engine's goroutine and that of the timer use it.
type file struct {
	path     string
	truncate bool // when it is opened for the first time
	opened   bool // it was, once
	objects  bool // each record is a JSON object
	policy   syncPolicy
	rotate   rotation
	compress compressor // nil for none
	term     []byte
	env      plugins.Env
	open     func(path string, truncate bool) (handle, error)

	mu      sync.Mutex
	out     output
	header  header
	gather  gather
	pending []byte        // records that the next compressed member will hold
	held    []func(error) // the batches that wait for a member or an fsync
	answers []answer      // to give when mu is free
	timer   *time.Timer   // nil when nothing is due later
	failed  error         // what went wrong in the timer's goroutine
	closed  bool
}

// answer is a call of a batch's done that is due.
type answer struct {
	done func(error)
	err  error
}

var (
	_ plugins.Sink   = (*file)(nil)
	_ plugins.Opener = (*file)(nil)
	_ plugins.Closer = (*file)(nil)
)

// locked runs f alone, and then gives the answers that are due: whoever gets
// one may call again.
func (s *file) locked(f func() error) error {
	answers, err := func() ([]answer, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		err := f()
		answers := s.answers
		s.answers = nil
		return answers, err
	}()
	for _, a := range answers {
		a.done(a.err)
	}
	return err
}

// Open implements [plugins.Opener].
func (s *file) Open(context.Context) error { return s.locked(s.ready) }

// Write implements [plugins.Sink].
func (s *file) Write(_ context.Context, b *plugins.Batch, done func(error)) error {
	return s.locked(func() error {
		if err := s.failed; err != nil {
			s.failed = nil
			return err
		}
		if err := s.ready(); err != nil {
			return err
		}
		if err := s.startUnder(b); err != nil {
			return err
		}
		if s.compress != nil {
			return s.collect(b, done)
		}
		if err := s.writeRecords(b); err != nil {
			return err
		}
		if s.policy != syncAlways {
			s.answers = append(s.answers, answer{done, nil})
			s.arm()
			return nil
		}
		s.held = append(s.held, done)
		if s.out.size-s.out.synced >= groupCommit {
			_ = s.finish() // the batches are told
		}
		return nil
	})
}

// writeRecords adds the records to the file as they are.
func (s *file) writeRecords(b *plugins.Batch) error {
	return s.out.whole(func(write func([]byte) error) error {
		s.gather.forget()
		s.gather.term, s.gather.write = s.term, write
		s.gather.buf = append(s.gather.buf, s.lead()...)
		return s.gather.batch(b)
	})
}

// collect keeps the records for the next compressed member.
func (s *file) collect(b *plugins.Batch, done func(error)) error {
	if len(s.pending) == 0 {
		s.pending = append(s.pending, s.lead()...)
	}
	s.gather.term, s.gather.write = s.term, func(p []byte) error {
		s.pending = append(s.pending, p...)
		return nil
	}
	if err := s.gather.batch(b); err != nil {
		return err
	}
	s.held = append(s.held, done)
	if len(s.pending) >= gathered {
		_ = s.finish() // the batches are told
	}
	return nil
}

// Flush implements [plugins.Sink].
func (s *file) Flush(context.Context) error {
	return s.locked(func() error {
		_ = s.finish() // the batches are told
		return nil
	})
}

// finish makes what is held back as durable as it is to be. What goes wrong it
// tells the batches that it answers for, and returns.
func (s *file) finish() error {
	err := s.writeMember()
	if err == nil && s.policy == syncAlways && len(s.held) > 0 {
		if err = s.out.force(); err != nil {
			// Nobody knows what the disk has of it: write it again.
			err = errors.Join(err, s.out.cutTo(s.out.synced))
		}
	}
	for _, done := range s.held {
		s.answers = append(s.answers, answer{done, err})
	}
	clear(s.held)
	s.held = s.held[:0]
	s.arm()
	return err
}

// writeMember writes what is pending as one compressed member.
func (s *file) writeMember() error {
	if len(s.pending) == 0 {
		return nil
	}
	member, err := s.compress.member(s.pending)
	s.pending = s.pending[:0]
	if err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	return s.out.whole(func(write func([]byte) error) error { return write(member) })
}

// arm sets the timer for the next fsync or rotation that is due later.
func (s *file) arm() {
	if s.timer != nil || s.closed || s.out.f == nil {
		return
	}
	wait := time.Duration(-1)
	if s.rotate.every > 0 && s.out.size > 0 {
		wait = max(0, s.rotate.every-s.env.Now().Sub(s.out.began))
	}
	if s.policy == syncInterval && s.out.size != s.out.synced && (wait < 0 || wait > syncEvery) {
		wait = syncEvery
	}
	if wait >= 0 {
		s.timer = time.AfterFunc(wait, s.tick)
	}
}

// tick does what is due. Its errors are for the next Write.
func (s *file) tick() {
	_ = s.locked(func() error { // there is none
		s.timer = nil
		if s.closed || s.out.f == nil {
			return nil
		}
		if s.policy == syncInterval {
			s.failed = s.out.force()
		}
		if s.failed == nil {
			s.failed = s.rotateIfDue()
		}
		s.arm()
		return nil
	})
}

// Close implements [plugins.Closer].
func (s *file) Close(context.Context) error {
	return s.locked(func() error {
		s.closed = true
		if s.timer != nil {
			s.timer.Stop()
		}
		return errors.Join(s.failed, s.shut())
	})
}

// shut finishes the file and closes it.
func (s *file) shut() error {
	if s.out.f == nil {
		return nil
	}
	err := s.finish()
	if err == nil && s.policy != syncNever {
		err = s.out.force()
	}
	if err != nil {
		return err
	}
	s.header = header{}
	return s.out.close()
}
