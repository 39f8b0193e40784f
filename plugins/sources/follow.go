package sources

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"sync"

	"github.com/onstream/onstream/plugins"
)

// globEvery is how many polls pass between two looks for new files.
const globEvery = 20

// followAll follows every file that the patterns name now or later, each in a
// goroutine of its own. The first that cannot go on stops all.
func (f *file) followAll(ctx context.Context, out plugins.Outlet) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var followers sync.WaitGroup
	defer followers.Wait()
	defer cancel(nil)
	known := map[string]bool{}
	for first := true; ; first = false {
		paths, err := matchFiles(f.patterns)
		if err != nil {
			return err
		}
		for _, p := range paths {
			if known[p] {
				continue
			}
			known[p] = true
			if compressionOf(p, f.compression) != "none" {
				f.env.Logger.Warn("a compressed file cannot be followed and is left out: name the files more closely", "path", p)
				continue
			}
			t := &tail{file: f, path: p, out: out, from: f.resume[p], fromEnd: first && f.fromEnd}
			followers.Go(func() { cancel(t.run(ctx)) })
		}
		if f.env.Wait(ctx, f.poll*globEvery) != nil {
			return context.Cause(ctx)
		}
	}
}

// tail follows what stands at one path.
type tail struct {
	*file
	path    string
	out     plugins.Outlet
	from    *resumption // where the first file was left the last time
	fromEnd bool        // begin at the end of the file that is there at first
	epoch   int64
}

// run follows one file after the other, until ctx ends or it cannot go on, and
// returns why.
func (t *tail) run(ctx context.Context) error {
	for {
		in, err := t.wait(ctx)
		if err != nil {
			return err
		}
		if err := t.follow(ctx, in); err != nil {
			return err
		}
		t.epoch++
		t.from, t.fromEnd = nil, false
	}
}

// wait opens the file, once there is one.
func (t *tail) wait(ctx context.Context) (*input, error) {
	for {
		in, err := openInput(t.path, "none", &t.file.read)
		if !errors.Is(err, fs.ErrNotExist) {
			return in, err
		}
		t.fromEnd = false // whatever comes is new
		if err := t.env.Wait(ctx, t.poll); err != nil {
			return nil, err
		}
	}
}

// follow reads a file until another one is in its place.
func (t *tail) follow(ctx context.Context, in *input) error {
	defer in.Close()
	if err := t.catchUp(ctx, in); err != nil {
		return err
	}
	s, err := t.begin(in)
	if err != nil {
		return err
	}
	defer s.close()
	err = t.read(ctx, in, s)
	if err == nil {
		err = s.finish(ctx)
	}
	if err != nil {
		return readError(ctx, t.path, s, err)
	}
	t.out.Done(s.part)
	return nil
}

// begin returns the stream of the file from where following begins.
func (t *tail) begin(in *input) (*stream, error) {
	s, err := t.open(in, t.out, t.from)
	if err != nil {
		return nil, err
	}
	t.epoch = max(t.epoch, s.part.Epoch)
	s.part.Epoch = t.epoch
	var print fingerprint
	s.at = func(offset int64) plugins.Position {
		// A file that was short when it was opened is known better now.
		if print.n < fingerprinted {
			if fresh, err := fingerprintOf(in.file, offset); err == nil {
				print = fresh
			}
		}
		return position{offset, print}.encode()
	}
	if !t.fromEnd || t.from != nil {
		return s, nil
	}
	end, err := lastRecord(in.file, t.env.Framing.Terminator)
	if err != nil {
		return nil, err
	}
	return s, t.seek(s, in, end)
}

// read reads until the file was rotated away.
func (t *tail) read(ctx context.Context, in *input, s *stream) error {
	begin, err := fingerprintOf(in.file, fingerprinted)
	if err != nil {
		return err
	}
	last := false // another file is in its place: only what was written meanwhile is left
	for {
		err := s.step(ctx)
		if err == nil {
			last = false
			continue
		}
		if !errors.Is(err, io.EOF) {
			return err
		}
		if last {
			return nil
		}
		state, err := t.look(in.file, begin)
		if err != nil || state == truncated {
			return err
		}
		last = state == replaced
		if begin.n < fingerprinted {
			if begin, err = fingerprintOf(in.file, fingerprinted); err != nil {
				return err
			}
		}
		if err := t.env.Wait(ctx, t.poll); err != nil {
			return err
		}
	}
}
