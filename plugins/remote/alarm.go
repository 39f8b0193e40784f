package remote

import (
	"fmt"
	"sync"
	"time"
)

// alarm kills a process that has not answered in time. It is safe for concurrent use.
type alarm struct {
	worker *worker
	limit  time.Duration
	what   string

	mu    sync.Mutex
	timer *time.Timer
	round int
	isOff bool
}

// set begins to wait for an answer.
func (a *alarm) set() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.isOff {
		return
	}
	a.round++
	round := a.round
	if a.timer != nil {
		a.timer.Stop()
	}
	a.timer = time.AfterFunc(a.limit, func() { a.ring(round) })
}

// stop says that the answer has come.
func (a *alarm) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.round++
	if a.timer != nil {
		a.timer.Stop()
	}
}

// off says that there will be no more to wait for.
func (a *alarm) off() {
	a.stop()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.isOff = true
	if a.timer != nil {
		a.timer.Stop()
	}
}

// ring kills the process unless the answer has come meanwhile.
func (a *alarm) ring(round int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.round == round && !a.isOff {
		a.worker.hung.Store(true)
		a.worker.process.Kill(fmt.Sprintf("it has not answered within %v (limits.timeout): the %s", a.limit, a.what))
	}
}
