package state_test

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/state"
)

// A commit waits for what is raised or freed while the process runs, and says
// how; without a file to write to, the pipeline ends and says so.
func TestLimits(t *testing.T) {
	t.Parallel()
	for errno, want := range map[syscall.Errno]struct {
		waits  bool
		remedy string
	}{
		syscall.ENOSPC: {true, "no room for the checkpoint"},
		syscall.EDQUOT: {true, "no room for the checkpoint"},
		syscall.EFBIG:  {true, "ulimit -f"},
		syscall.EMFILE: {false, "ulimit -n"},
		syscall.ENFILE: {false, "raise the limit of open files"},
	} {
		t.Run(errno.Error(), func(t *testing.T) {
			t.Parallel()
			limit := &switched{}
			inject := errorfs.InjectorFunc(func(op errorfs.Op) error {
				if limit.on.Load() && strings.HasSuffix(op.Path, ".log") && op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
					return &fs.PathError{Op: "write", Path: op.Path, Err: errno}
				}
				return nil
			})
			s := open(t, errorfs.Wrap(vfs.NewMem(), inject))
			limit.on.Store(true)
			err := write(s, 1, true)
			if plugins.IsPermanent(err) == want.waits || errors.Is(err, state.ErrFull) != want.waits || !strings.Contains(err.Error(), want.remedy) {
				t.Fatalf("error %v", err)
			}
			limit.on.Store(false)
			if err := write(s, 1, true); (err == nil) != want.waits {
				t.Fatalf("after the limit was raised: %v", err)
			}
			_ = s.Close() // it may be the one that could not write
		})
	}
}
