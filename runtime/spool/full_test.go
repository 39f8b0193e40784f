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

// TestFullDisk holds the source up while the disk is full, and goes on when
// there is room.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	disk := newMemory()
	var full atomic.Bool
	var refused atomic.Int32
	disk.fail = func(op, name string) error {
		if op == "write" && full.Load() && strings.Contains(name, ".log") {
			refused.Add(1)
			return fmt.Errorf("write %s: %w", name, syscall.ENOSPC)
		}
		return nil
	}
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
			return fmt.Errorf("with a full disk, Hand says %w", err)
		}
		full.Store(false)
		if err := <-waiting; err != nil {
			return err
		}
		return sending([]string{"d"})(ctx, out)
	})
	e, err := run(t.Context(), t, inner, "d", spool.Options{SegmentBytes: 1}.On(disk), nil)
	if err != nil || e.got() != "a b c d" {
		t.Errorf("got %q, %v", e.got(), err)
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
	if err == nil || !strings.Contains(err.Error(), "the disk is full: make room") {
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
