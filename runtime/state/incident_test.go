package state_test

import (
	"bytes"
	"errors"
	"io/fs"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/onstream/onstream/runtime/state"
)

// A disk that fails while a store opens that has much to compact makes it say
// so, and not panic.
func TestFailingOpen(t *testing.T) {
	t.Parallel()
	disk := vfs.NewCrashableMem()
	s := open(t, disk)
	var before []*vfs.MemFS
	for n := int64(1); n <= 240; n++ {
		if err := write(s, n, true); err != nil {
			t.Fatal(err)
		}
		if n%48 == 0 {
			before = append(before, files(disk))
		}
	}
	closeStore(t, s)
	failed := 0
	for _, found := range before {
		for at, more := int64(0), true; more; at++ {
			inject := &failure{at: at, err: syscall.EIO}
			slow := errorfs.InjectorFunc(func(op errorfs.Op) error {
				if strings.HasSuffix(op.Path, ".sst") && op.Kind.ReadOrWrite() == errorfs.OpIsRead {
					time.Sleep(time.Millisecond) // a compaction takes longer than Open does
				}
				return inject.MaybeError(op)
			})
			s, err := state.Open("/state", "p", state.OnFS(errorfs.Wrap(files(found), slow)))
			var op string
			op, more = inject.happened()
			if err != nil {
				failed++
				if !errors.Is(err, syscall.EIO) {
					t.Fatalf("operation %d (%v) failed: %v", at, op, err)
				}
				continue
			}
			_ = s.Close() // may be what failed
		}
	}
	t.Logf("%d of the stores could not be opened", failed)
}

// A disk that is full again and again leaves no database behind.
func TestManyIncidents(t *testing.T) { //nolint:paralleltest // it measures the memory of the process
	const incidents = 20
	fail := &roomFor{left: -1}
	s, err := state.Open(t.TempDir(), "p", state.OnDisk(errorfs.Wrap(vfs.Default, fail)))
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	value := bytes.Repeat([]byte("x"), 256<<10)
	var first uint64
	for i := range incidents {
		for room := 1; room < 60; room += 7 {
			fail.set(room)
			c := s.Begin()
			c.Writer(theStage).Put(0, 0, []byte{byte(room)}, value)
			if err := c.Write(time.Unix(1, 0), false); err != nil && !errors.Is(err, state.ErrFull) {
				t.Fatalf("a full disk gives %v", err)
			}
		}
		fail.set(-1)
		put(t, s, theStage, "key", "value")
		if i == 2 {
			first = heap()
		}
	}
	if last := heap(); last > first+16<<20 {
		t.Fatalf("%d incidents have left %d MiB on the heap, three %d", incidents, last>>20, first>>20)
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// roomFor is a disk with room for some more operations.
type roomFor struct {
	mu   sync.Mutex
	left int // -1 while there is room
}

func (r *roomFor) set(left int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left = left
}

func (r *roomFor) String() string { return "roomFor" }

func (r *roomFor) MaybeError(op errorfs.Op) error {
	switch op.Kind {
	case errorfs.OpFileWrite, errorfs.OpFileWriteAt, errorfs.OpCreate, errorfs.OpFileSync, errorfs.OpFileSyncData:
	default:
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left == 0 {
		return &fs.PathError{Op: "write", Path: op.Path, Err: syscall.ENOSPC}
	}
	r.left = max(r.left-1, -1)
	return nil
}

// A commit that waits for the disk to keep up ends when the disk is full, and
// so does Close.
func TestFullWhileBehind(t *testing.T) {
	t.Parallel()
	var behind, full atomic.Bool
	free := make(chan struct{})
	inject := errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind != errorfs.OpCreate || !strings.HasSuffix(op.Path, ".sst") || !behind.Load() {
			return nil
		}
		<-free
		if full.Load() {
			return &fs.PathError{Op: "open", Path: op.Path, Err: syscall.ENOSPC}
		}
		return nil
	})
	s := open(t, errorfs.Wrap(vfs.NewMem(), inject))
	behind.Store(true)
	var number atomic.Int64
	result := make(chan error)
	go func() {
		for {
			if err := write(s, number.Load()+1, true); err != nil {
				result <- err
				return
			}
			number.Add(1)
		}
	}()
	for last := int64(-1); last != number.Load(); time.Sleep(100 * time.Millisecond) {
		last = number.Load() // until it stands still, or is only slow: then this is not much of a test
	}
	full.Store(true)
	close(free)
	if err := <-result; !errors.Is(err, state.ErrFull) {
		t.Fatalf("a full disk gives %v", err)
	}
	full.Store(false)
	if err := write(s, number.Load()+1, true); err != nil {
		t.Fatal(err)
	}
	holds(t, s, models(number.Load()+1))
	closeStore(t, s)
}
