package sinks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"

	"github.com/onstream/onstream/plugins"
)

// ErrClosedPipe says that whoever read the standard output went away. To a
// program in a pipe of the shell that is no failure, but the time to end.
var ErrClosedPipe = errors.New("standard output was closed by its reader")

func stdoutKind(out io.Writer) plugins.SinkKind {
	if out == nil {
		out = io.Discard
	}
	shared := &lockedWriter{w: out}
	return plugins.SinkKind{
		Name: "stdout",
		Schema: plugins.Schema{
			Doc: "Writes records to the standard output of the process, each batch as soon as it is there.",
			Example: `sink "stdout" "screen" {
  from   = source.readings
  format = "json"
}`,
		},
		Payload:       true,
		DefaultFormat: "json",
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

// lockedWriter keeps the batches of several sinks apart.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) write(p []byte) error {
	_, err := l.w.Write(p)
	return err
}

type stdout struct {
	out    *lockedWriter
	gather gather
	header header
}

var _ plugins.Sink = (*stdout)(nil)

// Write implements [plugins.Sink]. No error is worth another try: part of the
// batch may be out already.
func (s *stdout) Write(_ context.Context, b *plugins.Batch, done func(error)) error {
	first := !s.header.known
	if err := s.header.check("standard output", b); err != nil {
		return err
	}
	if err := s.write(b, first); err != nil {
		if errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) {
			err = fmt.Errorf("%w (%w)", ErrClosedPipe, err)
		}
		return plugins.Permanent(fmt.Errorf("write to standard output: %w", err))
	}
	done(nil)
	return nil
}

func (s *stdout) write(b *plugins.Batch, first bool) error {
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	s.gather.forget()
	if first && s.header.line != nil {
		s.gather.buf = append(append(s.gather.buf, s.header.line...), s.gather.term...)
	}
	return s.gather.batch(b)
}

// Flush implements [plugins.Sink].
func (s *stdout) Flush(context.Context) error { return nil }
