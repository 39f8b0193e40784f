package cli

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// trimmer gives memory back to the system that was needed for a while only,
// such as that of a checkpoint of a million keys. The runtime does so as well,
// but not below twice of what was alive at the last collection, and an engine
// that keeps state and allocates little collects rarely.
type trimmer struct {
	memory func() memory
	trim   func() // collects, and gives back all that is free

	kept      uint64    // bytes that two trims, one after the other, have left
	doubt     bool      // the last trim gave little back, the one before did not
	allocated uint64    // bytes at the last look
	rests     time.Time // until then
}

// memory is what the runtime tells about memory, in bytes.
type memory struct {
	held      uint64 // from the system
	allocated uint64 // since the start
}

const (
	trimInterval = 500 * time.Millisecond
	// trimFrom is how much is not worth a trim.
	trimFrom = 64 << 20
	// trimSlack is for each trim as well: there is always some garbage.
	trimSlack = 32 << 20
	// trimRest is how many times as long as a trim took there is none.
	trimRest = 10
)

func newTrimmer() *trimmer {
	return &trimmer{memory: readMemory, trim: func() {
		runtime.GC() // what pools hold takes two
		debug.FreeOSMemory()
	}}
}

// run looks after the memory of the process until ctx ends.
func (t *trimmer) run(ctx context.Context) {
	ticker := time.NewTicker(trimInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			t.look(time.Now)
		}
	}
}

// look trims when much more is held than what is known to be needed, unless
// memory is being allocated at such a rate that it would be needed again. One
// trim that gives little back proves nothing: what a checkpoint is writing to
// disk meanwhile is garbage a little later.
func (t *trimmer) look(now func() time.Time) {
	m, began := t.memory(), now()
	busy := m.allocated-t.allocated > m.held/32
	t.allocated = m.allocated
	kept := max(t.kept, trimFrom)
	if busy || m.held < kept+kept/8+trimSlack || began.Before(t.rests) {
		return
	}
	t.trim()
	left := t.memory().held
	little := left > m.held-m.held/8
	if little && t.doubt {
		t.kept = left
	}
	t.doubt = little && !t.doubt
	ended := now()
	t.rests = ended.Add(trimRest * ended.Sub(began))
}

func readMemory() memory {
	s := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}, {Name: "/gc/heap/allocs:bytes"},
	}
	metrics.Read(s)
	return memory{held: s[0].Value.Uint64() - s[1].Value.Uint64(), allocated: s[2].Value.Uint64()}
}
