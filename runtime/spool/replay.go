package spool

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/onstream/onstream/plugins"
)

// ReplayPrefix begins the names of the partitions of a [ReplaySource].
const ReplayPrefix = "replay/"

// ReplaySource is a source of what was put aside for a replay, each under a
// partition of its own, "replay/" and a number that is never used twice. A
// partition is removed when all of it was acknowledged.
type ReplaySource struct {
	dir         string
	o           Options
	from        map[string]plugins.Position // by the name of the partition
	done, total atomic.Int64
}

var (
	_ plugins.Source     = (*ReplaySource)(nil)
	_ plugins.Seeker     = (*ReplaySource)(nil)
	_ plugins.Progresser = (*ReplaySource)(nil)
)

// Replay returns a source of what [PutAside] has left in dir by the time Run is
// called. It reads nothing yet.
func Replay(dir string, o Options) (*ReplaySource, error) {
	if dir == "" {
		return nil, errors.New("a replay needs a folder")
	}
	return &ReplaySource{dir: dir, o: o, from: map[string]plugins.Position{}}, nil
}

// Seek implements [plugins.Seeker]. Positions of partitions that are not there
// any more do not matter.
func (s *ReplaySource) Seek(positions map[plugins.Partition]plugins.Position) error {
	for p, at := range positions {
		if strings.HasPrefix(p.Name, ReplayPrefix) {
			s.from[p.Name] = at
		}
	}
	return nil
}

// Replayed reports whether nothing of a partition of a [ReplaySource] for dir is
// on disk any more, nor will be after a crash: nobody needs its position. It looks
// beside dir, too: the source may have had another name.
func Replayed(dir string, p plugins.Partition) bool {
	name, ok := strings.CutPrefix(p.Name, ReplayPrefix)
	if !ok {
		return false
	}
	sources, err := os.ReadDir(filepath.Dir(dir))
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	for _, s := range sources {
		folder := filepath.Join(filepath.Dir(dir), s.Name())
		if !s.IsDir() {
			continue
		}
		if _, err := os.Lstat(filepath.Join(folder, name)); !errors.Is(err, fs.ErrNotExist) {
			return false
		}
		if err := syncDir(folder); err != nil {
			return false
		}
	}
	return true
}

// Progress implements [plugins.Progresser], in records.
func (s *ReplaySource) Progress() (done, total int64) { return s.done.Load(), s.total.Load() }

// Run implements [plugins.Source].
func (s *ReplaySource) Run(ctx context.Context, out plugins.Outlet) error {
	names, err := asides(s.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := s.replay(ctx, name, out); err != nil {
			return err
		}
	}
	return nil
}

// replay hands over one partition.
func (s *ReplaySource) replay(ctx context.Context, name string, out plugins.Outlet) error {
	dir := filepath.Join(s.dir, name)
	j, err := openJournal(dir, s.o)
	if err != nil {
		return err
	}
	j.end()
	j.written = true // nobody writes
	part := plugins.Partition{Name: ReplayPrefix + name}
	r, err := j.reader(part, s.from[part.Name])
	if err != nil {
		return errors.Join(err, j.close())
	}
	// Sequence numbers of records count from 1.
	s.total.Add(int64(j.durable.record) - 1)
	s.done.Add(int64(r.at.record) - 1)
	left := &leftover{dir: dir, logger: j.options.Logger, acked: r.at == j.durable}
	last := r.at
	err = r.handAll(ctx, out, func(at sequence) {
		s.done.Add(int64(at.record - last.record))
		last = at
		if at == j.durable {
			left.acknowledged()
		}
	})
	if err == nil {
		out.Done(part)
	}
	err = errors.Join(err, r.close(), j.close())
	left.closed()
	return err
}

// leftover is the folder of a replay, which is removed when all of it was
// acknowledged and it is not open any more.
type leftover struct {
	dir    string
	logger *slog.Logger

	mu    sync.Mutex
	acked bool
	shut  bool
}

func (l *leftover) acknowledged() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked = true
	l.removeIfDone()
}

func (l *leftover) closed() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shut = true
	l.removeIfDone()
}

func (l *leftover) removeIfDone() {
	if !l.acked || !l.shut {
		return
	}
	// At once, or a crash half way leaves something that looks damaged.
	err := os.Rename(l.dir, l.dir+doneSuffix)
	if err == nil {
		err = os.RemoveAll(l.dir + doneSuffix)
	}
	if err != nil {
		l.logger.Warn("what was replayed cannot be removed: do it by hand", "folder", l.dir, "error", err)
	}
}
