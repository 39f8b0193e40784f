package spool

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"

	"github.com/onstream/onstream/plugins"
)

// PartitionName is the name of the only partition of a spooled source.
const PartitionName = "spool"

// Source is a source with a spool behind it.
type Source struct {
	inner plugins.Source
	dir   string
	pool  *plugins.Pool
	o     Options
	from  plugins.Position

	mu      sync.Mutex
	journal *journal // while Run runs
}

var (
	_ plugins.Source     = (*Source)(nil)
	_ plugins.Seeker     = (*Source)(nil)
	_ plugins.Progresser = (*Source)(nil)
)

// Wrap returns a source whose records come from the spool in dir, and which
// runs inner to fill it. The records have one partition, [PartitionName], and
// their numbers in the spool as offsets. It reads and writes nothing: Run
// does, so that one can be made while another one still uses the spool.
func Wrap(inner plugins.Source, dir string, pool *plugins.Pool, o Options) (*Source, error) {
	if dir == "" {
		return nil, errors.New("a spool needs a folder")
	}
	return &Source{inner: inner, dir: filepath.Clean(dir), pool: pool, o: o}, nil
}

// Seek implements [plugins.Seeker]: it is found out by Run whether the position
// is still there.
func (s *Source) Seek(positions map[plugins.Partition]plugins.Position) error {
	for p, at := range positions {
		if strings.HasPrefix(p.Name, ReplayPrefix) {
			continue // of the same source, but not of its spool
		}
		if p.Name != PartitionName {
			return fmt.Errorf("resume the spool %s: the position is of a partition %q: it was stored while the source had no spool: forget it with `onstream state reset`", s.dir, p.Name)
		}
		if _, _, err := decodePosition(at); err != nil {
			return fmt.Errorf("resume the spool %s: the stored position cannot be used: %w", s.dir, err)
		}
		s.from = at
	}
	return nil
}

// Progress implements [plugins.Progresser]: it is the progress of the source
// that fills the spool, if that can tell.
func (s *Source) Progress() (done, total int64) {
	if p, ok := s.inner.(plugins.Progresser); ok {
		return p.Progress()
	}
	return 0, 0
}

// Lag implements [plugins.Lagging]: it is that of the source that fills the
// spool, if that can tell.
func (s *Source) Lag() (records int64, ok bool) {
	if l, is := s.inner.(plugins.Lagging); is {
		return l.Lag()
	}
	return 0, false
}

// Addr returns where the inner source listens, nil where it does not.
func (s *Source) Addr() net.Addr {
	if a, ok := s.inner.(interface{ Addr() net.Addr }); ok {
		return a.Addr()
	}
	return nil
}

// Run implements [plugins.Source]. When the input of the inner source ends, it
// hands over what is left and returns; when ctx ends or something fails, what
// is left stays for the next run.
func (s *Source) Run(ctx context.Context, out plugins.Outlet) error {
	j, err := openJournal(s.dir, s.o)
	if err != nil {
		return err
	}
	part := plugins.Partition{Name: PartitionName}
	r, err := j.reader(part, s.from)
	if err != nil {
		return errors.Join(err, j.close())
	}
	s.use(j)
	defer s.use(nil)

	// The first of the three that fails stops the others.
	inside, stop := context.WithCancel(ctx)
	defer stop()
	var actors sync.WaitGroup
	var filling, writing error
	actors.Go(func() {
		defer j.end()
		if filling = s.inner.Run(inside, &appender{j: j, pool: s.pool}); filling != nil {
			stop()
		}
	})
	actors.Go(func() {
		if writing = j.writeAll(); writing != nil {
			stop()
		}
	})
	reading := r.handAll(inside, out, j.release)
	if reading != nil {
		stop()
	}
	actors.Wait()
	if errors.Join(filling, writing, reading) == nil {
		out.Done(part)
	}
	return result(ctx, filling, writing, reading, r.close(), j.close())
}

// result is what Run returns: what went wrong, without what only followed from
// the end of a context.
func result(ctx context.Context, errs ...error) error {
	var all error
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			all = errors.Join(all, err)
		}
	}
	if all == nil {
		return ctx.Err()
	}
	return all
}

// use makes the journal known to Stats.
func (s *Source) use(j *journal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journal = j
}

// Stats is what a spool holds.
type Stats struct {
	Bytes    int64 // on disk
	MaxBytes int64 // as [Options] has it
	Entries  int64 // that the engine has not acknowledged
	Records  int64 // in these
	Full     bool  // there was no room on disk when something was to be written last
}

// Stats tells what the spool holds; while Run does not run, only how much it
// may. It is safe for concurrent use.
func (s *Source) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.journal == nil {
		return Stats{MaxBytes: s.o.withDefaults().MaxBytes}
	}
	return s.journal.stats()
}
