package runtime

import (
	"sync"
	"sync/atomic"

	"github.com/onstream/onstream/plugins"
)

// delivery is what a source handed over, until everything it became is
// finished. Each batch on its way to another goroutine holds a reference.
type delivery struct {
	task    *task
	next    plugins.Position
	ack     func()
	nack    func(error)
	records int64
	bytes   int64

	refs atomic.Int32
	mu   sync.Mutex
	err  error // why not everything was finished; under mu
	done bool  // under task.mu
}

func (d *delivery) retain() { d.refs.Add(1) }

// release gives a reference back. A non-nil error makes the ack a nack.
func (d *delivery) release(err error) {
	if err != nil {
		d.mu.Lock()
		if d.err == nil {
			d.err = err
		}
		d.mu.Unlock()
	}
	if d.refs.Add(-1) == 0 {
		d.task.finish(d)
	}
}
