//go:build amd64 || arm64

package host

import (
	"sync"
	"syscall"

	"github.com/tetratelabs/wazero/experimental"
)

// memories are those of the instances of a module. It is safe for concurrent use.
type memories struct {
	mu sync.Mutex
	// free are those of instances that are gone. They stay as long as the module: what was read of an instance may still be
	// looked at after its end, when it is zero.
	free   [][]byte
	closed bool
}

// reserved is the memory of a guest in addresses that are set aside for all that it may ever have, and cost nothing before
// they are used. It grows without being copied, and does not concern the collector of garbage.
type reserved struct {
	from  *memories
	bytes []byte // all of it
	used  uint64
}

// reserve returns memory that can grow to a size, which is the same each time; nil where the system gives none.
func (m *memories) reserve(most uint64) experimental.LinearMemory {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(m.free); n > 0 && uint64(len(m.free[n-1])) == most {
		b := m.free[n-1]
		m.free = m.free[:n-1]
		return &reserved{from: m, bytes: b}
	}
	b, err := syscall.Mmap(-1, 0, int(most), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_NORESERVE)
	if err != nil {
		return nil
	}
	return &reserved{from: m, bytes: b}
}

// Reallocate implements [experimental.LinearMemory].
func (r *reserved) Reallocate(size uint64) []byte {
	if size > uint64(len(r.bytes)) {
		return nil
	}
	r.used = max(r.used, size)
	return r.bytes[:size]
}

// Free implements [experimental.LinearMemory]: the pages go back to the system, and are zero when they are used again.
func (r *reserved) Free() {
	b := r.bytes
	if r.bytes = nil; b == nil {
		return
	}
	r.from.mu.Lock()
	defer r.from.mu.Unlock()
	if r.from.closed || r.used > 0 && syscall.Madvise(b[:r.used], syscall.MADV_DONTNEED) != nil {
		_ = syscall.Munmap(b) // it is not used any more, whatever the system says
		return
	}
	r.from.free = append(r.from.free, b)
}

// close gives back what the instances had, of which there are none any more.
func (m *memories) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	for _, b := range m.free {
		_ = syscall.Munmap(b) // it is not used any more, whatever the system says
	}
	m.free = nil
}
