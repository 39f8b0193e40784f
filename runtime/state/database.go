package state

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
)

// database is an open Pebble database that can fail without taking the process
// along.
type database struct {
	*pebble.DB
	fence     *fence
	users     atomic.Int32
	abandoned atomic.Bool // while it was opened: it cannot be closed

	stuckOnce sync.Once
	stuck     chan struct{} // closed when background work has failed for good
}

// openDatabase opens what is in the folder of the store.
func (s *Store) openDatabase() (*database, error) {
	d := &database{fence: newFence(s.fs), stuck: make(chan struct{})}
	d.users.Store(1)
	o := s.tuning()
	o.FS = d.fence
	o.Logger = &logger{s.log, d.fence}
	o.EventListener = &pebble.EventListener{
		BackgroundError: d.backgroundError(s.log),
		DataCorruption: func(i pebble.DataCorruptionInfo) {
			// Not the error itself, here and elsewhere: a handler would show its stack.
			s.log.Error("checkpoint store is corrupt", "file", i.Path, "error", i.Details.Error())
		},
	}
	err := d.guard(func() (err error) {
		d.DB, err = pebble.Open(s.dir, o)
		return err
	})
	if err != nil {
		d.fence.breakWith(err)
		d.abandoned.Store(true)
		return nil, err
	}
	return d, nil
}

// tuning returns the options of Pebble for this use: commits come once a
// second or so and are large, reads are scans when the pipeline starts and
// single keys, mostly new ones, later, and an idle pipeline is to be small.
func (s *Store) tuning() *pebble.Options {
	o := &pebble.Options{
		ReadOnly:                    s.readOnly,
		DisableWAL:                  s.dir == "",
		FormatMajorVersion:          pebble.FormatNewest,
		CacheSize:                   16 << 20,
		MemTableSize:                16 << 20,
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       1000, // a late compaction is better than a commit that waits
		LBaseMaxBytes:               64 << 20,
		MaxOpenFiles:                256,
		BytesPerSync:                1 << 20,
		WALBytesPerSync:             1 << 20,
	}
	if s.memTable != 0 {
		o.MemTableSize = s.memTable
	}
	// The default one asks ten times a second whether it may do more: a pipeline
	// that is idle is to sleep, and one that cannot be opened is not to be kept.
	o.Experimental.CompactionScheduler = pebble.NewConcurrencyLimitSchedulerWithNoPeriodicGrantingForTest()
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		o.Levels[i].BlockSize = 8 << 10
		o.Levels[i].IndexBlockSize = 256 << 10 // one index a table: half the blocks to read for a key
	}
	return o
}

// retryPause is how long a database that cannot write any more waits between
// its attempts to.
const retryPause = 20 * time.Millisecond

// backgroundError is told of flushes and compactions that failed. Pebble tries
// again at once, and does so until it is closed; where it cannot be closed, it
// is halted here.
func (d *database) backgroundError(log *slog.Logger) func(error) {
	return func(err error) {
		if d.fence.reason() == nil {
			log.Warn("checkpoint store", "error", err.Error())
			return
		}
		d.stuckOnce.Do(func() { close(d.stuck) })
		time.Sleep(retryPause)
		if d.abandoned.Load() {
			select {}
		}
	}
}

// guard calls f, and returns when it returns, panics, or waits for background
// work that will never succeed.
func (d *database) guard(f func() error) error {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- fmt.Errorf("%v", r)
			}
		}()
		done <- f()
	}()
	var err error
	select {
	case err = <-done:
	case <-d.stuck:
	}
	// What broke the fence came first. And Pebble returns no error after some
	// that it deems fatal.
	if reason := d.fence.reason(); reason != nil {
		return reason
	}
	return err
}

func (d *database) hold() *database {
	d.users.Add(1)
	return d
}

// release closes the database when nobody uses it any more.
func (d *database) release() error {
	if d.users.Add(-1) > 0 {
		return nil
	}
	return d.guard(d.Close)
}
