package state

import (
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// compactions lets Pebble compact only while the database is the one in use and
// can be written. An Open that fails gives back what a compaction still uses,
// which then panics and ends the process; and what a database compacts that was
// opened in the place of another is missing in views of that. The default
// scheduler asks ten times a second whether it may do more, where a pipeline
// that is idle is to sleep.
type compactions struct {
	*pebble.ConcurrencyLimitScheduler
	fence   *fence
	started atomic.Bool
}

func newCompactions(f *fence) *compactions {
	return &compactions{ConcurrencyLimitScheduler: pebble.NewConcurrencyLimitSchedulerWithNoPeriodicGrantingForTest(), fence: f}
}

// TrySchedule implements [pebble.CompactionScheduler].
func (c *compactions) TrySchedule() (bool, pebble.CompactionGrantHandle) {
	if !c.started.Load() || c.fence.isBroken() {
		return false, nil
	}
	return c.ConcurrencyLimitScheduler.TrySchedule()
}

// start begins with what is due, the first time.
func (c *compactions) start() {
	if c.started.Swap(true) {
		return
	}
	if ok, grant := c.TrySchedule(); ok {
		grant.Done() // passes the permission on to what waits for one
	}
}
