package spool_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/spool"
)

// model is what must be true of a spool whatever happens to it.
type model struct {
	mu       sync.Mutex
	sent     int          // records are the numbers from 0
	acked    map[int]bool // of these, the ones that the source was told are safe
	kept     []string     // what the engine had at its last checkpoint
	position plugins.Position
}

// filling hands over groups of records without waiting for each, until
// something goes wrong.
func (m *model) filling(sizes []int) feed {
	return func(ctx context.Context, out plugins.Outlet) error {
		verdicts := map[int]verdict{}
		defer func() {
			for first, v := range verdicts {
				err := <-v
				m.mu.Lock()
				for n := first; err == nil && n < first+sizes[0]; n++ {
					m.acked[n] = true
				}
				m.mu.Unlock()
			}
		}()
		for range sizes[1] {
			m.mu.Lock()
			first := m.sent
			m.sent += sizes[0]
			m.mu.Unlock()
			var values []string
			for n := first; n < first+sizes[0]; n++ {
				values = append(values, fmt.Sprint(n))
			}
			v, err := hand(ctx, out, values...)
			if err != nil {
				return err
			}
			verdicts[first] = v
			if len(verdicts)%3 == 0 { // some are made durable alone, some with others
				err := <-v
				v <- err
			}
		}
		return nil
	}
}

// checkpoint lets the engine remember the first n of what it was handed in this
// run; a delivery is remembered as a whole, or not.
func (m *model) checkpoint(e *engine, n int) {
	for ; n > 0; n-- {
		if at, ok := e.next[e.offsets[n-1]]; ok {
			m.kept = append(m.kept, e.records[:n]...)
			m.position = at
			return
		}
	}
}

// check compares all that was delivered with what was sent.
func (m *model) check(t fataler, e *engine) {
	t.Helper()
	all := append(slices.Clone(m.kept), e.records...)
	last := -1
	seen := map[int]bool{}
	for _, r := range all {
		var n int
		if _, err := fmt.Sscanf(r, "%d", &n); err != nil || n >= m.sent {
			t.Fatalf("record %q was never sent", r)
		}
		if n <= last {
			t.Fatalf("%d was delivered after %d", n, last)
		}
		last = n
		seen[n] = true
	}
	for n := range m.acked {
		if !seen[n] {
			t.Fatalf("%d was acknowledged and is lost; delivered were %v", n, all)
		}
	}
}

var errFault = errors.New("fault")

// TestFaultAtEveryOperation fails each operation on the disk once: what was
// acknowledged is there in the next run.
func TestFaultAtEveryOperation(t *testing.T) {
	t.Parallel()
	for _, fault := range []error{errFault, syscall.ENOSPC} {
		for _, keep := range []bool{false, true} {
			n := int32(1)
			for failsOnce(t, n, fault, keep) {
				n++
			}
			t.Logf("%d operations fail with: %v", n-1, fault)
		}
	}
}

// failsOnce runs a spool whose n-th operation fails, and looks at the next run.
// It reports false when there are not so many.
func failsOnce(t *testing.T, n int32, fault error, keep bool) bool {
	m := &model{acked: map[int]bool{}}
	disk := newMemory()
	var count atomic.Int32
	failed := ""
	disk.fail = func(op, name string) error {
		if count.Add(1) == n {
			failed = op + " " + name
			return fmt.Errorf("%s: %w", op, fault)
		}
		return nil
	}
	e := newEngine()
	e.keep = keep
	err := wrap(t, m.filling([]int{3, 10}), "d", spool.Options{SegmentBytes: 200}.On(disk)).Run(t.Context(), e)
	if failed == "" {
		return false
	}
	if err == nil && len(m.acked) != m.sent {
		t.Fatalf("%s failed: no error, though only %d of %d were acknowledged", failed, len(m.acked), m.sent)
	}
	if keep {
		m.checkpoint(e, len(e.records)/2)
	} else {
		m.checkpoint(e, len(e.records))
	}
	disk.fail = nil
	next := disk.kill(n%2 == 0, func(k int) int { return int(n) % k })
	e, err = run(t.Context(), t, ending, "d", spool.Options{SegmentBytes: 200}.On(next), m.position)
	if err != nil {
		t.Fatalf("%s failed: the next run: %v", failed, err)
	}
	m.check(t, e)
	return true
}

// TestModel crashes at random operations, by kill -9 and by power loss, and
// compares what is delivered with a model.
func TestModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := &model{acked: map[int]bool{}}
		disk := newMemory()
		segment := rapid.Int64Range(1, 2000).Draw(t, "segment")
		quota := rapid.Int64Range(500, 20000).Draw(t, "quota")
		for range rapid.IntRange(1, 6).Draw(t, "runs") {
			sizes := []int{rapid.IntRange(1, 4).Draw(t, "rows"), rapid.IntRange(0, 12).Draw(t, "groups")}
			until := rapid.Int32Range(10, 200).Draw(t, "operations")
			var count atomic.Int32
			disk.fail = func(string, string) error {
				if count.Add(1) >= until {
					return errGone
				}
				return nil
			}
			s := wrap(t, m.filling(sizes), "d", spool.Options{SegmentBytes: segment, MaxBytes: quota}.On(disk))
			if m.position != nil {
				if err := s.Seek(resume(m.position)); err != nil {
					t.Fatalf("Seek: %v", err)
				}
			}
			e := newEngine()
			err := s.Run(context.Background(), e)
			if err != nil && !errors.Is(err, errGone) {
				t.Fatalf("Run: %v", err)
			}
			// What was acknowledged to the spool was in a checkpoint.
			m.checkpoint(e, len(e.records))
			disk.fail = nil
			power := rapid.Bool().Draw(t, "power")
			disk = disk.kill(power, func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "left") })
		}
		e, err := run(context.Background(), t, ending, "d", spool.Options{}.On(disk), m.position)
		if err != nil {
			t.Fatalf("the last run: %v", err)
		}
		m.check(t, e)
	})
}
