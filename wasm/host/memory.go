package host

import (
	"context"
	"runtime"

	"github.com/tetratelabs/wazero/experimental"
)

// growing is the memory of a guest where none can be reserved: it is copied where it grows beyond its capacity.
type growing struct {
	bytes []byte
	max   uint64
}

// piece is how much is copied at a time. While Go copies it can neither stop the goroutine for its collector of garbage, for
// which all others wait, nor give its place to another one.
const piece = 256 << 10

// Reallocate implements [experimental.LinearMemory].
func (g *growing) Reallocate(size uint64) []byte {
	if size <= uint64(cap(g.bytes)) {
		g.bytes = g.bytes[:size]
		return g.bytes
	}
	next := make([]byte, size, max(size, min(g.max, 2*uint64(cap(g.bytes)))))
	for from := 0; from < len(g.bytes); from += piece {
		copy(next[from:], g.bytes[from:min(from+piece, len(g.bytes))])
		runtime.Gosched() // where it can be stopped
	}
	g.bytes = next
	return next
}

// Free implements [experimental.LinearMemory].
func (*growing) Free() {} // the collector of garbage finds it

// allocating is a context in which instances have a memory that grows with little ado.
func (m *memories) allocating() context.Context {
	return experimental.WithMemoryAllocator(context.Background(), experimental.MemoryAllocatorFunc(func(size, most uint64) experimental.LinearMemory {
		if r := m.reserve(most); r != nil {
			return r
		}
		return &growing{make([]byte, 0, size), most}
	}))
}
