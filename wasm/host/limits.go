package host

import (
	"fmt"
	"time"
)

// Limits are what an instance may use. None of them is off; the zero value allows nothing.
type Limits struct {
	Memory int64         // bytes of its memory
	Time   time.Duration // of a call, as the guest spends it
	Start  time.Duration // until it is opened, as the guest spends it
	Calls  int           // of functions of the host, in a call
	Output int           // bytes that a call returns and emits
	State  int           // bytes that a key keeps
	Logs   int           // lines in a second
}

// DefaultLimits are those of stages that say nothing.
func DefaultLimits() Limits {
	return Limits{
		Memory: 64 << 20, Time: time.Second, Start: 10 * time.Second, Calls: 1_000_000,
		Output: 16 << 20, State: 64 << 10, Logs: 100,
	}
}

// String writes them as the language takes them.
func (l Limits) String() string {
	return fmt.Sprintf("memory %s, time %v, start %v, calls %d, output %s, state %s, logs %d/s",
		size(l.Memory), l.Time, l.Start, l.Calls, size(int64(l.Output)), size(int64(l.State)), l.Logs)
}

// size writes bytes.
func size(n int64) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%dMiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%dKiB", n>>10)
	}
	return fmt.Sprint(n)
}

// MaxMemory is the most memory that a guest can have: its pointers have 31 bits.
const MaxMemory = 1<<31 - pageSize

const pageSize = 64 << 10

func (l Limits) pages() uint32 { return uint32(min(l.Memory, MaxMemory) / pageSize) }
