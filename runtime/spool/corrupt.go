package spool

import (
	"fmt"
	"path/filepath"
)

// CorruptError says that a log is not what was written. Nothing behind the
// place was delivered.
type CorruptError struct {
	Dir    string
	File   string // in Dir
	Offset int64  // in File
	Reason string // "its checksum does not match"
}

// Error tells the place and the way out.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("spool %s is damaged at offset %d: %s: restore the folder, or see with `onstream spool inspect %s` what is whole and give up the rest of that file with `onstream spool repair %s --truncate-at %s:%d`",
		filepath.Join(e.Dir, e.File), e.Offset, e.Reason, e.Dir, e.Dir, e.File, e.Offset)
}

// endsEarly is why a file that should hold the entries up to another file's
// first one does not.
func endsEarly(next, first uint64) string {
	return fmt.Sprintf("the file ends there, but entries %d to %d belong there", next, first-1)
}
