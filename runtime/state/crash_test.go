package state_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/state"
)

func random() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// What was stored is there, in each of many runs.
func TestReopen(t *testing.T) {
	t.Parallel()
	all := models(60)
	disk := vfs.NewMem()
	for run := int64(1); run <= 12; run++ {
		s := open(t, disk)
		if s.Epoch() != run || s.Last().Number != 5*(run-1) {
			t.Fatalf("run %d has epoch %d and goes on after commit %d", run, s.Epoch(), s.Last().Number)
		}
		holds(t, s, all)
		for i := range int64(5) {
			if err := write(s, s.Last().Number+1, i%2 == 0); err != nil {
				t.Fatal(err)
			}
			holds(t, s, all)
		}
		closeStore(t, s)
	}
}

// After a loss of power at any time, everything that was synced is there.
func TestPowerLoss(t *testing.T) {
	t.Parallel()
	all := models(60)
	disk := vfs.NewCrashableMem()
	s := open(t, disk)
	defer s.Close()
	for n := int64(1); n < 60; n++ {
		if err := write(s, n, true); err != nil {
			t.Fatal(err)
		}
		for _, percent := range []int{0, 50} {
			after := open(t, disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: random()}))
			if got := after.Last().Number; got != n {
				t.Fatalf("commit %d is the last after a loss of power, %d was acknowledged", got, n)
			}
			holds(t, after, all)
			closeStore(t, after)
		}
	}
}

// Commits that are not synced may be lost with the power, the last ones first.
func TestPowerLossWithoutSync(t *testing.T) {
	t.Parallel()
	all := models(60)
	disk := vfs.NewCrashableMem()
	s := open(t, disk)
	defer s.Close()
	for n := int64(1); n < 60; n++ {
		if err := write(s, n, n%10 == 0); err != nil {
			t.Fatal(err)
		}
		after := open(t, disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: random()}))
		if got := after.Last().Number; got > n || got < n/10*10 {
			t.Fatalf("commit %d is the last after a loss of power, %d was synced and %d written", got, n/10*10, n)
		}
		holds(t, after, all)
		closeStore(t, after)
	}
}

// A disk that fails once, at any operation, loses nothing that was
// acknowledged. One that is full for a while makes a commit wait; after any
// other error nothing is stored until the store is opened again.
func TestFailingDisk(t *testing.T) {
	t.Parallel()
	const steps = 24
	all := models(steps)
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EIO} {
		t.Run(errno.Error(), func(t *testing.T) {
			t.Parallel()
			retried, refused := 0, 0
			for at := int64(0); ; at++ {
				disk := vfs.NewMem()
				inject := &failure{at: at, err: errno}
				s, err := state.Open("/state", "p", state.OnFS(errorfs.Wrap(disk, inject)))
				var acked int64
				if err == nil {
					for err == nil && acked < steps {
						if err = write(s, acked+1, true); err == nil {
							acked++
						} else if errors.Is(err, state.ErrFull) {
							retried++
							err = write(s, acked+1, true)
						}
					}
					if err != nil {
						refused++
						again := write(s, acked+1, true)
						if errno == syscall.ENOSPC || again == nil {
							t.Fatalf("operation %d (%v) failed: %v; then %v", at, inject.op, err, again)
						}
					}
					holds(t, s, all)
					_ = s.Close() // what it could not write is lost
				}
				after := open(t, disk)
				if got := after.Last().Number; got != acked && got != acked+1 {
					t.Fatalf("operation %d (%v) failed: commit %d is the last, %d was acknowledged", at, inject.op, got, acked)
				}
				holds(t, after, all)
				closeStore(t, after)
				if !inject.done {
					t.Logf("%d operations, %d commits written again, %d refused", at, retried, refused)
					break
				}
			}
		})
	}
}

// failure makes one operation that changes the disk fail.
type failure struct {
	at   int64
	err  error
	mu   sync.Mutex
	n    int64
	op   string
	done bool
}

func (f *failure) String() string { return "failure" }

// happened tells which operation has failed, while others may be under way in the background.
func (f *failure) happened() (op string, done bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.op, f.done
}

func (f *failure) MaybeError(op errorfs.Op) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if op.Kind.ReadOrWrite() == errorfs.OpIsRead {
		return nil
	}
	f.n++
	if f.n != f.at+1 {
		return nil
	}
	f.done = true
	f.op = fmt.Sprint(op.Kind, " ", op.Path)
	return &fs.PathError{Op: "test", Path: op.Path, Err: f.err}
}

