package state

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
)

// database is an open Pebble database that can fail without taking the process
// along, and that can always be closed.
type database struct {
	*pebble.DB
	fence       *fence
	compactions *compactions
	users       atomic.Int32
	panicked    atomic.Bool
	flushed     chan struct{} // has something in it after a flush
	room        uint64        // bytes in memory from which on a commit waits for a flush
}

// openDatabase opens what is in the folder of the store.
func (s *Store) openDatabase() (*database, error) {
	o := s.tuning()
	d := &database{fence: newFence(s.fs), flushed: make(chan struct{}, 1), room: memTables * o.MemTableSize}
	d.compactions = newCompactions(d.fence)
	d.users.Store(1)
	o.FS = d.fence
	o.Logger = &logger{s.log, d.fence}
	o.Experimental.CompactionScheduler = d.compactions
	o.EventListener = &pebble.EventListener{
		FlushEnd: func(pebble.FlushInfo) {
			select {
			case d.flushed <- struct{}{}:
			default:
			}
		},
		BackgroundError: d.backgroundError(s.log),
		DataCorruption: func(i pebble.DataCorruptionInfo) {
			if !d.fence.isBroken() { // else the file is one that was never written
				// Not the error itself, here and below: a handler would show its stack.
				s.log.Error("checkpoint store is corrupt", "file", i.Path, "error", i.Details.Error())
			}
		},
	}
	err := d.guard(func() (err error) {
		d.DB, err = pebble.Open(s.dir, o)
		return err
	})
	d.fence.opened()
	if err == nil {
		return d, nil
	}
	return nil, s.giveUp(d, err)
}

// giveUp closes a database that cannot be used, and leaves its folder as it was
// before.
func (s *Store) giveUp(d *database, why error) error {
	d.fence.breakWith(why)
	if d.DB != nil {
		why = d.release()
	}
	if err := d.fence.undo(s.dir); err != nil {
		s.log.Warn("checkpoint store: take back what opening it has changed", "error", err.Error())
	}
	return why
}

const (
	memTables  = 4 // how many of them may be in memory
	blockCache = 16 << 20
)

// tuning returns the options of Pebble for this use: commits come once a
// second or so and are large, reads are scans when the pipeline starts and
// single keys, mostly new ones, later, and an idle pipeline is to be small.
func (s *Store) tuning() *pebble.Options {
	o := &pebble.Options{
		ReadOnly:                    s.readOnly,
		DisableWAL:                  s.dir == "",
		FormatMajorVersion:          pebble.FormatNewest,
		MemTableSize:                8 << 20,
		MemTableStopWritesThreshold: memTables + 1, // never: see apply
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       math.MaxInt32, // a late compaction is better than a commit that waits
		LBaseMaxBytes:               64 << 20,
		MaxOpenFiles:                256,
		BytesPerSync:                1 << 20,
		WALBytesPerSync:             1 << 20,
	}
	if s.memTable != 0 {
		o.MemTableSize = s.memTable
	}
	// Memtables count as part of the cache: one of their size caches nothing,
	// not even the indexes and filters that each Get needs.
	o.CacheSize = blockCache + memTables*int64(o.MemTableSize)
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		o.Levels[i].BlockSize = 8 << 10
		o.Levels[i].IndexBlockSize = 256 << 10 // one index a table: half the blocks to read for a key
	}
	return o
}

// retryPause is how long a database waits between its attempts to do what has
// failed.
const retryPause = 20 * time.Millisecond

// backgroundError is told of flushes and compactions that failed. Pebble tries
// again at once, and does so until it is closed. What is damaged is the end: the
// next commit says so.
func (d *database) backgroundError(log *slog.Logger) func(error) {
	return func(err error) {
		var found *damage
		switch {
		case d.fence.isBroken():
		case errors.As(err, &found) || pebble.IsCorruptionError(err):
			d.fence.breakWith(err)
		default:
			log.Warn("checkpoint store", "error", err.Error())
		}
		time.Sleep(retryPause)
	}
}

// apply writes a batch. It waits here while the disk is behind: in Pebble it
// would wait for a flush that may never succeed, with locks that Close needs.
func (d *database) apply(b *pebble.Batch, o *pebble.WriteOptions) error {
	return d.guard(func() error {
		for d.Metrics().MemTable.Size >= d.room {
			select {
			case <-d.flushed:
			case <-d.fence.broken:
				return d.fence.reason()
			}
		}
		return d.Apply(b, o)
	})
}

// guard calls f. What broke the fence comes before the error of f, and before a
// panic: Pebble returns no error after some that it deems fatal.
func (d *database) guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			d.panicked.Store(true)
			err = fmt.Errorf("%v", r)
			d.fence.breakWith(err)
		}
		if reason := d.fence.reason(); reason != nil {
			err = reason
		}
	}()
	return f()
}

// beginLog goes on with another log. The first one of a new database is made in
// the oldest format, whose frames do not tell what was on disk before them.
func (d *database) beginLog() error {
	return d.guard(func() error {
		_, err := d.AsyncFlush()
		return err
	})
}

func (d *database) hold() *database {
	d.users.Add(1)
	return d
}

// release closes the database when nobody uses it any more. One that has
// panicked may hold the locks that this takes.
func (d *database) release() error {
	if d.users.Add(-1) > 0 {
		return nil
	}
	if d.panicked.Load() {
		return d.fence.reason()
	}
	return d.guard(d.Close)
}
