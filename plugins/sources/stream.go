package sources

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/onstream/onstream/plugins"
)

// chunk is how much is read at once. Smaller ones spend more on system calls
// and batches, larger ones do not stay in the processor's cache.
const chunk = 256 << 10

var byteOrderMark = []byte("\ufeff")

// stream makes deliveries of one partition out of a stream of bytes. It hands
// over what one read gave: it never waits to fill a batch.
type stream struct {
	in    io.Reader
	out   plugins.Outlet
	env   plugins.Env
	part  plugins.Partition
	limit int // bytes of a record
	// at returns the position of an offset; nil where there is none to resume at.
	at func(offset int64) plugins.Position

	split    plugins.Splitter
	preamble []byte
	header   bool // the preamble is still to come

	b     *plugins.Batch // being filled, nil before the first read
	from  int            // where in b.Data the next record begins
	start int64          // the offset in the stream of b.Data[from]
	seen  int            // b.Data up to here has no end of a record behind from
	large oversize
	open  runaways
}

func newStream(in io.Reader, name string, limit int64, out plugins.Outlet, env plugins.Env) *stream {
	return &stream{
		in: in, out: out, env: env, part: plugins.Partition{Name: name},
		limit: int(limit), split: env.Framing.Splitter(), header: env.Framing.Preamble,
	}
}

// step does one read and hands over the records that are whole. It returns
// the reader's error: after io.EOF it may be called again, for more that came.
func (s *stream) step(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.makeRoom()
	free := s.b.Data[len(s.b.Data):cap(s.b.Data)]
	n, err := s.in.Read(free)
	s.b.Data = s.b.Data[:len(s.b.Data)+n]
	if n > 0 {
		if s.b.Received == 0 {
			s.b.Received = s.env.Now().UnixNano()
		}
		if err := s.cut(ctx, false); err != nil {
			return err
		}
	}
	return err
}

// finish hands over what is left as the last record.
func (s *stream) finish(ctx context.Context) error {
	if s.b == nil {
		return nil
	}
	return s.cut(ctx, true)
}

// close gives back what was not handed over.
func (s *stream) close() {
	if s.b != nil {
		s.b.Release()
		s.b = nil
	}
}

// run reads until the end of the input.
func (s *stream) run(ctx context.Context) error {
	defer s.close()
	for {
		err := s.step(ctx)
		if errors.Is(err, io.EOF) {
			return s.finish(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// readError says where reading stopped.
func readError(ctx context.Context, name string, s *stream, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("read %s at byte %d: %w", name, s.start, err)
}

// makeRoom sees to it that there is a batch with room for a good read.
func (s *stream) makeRoom() {
	if s.b == nil {
		s.b = s.out.Batch()
		s.b.Grow(chunk)
	}
	if used := len(s.b.Data); cap(s.b.Data)-used < chunk/4 {
		s.b.Grow(max(chunk/4, used)) // doubles, so that long records cost no more than their length
	}
}

// cut hands over the whole records in b.Data, and keeps the rest.
func (s *stream) cut(ctx context.Context, atEnd bool) error {
	for {
		if err := s.cutOnce(ctx, atEnd); err != nil {
			return err
		}
		if n := s.runaway(); n == 0 {
			return s.checkLength()
		} else if err := s.leaveOut(ctx, n); err != nil {
			return err
		}
	}
}

func (s *stream) cutOnce(ctx context.Context, atEnd bool) error {
	s.skipMark()
	if s.large.open && !s.skip(atEnd) {
		return nil
	}
	if !atEnd && !s.mayEnd() {
		s.seen = len(s.b.Data)
		return nil
	}
	spans := s.b.SpareValues()
	if s.large.done {
		spans = append(spans, plugins.Span{Len: uint32(s.large.kept)})
	}
	spans, done, err := s.split.Split(s.b.Data, s.from, atEnd, spans)
	first := 0 // of the records in spans that Split found
	if s.large.done {
		first = 1
	}
	if n := s.tame(spans[first:]); first+n < len(spans) {
		spans, done, err = spans[:first+n], int(spans[first+n].Off), nil
	}
	if s.header && len(spans) > first {
		s.header = false
		s.preamble = bytes.Clone(spans[first].Of(s.b.Data))
		spans = append(spans[:first], spans[first+1:]...)
	}
	next := s.start + int64(done-s.from)
	if len(spans) > 0 {
		if handErr := s.hand(ctx, spans, done, next); handErr != nil {
			return handErr
		}
	} else {
		s.keep(s.b, s.b.Data[done:])
	}
	s.start = next
	return err
}

// skipMark leaves out the byte order mark that some programs put in front of a
// text.
func (s *stream) skipMark() {
	if s.start == 0 && s.from == 0 && len(s.env.Framing.Terminator) > 0 && bytes.HasPrefix(s.b.Data, byteOrderMark) {
		s.from, s.start = len(byteOrderMark), int64(len(byteOrderMark))
	}
}

// mayEnd reports whether a record may end in what was read last. Without this
// look, a long record in many small reads would be cut from its begin each time.
func (s *stream) mayEnd() bool {
	end := s.env.Framing.Terminator
	return len(end) == 0 || s.large.done || bytes.IndexByte(s.b.Data[max(s.seen, s.from):], end[len(end)-1]) >= 0
}

// hand delivers the records, and puts what follows them into a new batch.
func (s *stream) hand(ctx context.Context, spans []plugins.Span, done int, next int64) error {
	b := s.b
	b.Part, b.Preamble, b.Values = s.part, s.preamble, spans
	b.SelectAll(len(spans))
	offset := s.start - int64(s.from) // of b.Data[0], were nothing left out
	b.Offsets = b.SpareOffsets()
	for _, span := range spans {
		b.Offsets = append(b.Offsets, offset+int64(span.Off))
	}
	s.failLarge(b)
	fresh := s.out.Batch()
	if rest := b.Data[done:]; len(rest) > 0 {
		fresh.Received = b.Received
		fresh.Grow(max(chunk, 2*len(rest)))
		s.keep(fresh, rest)
	} else {
		s.keep(fresh, nil)
	}
	s.b = fresh
	d := plugins.Delivery{Batch: b}
	if s.at != nil {
		d.Next = s.at(next)
	}
	return s.out.Hand(ctx, d)
}

// keep makes rest all that is in b.
func (s *stream) keep(b *plugins.Batch, rest []byte) {
	b.Data = append(b.Data[:0], rest...)
	s.from, s.seen = 0, len(rest)
}
