package runtime

import (
	"sync/atomic"
	"time"
)

// pace compares how long a source takes to bring a batch with how long it
// takes to run one: moving averages over the last few batches. It is safe for
// concurrent use; a lost update does no harm.
type pace struct {
	left              atomic.Int64 // when the source was last let go, ns since 1970
	bringing, running atomic.Int64 // ns
}

// handing is called when the source comes with a batch, handed when it goes.
func (p *pace) handing() {
	if left := p.left.Load(); left != 0 {
		average(&p.bringing, time.Now().UnixNano()-left)
	}
}

func (p *pace) handed() { p.left.Store(time.Now().UnixNano()) }

// ran is told how long a chain took to run.
func (p *pace) ran(d time.Duration) { average(&p.running, int64(d)) }

// runIsSlower reports whether running a batch takes longer than bringing it.
func (p *pace) runIsSlower() bool { return p.running.Load() > p.bringing.Load() }

func average(of *atomic.Int64, ns int64) {
	old := of.Load()
	of.Store(old + (ns-old)/8)
}
