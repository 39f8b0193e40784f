package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/serial"
)

// chunk is how much is read at once: small entries are gathered into one batch
// up to that, as a file's lines would be.
const chunk = 256 << 10

// reader reads the durable entries of a journal in order.
type reader struct {
	j        *journal
	part     plugins.Partition
	at       sequence
	seg      *segment
	in       file // of seg; nil while none is open
	offset   int64
	preamble []byte // of the last batch; batches of the same share it
}

// reader returns a reader that goes on at a position; without one it begins at
// the first entry that is kept.
func (j *journal) reader(part plugins.Partition, from plugins.Position) (*reader, error) {
	r := &reader{j: j, part: part}
	r.enterAt(j.segments[0])
	if from != nil {
		if err := r.seek(from); err != nil {
			return nil, fmt.Errorf("resume the spool %s: %w", j.dir, err)
		}
		j.release(r.at)
	}
	return r, nil
}

// close closes the file that is open.
func (r *reader) close() error {
	if r.in == nil {
		return nil
	}
	err := r.in.Close()
	r.in = nil
	return err
}

// next fills b with entries that follow. It waits for them until ctx ends;
// io.EOF says that no more will come.
func (r *reader) next(ctx context.Context, b *plugins.Batch) error {
	for {
		limit, err := r.wait(ctx)
		if err != nil {
			return err
		}
		if r.offset < limit {
			return r.fill(b, limit)
		}
		if err := r.enter(); err != nil {
			return err
		}
	}
}

// wait waits until there is something to read, or another segment, and returns
// where the present segment ends.
func (r *reader) wait(ctx context.Context) (limit int64, err error) {
	j := r.j
	j.mu.Lock()
	defer j.mu.Unlock()
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if r.offset < r.seg.size || r.seg != j.last() {
			return r.seg.size, nil
		}
		if j.written {
			return 0, io.EOF
		}
		news := j.news.wait()
		j.mu.Unlock()
		select {
		case <-news:
		case <-ctx.Done():
		}
		j.mu.Lock()
	}
}

// enter goes to the next segment.
func (r *reader) enter() error {
	if err := r.close(); err != nil {
		return err
	}
	j := r.j
	j.mu.Lock()
	defer j.mu.Unlock()
	next := j.segments[slices.Index(j.segments, r.seg)+1]
	if next.base != r.at {
		if !next.gap {
			return r.corrupt(errors.New(endsEarly(r.at.entry, next.base.entry)))
		}
		j.options.Logger.Warn("going on behind entries that were given up by onstream spool repair", "spool", j.dir, "from", r.at.entry, "to", next.base.entry-1)
	}
	r.enterAt(next)
	return nil
}

// enterAt goes to the beginning of a segment. The journal's lock is held.
func (r *reader) enterAt(s *segment) {
	r.seg, r.at, r.offset = s, s.base, segmentHeader
	r.j.reading = s
	r.j.work.strike() // the one before may be removed
}

// fill reads the frames from the present offset into b's Data, whole ones up to
// a chunk, and makes rows of them that point there.
func (r *reader) fill(b *plugins.Batch, limit int64) error {
	if err := r.open(); err != nil {
		return err
	}
	if err := r.read(b, min(limit-r.offset, chunk)); err != nil {
		return err
	}
	if length := frameLength(b.Data); length > int64(len(b.Data)) && length <= limit-r.offset {
		if err := r.read(b, length); err != nil {
			return err
		}
	}
	record, used := r.at.record, 0
	var first serial.Head
	for used < len(b.Data) {
		fr, length, err := parseFrame(b.Data[used:])
		if used > 0 && errors.Is(err, errIncomplete) && r.offset+length <= limit {
			break // it goes on behind the chunk
		}
		if err == nil {
			err = fr.follows(r.at)
		}
		if err != nil {
			return r.corrupt(err)
		}
		h, err := readHead(fr.body)
		if used > 0 && err == nil && !h.Joins(&first) {
			break // it cannot be in one batch with those before
		}
		if err == nil {
			err = h.AppendTo(b, uint64(used)+uint64(length))
		}
		if err != nil {
			return r.corrupt(err)
		}
		if used == 0 {
			first = h
			r.begin(b, h)
		}
		r.at.entry++
		r.at.record = record + uint64(b.Len)
		r.offset += length
		used += int(length)
	}
	r.number(b, record)
	return nil
}

// begin gives a batch what its records have in common.
func (r *reader) begin(b *plugins.Batch, h serial.Head) {
	b.Received = h.Received
	if h.Preamble == nil {
		return
	}
	if r.preamble == nil || !bytes.Equal(r.preamble, h.Preamble) {
		r.preamble = bytes.Clone(h.Preamble)
	}
	b.Preamble = r.preamble
}

// number gives the rows their sequence numbers, and makes them alive.
func (r *reader) number(b *plugins.Batch, first uint64) {
	b.Part = r.part
	b.SelectAll(b.Len)
	if b.Offsets == nil {
		b.Offsets = b.SpareOffsets()
	}
	b.Offsets = b.Offsets[:0]
	for i := range b.Len {
		b.Offsets = append(b.Offsets, int64(first)+int64(i))
	}
}

func (r *reader) open() (err error) {
	if r.in == nil {
		r.in, err = r.j.options.disk.Open(filepath.Join(r.j.dir, r.seg.name()), os.O_RDONLY)
	}
	return err
}

// read makes b.Data the n bytes from the present offset.
func (r *reader) read(b *plugins.Batch, n int64) error {
	b.Data = b.Data[:0]
	b.Grow(int(n))
	got, err := r.in.ReadAt(b.Data[:n], r.offset)
	b.Data = b.Data[:got]
	if int64(got) < n {
		if err == nil || errors.Is(err, io.EOF) {
			return r.corrupt(errors.New("the file ends early"))
		}
		return fmt.Errorf("read the spool %s: %w", r.j.dir, err)
	}
	return nil
}

func (r *reader) corrupt(reason error) error {
	return &CorruptError{r.j.dir, r.seg.name(), r.offset, reason.Error()}
}
