package host

import (
	"fmt"
	"os"
	"runtime"
)

// OwnFolder makes a folder that nobody else can write to: what is in it is executed.
func OwnFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if owner, other := ofAnother(info); other {
		return fmt.Errorf("%s belongs to another user (%d), and what is in it is executed: name a folder of your own", dir, owner)
	}
	// Windows tells the rights of files in other ways; there the folder is inside of the user's own.
	if mode := info.Mode().Perm(); mode&0o022 != 0 && runtime.GOOS != "windows" {
		return fmt.Errorf("others may write to %s, and what is in it is executed: chmod 700 it, or name another folder", dir)
	}
	return nil
}
