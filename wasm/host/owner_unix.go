//go:build unix

package host

import (
	"os"
	"syscall"
)

// ofAnother reports whether a file belongs to another user than that of the process, and to whom.
func ofAnother(info os.FileInfo) (owner uint32, other bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return s.Uid, int64(s.Uid) != int64(os.Geteuid())
}
