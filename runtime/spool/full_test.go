package spool_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/spool"
)

// TestNoRoom holds the source up while there is no room, and goes on when there
// is.
func TestNoRoom(t *testing.T) {
	t.Parallel()
	for errno, remedy := range map[syscall.Errno]string{
		syscall.ENOSPC: "make room on that disk",
		syscall.EDQUOT: "make room on that disk",
		syscall.EFBIG:  "raise the limit of the size of files (ulimit -f)",
	} {
		t.Run(errno.Error(), func(t *testing.T) {
			t.Parallel()
			disk := newMemory()
			var full atomic.Bool
			var refused atomic.Int32
			disk.fail = func(op, name string) error {
				if op == "write" && full.Load() && strings.Contains(name, ".log") {
					refused.Add(1)
					return fmt.Errorf("write %s: %w", name, errno)
				}
				return nil
			}
			logged := make(chan string, 10)
			inner := feed(func(ctx context.Context, out plugins.Outlet) error {
				if err := sending([]string{"a"})(ctx, out); err != nil {
					return err
				}
				full.Store(true)
				waiting, err := hand(ctx, out, "b", "c")
				if err != nil {
					return err
				}
				eventually(t, "another try", func() bool { return refused.Load() > 2 })
				select {
				case err := <-waiting:
					return errors.Join(errors.New("decided though nothing could be written"), err)
				default:
				}
				stopped, cancel := context.WithCancel(ctx)
				cancel()
				if _, err := hand(stopped, out, "never"); !errors.Is(err, context.Canceled) {
					return fmt.Errorf("without room, Hand says %w", err)
				}
				full.Store(false)
				if err := <-waiting; err != nil {
					return err
				}
				return sending([]string{"d"})(ctx, out)
			})
			e, err := run(t.Context(), t, inner, "d", spool.Options{SegmentBytes: 1, Logger: logTo(logged)}.On(disk), nil)
			if err != nil || e.got() != "a b c d" {
				t.Errorf("got %q, %v", e.got(), err)
			}
			said := <-logged + "; " + <-logged
			if !strings.Contains(said, remedy) || !strings.HasSuffix(said, "; the spool has room again") {
				t.Errorf("the log says %s", said)
			}
		})
	}
}

// TestFilesOfALimitedSize goes on in another file where the last one may not
// grow any more.
func TestFilesOfALimitedSize(t *testing.T) {
	t.Parallel()
	disk := newMemory()
	writes := map[string]int{}
	disk.fail = func(op, name string) error {
		if op == "write" && strings.HasSuffix(name, ".log") {
			if writes[name]++; writes[name] > 2 {
				return syscall.EFBIG
			}
		}
		return nil
	}
	e, err := run(t.Context(), t, sending([]string{"a"}, []string{"b"}, []string{"c"}, []string{"d"}, []string{"e"}), "d", spool.Options{}.On(disk), nil)
	if err != nil || e.got() != "a b c d e" || len(writes) != 3 {
		t.Errorf("got %q in %v, %v", e.got(), writes, err)
	}
}

// TestFullDiskAtTheEnd stops while the disk is full: what could not be written
// is not acknowledged.
func TestFullDiskAtTheEnd(t *testing.T) {
	t.Parallel()
	disk := newMemory()
	disk.fail = func(op, name string) error {
		if op == "write" && strings.HasSuffix(name, ".log") {
			return syscall.ENOSPC
		}
		return nil
	}
	var v verdict
	inner := feed(func(ctx context.Context, out plugins.Outlet) (err error) {
		v, err = hand(ctx, out, "a")
		return err
	})
	_, err := run(t.Context(), t, inner, "d", spool.Options{}.On(disk), nil)
	if err == nil || !strings.Contains(err.Error(), "there is no room for what the source brings: no space left on device: make room on that disk") {
		t.Errorf("Run: %v", err)
	}
	if err := <-v; err == nil {
		t.Error("what was never written is acknowledged")
	}
}

// TestAnErrorOfFsyncIsNotTriedAgain stops at the first one: what waited for it
// is not acknowledged, and what came before is there.
func TestAnErrorOfFsyncIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	disk := newMemory()
	var broken atomic.Bool
	var syncs atomic.Int32
	disk.fail = func(op, name string) error {
		if op == "sync" && broken.Load() && syncs.Add(1) == 1 {
			return syscall.EIO
		}
		return nil
	}
	var v verdict
	inner := feed(func(ctx context.Context, out plugins.Outlet) (err error) {
		if err := sending([]string{"a"})(ctx, out); err != nil {
			return err
		}
		broken.Store(true)
		if v, err = hand(ctx, out, "b"); err != nil {
			return err
		}
		<-ctx.Done() // the failure stops the source
		return ctx.Err()
	})
	_, err := run(t.Context(), t, inner, "d", spool.Options{}.On(disk), nil)
	if !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), "sync the spool: ") {
		t.Errorf("Run: %v", err)
	}
	if err := <-v; !errors.Is(err, syscall.EIO) {
		t.Errorf("the source was told %v", err)
	}
	if n := syncs.Load(); n != 1 {
		t.Errorf("%d syncs", n)
	}
	e, err := run(t.Context(), t, ending, "d", spool.Options{}.On(disk), nil)
	if err != nil || e.got() != "a" {
		t.Errorf("the next run got %q, %v", e.got(), err)
	}
}
