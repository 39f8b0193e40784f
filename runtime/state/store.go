package state

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options say how to open a store. The zero value is right for a pipeline that
// runs.
type Options struct {
	// Logger is told what goes on in the store: at debug, but for errors. Nil
	// is the default of package slog.
	Logger *slog.Logger
	// ReadOnly opens a store only to look at it: there is no commit, and no
	// epoch is claimed.
	ReadOnly bool

	fs       vfs.FS // a test's; nil is the disk
	memTable uint64 // a test's; 0 is right
	epoch    int64  // the new one is above this, too
}

// Checkpoint is a commit: all of what was written together.
type Checkpoint struct {
	Number int64     // counts the commits of the store; 0 is before the first
	Epoch  int64     // of the run that made it
	At     time.Time // on the clock of the pipeline, in UTC
}

// Store is the state of one pipeline. Its methods are safe for concurrent use,
// but for Close.
type Store struct {
	path     string // of the pipeline, "" for memory
	dir      string // in it, of the database
	fs       vfs.FS
	log      *slog.Logger
	readOnly bool
	memTable uint64
	lock     io.Closer
	mark     *mark
	epoch    int64

	writing sync.Mutex // held by a commit that is being written
	db      *database  // guarded by writing
	failed  error      // guarded by writing; why no commit can be written any more
	pending [][]byte   // guarded by writing; commits since the last sync, to be written again
	aside   *Commit    // guarded by writing; prepared by this run, the one to be written next

	prepared []byte // by a former run, nil for nothing

	mu   sync.RWMutex // guards what follows
	view *view
	last Checkpoint
	dirs directory
}

// Open opens the state of a pipeline, which is in a folder of its own in dir,
// and claims the next epoch. What is missing is created. The empty dir keeps
// everything in memory. Nobody else can open it until Close.
func Open(dir, pipeline string, o Options) (*Store, error) {
	folder := ""
	if dir != "" {
		folder = Folder(dir, pipeline)
	}
	s, err := openFolder(folder, o)
	if err != nil {
		return nil, fmt.Errorf("open state of %s: %w", pipeline, err)
	}
	return s, nil
}

func openFolder(folder string, o Options) (*Store, error) {
	s := &Store{fs: o.fs, log: o.Logger, readOnly: o.ReadOnly, memTable: o.memTable}
	if s.log == nil {
		s.log = slog.Default()
	}
	if err := s.open(folder, o.epoch); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) open(folder string, epoch int64) (err error) {
	if folder == "" {
		s.fs = vfs.NewMem()
	} else if err := s.openFiles(folder); err != nil {
		return err
	}
	if s.db, err = s.openDatabase(); err != nil {
		return s.explain(err)
	}
	if err := s.load(); err != nil {
		return s.explain(s.giveBack(err))
	}
	s.db.fence.settle()
	if s.readOnly {
		return nil
	}
	s.epoch = max(s.epoch, epoch)
	return s.claim()
}

// openFiles opens what is beside the database.
func (s *Store) openFiles(folder string) (err error) {
	if s.fs == nil {
		s.fs = vfs.Default
	}
	// The lock of a folder is to have one name in the process.
	if s.path, err = filepath.Abs(folder); err != nil {
		return err
	}
	s.dir = s.fs.PathJoin(s.path, databaseName)
	if err := errors.Join(checkRegular(s.fs, s.path, true), checkRegular(s.fs, s.dir, false)); err != nil {
		return err
	}
	remedy := stopOrMove
	if s.readOnly {
		remedy = stopOrAsk
	}
	if s.lock, err = lockFolder(s.fs, s.path, s.readOnly, remedy); err != nil {
		return err
	}
	if err := finishExchange(s.fs, s.path, s.readOnly); err != nil {
		return err
	}
	if !s.readOnly {
		if err := createFolder(s.fs, s.dir); err != nil {
			return s.explain(err)
		}
	}
	if s.mark, err = openMark(s.fs, s.dir); err != nil {
		return s.explain(err)
	}
	return s.explain(s.inspect())
}

// giveBack closes a database that does not hold what it should.
func (s *Store) giveBack(why error) error {
	s.db.fence.breakWith(why)
	err := errors.Join(s.view.release(), s.giveUp(s.db, why))
	s.view, s.db = nil, nil
	if err != nil {
		s.log.Debug("close checkpoint store that is refused", "error", err.Error())
	}
	return why
}

// load reads what the store knows of itself.
func (s *Store) load() error {
	s.view = newView(s.db)
	found, err := readSystem(s.view.snap)
	if err != nil {
		return err
	}
	s.last, s.epoch, s.dirs, s.prepared = found.last, found.epoch, found.directory, found.prepared
	if s.mark != nil {
		return s.mark.check(s.last.Number, s.epoch)
	}
	return nil
}

// claim makes the epoch of this run durable.
func (s *Store) claim() error {
	var b pebble.Batch
	set(&b, systemKey(rowFormat, ""), numberValue(format))
	set(&b, systemKey(rowEpoch, ""), numberValue(s.epoch+1))
	if err := s.apply(&b, true); err != nil {
		return s.explain(err)
	}
	if s.epoch == 0 {
		if err := s.db.beginLog(); err != nil {
			return s.explain(err)
		}
	}
	s.epoch++
	s.advance(s.last, s.dirs, false)
	if s.mark != nil {
		return s.explain(s.mark.begin(s.last.Number, s.epoch))
	}
	return nil
}

// advance makes a commit that is written the one that is read.
func (s *Store) advance(c Checkpoint, d directory, sync bool) {
	next := newView(s.db)
	s.mu.Lock()
	old := s.view
	s.view, s.last, s.dirs = next, c, d
	s.mu.Unlock()
	s.drop(old)
	s.db.compactions.start()
	if sync && s.mark != nil {
		if err := s.mark.write(c.Number, s.epoch); err != nil {
			s.log.Warn("checkpoint store: note the newest commit", "error", err)
		}
	}
}

// Path returns the folder of the pipeline, "" where its state is in memory.
// Besides what the store has there may be folders of others.
func (s *Store) Path() string { return s.path }

// Last returns the newest commit.
func (s *Store) Last() Checkpoint {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.last
}

// Epoch returns the number of this run of the pipeline: each Open has a higher
// one than all before.
func (s *Store) Epoch() int64 { return s.epoch }

// Stages returns the addresses of which something is stored, with the shapes
// they have claimed.
func (s *Store) Stages() map[string]string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	shapes := map[string]string{}
	for addr, st := range s.dirs.stages {
		shapes[addr] = st.shape
	}
	return shapes
}

// Close closes the store. Commits that were not synced are synced.
func (s *Store) Close() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	var errs []error
	if s.view != nil {
		errs = append(errs, s.view.release())
	}
	if s.db != nil {
		errs = append(errs, s.db.release())
	}
	if s.mark != nil {
		errs = append(errs, s.mark.close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close checkpoint store %s: %w", s.path, err)
	}
	return nil
}
