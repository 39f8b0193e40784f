package sinks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/onstream/onstream/plugins"
)

func stdoutKind(out io.Writer) plugins.SinkKind {
	if out == nil {
		out = io.Discard
	}
	shared := &sharedWriter{w: out}
	return plugins.SinkKind{
		Name: "stdout",
		Schema: plugins.Schema{
			Doc: "Writes records to the standard output of the process, each batch as soon as it is there. After a full disk or another failure that may pass it goes on where it stopped.",
			Example: `sink "stdout" "screen" {
  from   = source.readings
  format = "json"
}`,
		},
		Payload:       true,
		DefaultFormat: "json",
		Check:         func(c plugins.Config) error { return c.Payload().CheckStream() },
		Capabilities: func(plugins.Config) plugins.Capabilities {
			return plugins.Capabilities{Weakens: "what was written to standard output may still be lost by its reader"}
		},
		Direct: func(plugins.Config) bool { return true },
		New: func(_ plugins.Config, env plugins.Env) (plugins.Sink, error) {
			s := &stdout{out: shared}
			s.gather = gather{term: env.Framing.Terminator, write: s.out.write}
			return s, nil
		},
	}
}

type stdout struct {
	out    *sharedWriter
	gather gather
	header header
	torn   tornRecord
}

var _ plugins.Sink = (*stdout)(nil)

// Write implements [plugins.Sink]. What is out cannot be taken back: after an
// error the batch is continued behind it.
func (s *stdout) Write(_ context.Context, b *plugins.Batch, done func(error)) error {
	next := 0
	if s.torn.take(b) {
		next = 1
	}
	var lead []byte
	first := !s.header.known
	if err := s.header.check("standard output", b); err != nil {
		return err
	}
	if first && s.header.line != nil {
		lead = append(bytes.Clone(s.header.line), s.gather.term...)
	}
	begun, written, err := s.write(lead, b, next)
	if err == nil {
		done(nil)
		return nil
	}
	if first && !begun {
		s.header = header{} // it is another try's
	}
	err = explainOut(err)
	if written == 0 {
		return err
	}
	return &plugins.PartialError{Done: written, Err: err}
}

// write writes the lead and the rows from next on, those before being out in
// part. After an error it returns whether any of that is out, and how many of
// the rows are wholly.
func (s *stdout) write(lead []byte, b *plugins.Batch, next int) (bool, int, error) {
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	if err := s.out.finishRecord(); err != nil {
		if next > 0 {
			s.torn.keep(b, 0)
		}
		return false, 0, err
	}
	s.out.written = 0
	s.gather.forget()
	s.gather.buf = append(s.gather.buf, lead...)
	if err := s.gather.rows(b, b.Sel[next:]); err != nil {
		return s.out.written > 0, s.stopped(lead, b, next), err
	}
	return true, len(b.Sel), nil
}

// stopped finds out how many rows were written wholly before a write has
// failed, and leaves the rest of a record that is out in part to whoever writes
// next.
func (s *stdout) stopped(lead []byte, b *plugins.Batch, next int) int {
	out := s.out.written
	if out < len(lead) {
		if out > 0 {
			s.out.rest = bytes.Clone(lead[out:])
		}
		return next
	}
	out -= len(lead)
	for ; out > 0; next++ {
		value := b.Value(b.Sel[next])
		size := len(value) + len(s.gather.term)
		if out < size {
			s.out.rest = append(bytes.Clone(value), s.gather.term...)[out:]
			s.torn.keep(b, next)
			return next
		}
		out -= size
	}
	return next
}

// explainOut says what can be done about a write that failed, and whether
// another try may help.
func explainOut(err error) error {
	switch {
	case errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.EBADF), errors.Is(err, io.ErrClosedPipe), errors.Is(err, os.ErrClosed):
		return plugins.Permanent(fmt.Errorf("write to standard output: %w", err))
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("write to standard output: %w: free some space", err)
	default:
		return fmt.Errorf("write to standard output: %w", err)
	}
}

// Flush implements [plugins.Sink].
func (s *stdout) Flush(context.Context) error { return nil }