// A flush or compaction that fails in the background stops the store as well.
func TestFailingBackground(t *testing.T) {
	t.Parallel()
	disk := vfs.NewMem()
	broken := &switched{}
	inject := errorfs.InjectorFunc(func(op errorfs.Op) error {
		if broken.on.Load() && op.Kind == errorfs.OpFileWrite && strings.HasSuffix(op.Path, ".sst") {
			return &fs.PathError{Op: "write", Path: op.Path, Err: syscall.EIO}
		}
		return nil
	})
	s := open(t, errorfs.Wrap(disk, inject))
	broken.on.Store(true)
	acked := int64(0)
	var err error
	for err == nil && acked < 1000 {
		if err = write(s, acked+1, true); err == nil {
			acked++
		}
	}
	if !plugins.IsPermanent(err) || !errors.Is(err, syscall.EIO) {
		t.Fatalf("after %d commits: %v", acked, err)
	}
	broken.on.Store(false)
	if err := write(s, acked+1, true); !plugins.IsPermanent(err) {
		t.Fatalf("the store goes on: %v", err)
	}
	_ = s.Close() // it could not write
	after := open(t, disk)
	if got := after.Last().Number; got != acked && got != acked+1 {
		t.Fatalf("commit %d is the last, %d was acknowledged", got, acked)
	}
	holds(t, after, models(acked+1))
	closeStore(t, after)
}

// A manifest that cannot be written stops the store, and nothing that goes on in
// the background stumbles over it.
func TestFailingManifest(t *testing.T) {
	t.Parallel()
	for at := range int64(40) {
		var n atomic.Int64
		inject := errorfs.InjectorFunc(func(op errorfs.Op) error {
			if op.Kind == errorfs.OpFileWrite && strings.Contains(op.Path, "MANIFEST") && n.Add(1) > at+3 {
				return &fs.PathError{Op: "write", Path: op.Path, Err: syscall.EIO}
			}
			return nil
		})
		disk := vfs.NewMem()
		s := open(t, errorfs.Wrap(disk, inject))
		acked := int64(0)
		var err error
		for err == nil && acked < 1000 {
			if err = write(s, acked+1, true); err == nil {
				acked++
			}
		}
		if !plugins.IsPermanent(err) || !errors.Is(err, syscall.EIO) {
			t.Fatalf("after %d commits: %v", acked, err)
		}
		_ = s.Close() // it could not write
		after := open(t, disk)
		if got := after.Last().Number; got != acked && got != acked+1 {
			t.Fatalf("commit %d is the last, %d was acknowledged", got, acked)
		}
		holds(t, after, models(acked+1))
		closeStore(t, after)
	}
}

// The power may go at any time while a store is opened, after which nothing is
// missing either: what opening replaces is removed when the rest is known to be
// whole.
func TestPowerLossWhileOpening(t *testing.T) {
	t.Parallel()
	const steps = 24
	all := models(steps)
	disk := vfs.NewCrashableMem()
	s := open(t, disk)
	defer closeStore(t, s)
	if err := write(s, steps, true); err != nil {
		t.Fatal(err)
	}
	found := disk.CrashClone(vfs.CrashCloneCfg{})
	operations := 0
	for at, more := 0, true; more; at++ {
		var crashed []*vfs.MemFS
		opened := found.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: random()})
		n := 0
		var mu sync.Mutex
		watch := errorfs.InjectorFunc(func(op errorfs.Op) error {
			mu.Lock()
			defer mu.Unlock()
			if op.Kind.ReadOrWrite() == errorfs.OpIsRead {
				return nil
			}
			if n == at {
				for _, percent := range []int{0, 50} {
					crashed = append(crashed, opened.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: random()}))
				}
			}
			n++
			return nil
		})
		closeStore(t, open(t, errorfs.Wrap(opened, watch)))
		for _, after := range crashed {
			s := open(t, after)
			if got := s.Last().Number; got != steps {
				t.Fatalf("operation %d: commit %d is the last, %d was acknowledged", at, got, steps)
			}
			holds(t, s, all)
			closeStore(t, s)
		}
		operations, more = n, len(crashed) > 0
	}
	t.Logf("%d operations", operations)
}
