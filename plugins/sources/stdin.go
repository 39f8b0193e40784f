package sources

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/onstream/onstream/plugins"
)

func stdinKind(in io.Reader) plugins.SourceKind {
	shared := &interruptible{r: in}
	return plugins.SourceKind{
		Name: "stdin",
		Schema: plugins.Schema{
			Doc: "Reads the standard input of the process, until it ends. Only one stage can read it.",
			Example: `source "stdin" "lines" {
  format = "json"
}`,
			Attrs: []plugins.Attr{maxRecordSize()},
		},
		Payload:       true,
		DefaultFormat: "json",
		Check:         func(c plugins.Config) error { return c.Payload().CheckStream() },
		Capabilities: func(plugins.Config) plugins.Capabilities {
			return plugins.Capabilities{Weakens: "what was read from standard input cannot be read again after a crash"}
		},
		New: func(c plugins.Config, env plugins.Env) (plugins.Source, error) {
			return &stdin{shared, c.Int("max_record_size"), env}, nil
		},
	}
}

type stdin struct {
	in    *interruptible
	limit int64
	env   plugins.Env
}

var _ plugins.Source = (*stdin)(nil)

// Run implements [plugins.Source].
func (s *stdin) Run(ctx context.Context, out plugins.Outlet) error {
	if s.in.r == nil {
		return nil
	}
	if !s.in.taken.TryLock() {
		return errors.New("standard input is read by another stage already: let both take their records from that one")
	}
	defer s.in.taken.Unlock()
	stream := newStream(readerFunc(func(p []byte) (int, error) { return s.in.read(ctx, p) }), "stdin", s.limit, out, s.env)
	if err := stream.run(ctx); err != nil {
		return readError(ctx, "standard input", stream, err)
	}
	out.Done(stream.part)
	return nil
}

type readerFunc func([]byte) (int, error)

// Read implements [io.Reader].
func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// interruptible is a reader that need not be waited for. A read of standard
// input cannot be taken back: one that is under way when somebody stops
// waiting goes on, and what it brings is for the next who reads.
type interruptible struct {
	r     io.Reader
	taken sync.Mutex
	buf   []byte
	rest  []byte // read, not yet taken
	ended error
	due   chan result // of the read under way; nil when there is none
}

type result struct {
	n   int
	err error
}

// read is like Read, but returns ctx's error when ctx ends first.
func (i *interruptible) read(ctx context.Context, p []byte) (int, error) {
	if len(i.rest) == 0 && i.ended == nil {
		if err := i.fill(ctx); err != nil {
			return 0, err
		}
	}
	n := copy(p, i.rest)
	i.rest = i.rest[n:]
	if len(i.rest) == 0 {
		return n, i.ended
	}
	return n, nil
}

func (i *interruptible) fill(ctx context.Context) error {
	if i.due == nil {
		if i.buf == nil {
			i.buf = make([]byte, chunk)
		}
		due := make(chan result, 1)
		i.due = due
		go func() {
			n, err := i.r.Read(i.buf)
			due <- result{n, err}
		}()
	}
	select {
	case got := <-i.due:
		i.due, i.rest, i.ended = nil, i.buf[:got.n], got.err
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
