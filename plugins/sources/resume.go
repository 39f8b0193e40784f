package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/onstream/onstream/plugins"
)

// resumption is where to go on with a partition.
type resumption struct {
	epoch int64
	position
}

// open returns the stream of an open file, from its beginning or where it was
// left the last time.
func (f *file) open(in *input, out plugins.Outlet, from *resumption) (*stream, error) {
	path := in.file.Name()
	s := newStream(in.r, path, f.limit, out, f.env)
	print, err := fingerprintOf(in.file, fingerprinted)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	s.at = func(offset int64) plugins.Position { return position{offset, print}.encode() }
	if from == nil {
		return s, nil
	}
	same, err := from.file.matches(in.file)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	s.part.Epoch = from.epoch
	if !same {
		f.env.Logger.Warn("the file is another one than when it was read last: reading it from the beginning", "path", path)
		s.part.Epoch++
		return s, nil
	}
	return s, f.seek(s, in, from.offset)
}

// seek goes to an offset of the file's content.
func (f *file) seek(s *stream, in *input, offset int64) error {
	if offset == 0 {
		return nil
	}
	path := in.file.Name()
	if s.header {
		if err := f.readPreamble(s, path); err != nil {
			return err
		}
	}
	s.start = offset
	there, err := in.skip(offset)
	if err != nil {
		return fmt.Errorf("resume %s: %w", path, err)
	}
	if there < offset {
		return fmt.Errorf("resume %s: it ends at byte %d, before byte %d where reading stopped the last time: restore the file, or remove the stored position to read it from its beginning", path, there, offset)
	}
	if in.method == "none" {
		f.read.Add(offset)
	}
	return nil
}

// readPreamble reads what the file begins with, for a stream that resumes
// behind it.
func (f *file) readPreamble(s *stream, path string) error {
	in, err := openInput(path, f.compression, new(atomic.Int64))
	if err != nil {
		return err
	}
	defer in.Close()
	head := newStream(io.LimitReader(in.r, f.limit), path, f.limit, forgetful{f.env.Pool}, f.env)
	defer head.close()
	for head.header {
		err := head.step(context.Background())
		switch {
		case err == nil || !head.header:
		case errors.Is(err, io.EOF):
			return fmt.Errorf("resume %s: its first line, which names the columns, is gone", path)
		default:
			return fmt.Errorf("resume %s: %w", path, err)
		}
	}
	s.header, s.preamble = false, head.preamble
	return nil
}

// forgetful is an outlet that forgets what it takes.
type forgetful struct{ pool *plugins.Pool }

// Batch implements [plugins.Outlet].
func (o forgetful) Batch() *plugins.Batch { return o.pool.Batch() }

// Hand implements [plugins.Outlet].
func (o forgetful) Hand(_ context.Context, d plugins.Delivery) error {
	d.Batch.Release()
	return nil
}

// Done implements [plugins.Outlet].
func (o forgetful) Done(plugins.Partition) {}
