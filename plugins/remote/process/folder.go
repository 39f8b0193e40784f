package process

import (
	"os"
	"runtime"
)

// longestFolder is how long the path of a folder may be for the socket that a plugin makes in a folder below it: systems allow 104 bytes or 108.
const longestFolder = 60

// newFolder makes the folder of a process, of mode 0700: where temporary files are, or where these are too deep, in /tmp.
func newFolder() (string, error) {
	const name = "onstream-plugin-"
	dir, err := os.MkdirTemp("", name)
	if err != nil || len(dir) <= longestFolder || runtime.GOOS == "windows" {
		return dir, err
	}
	short, shortErr := os.MkdirTemp("/tmp", name)
	if shortErr != nil {
		return dir, nil // a plugin that listens at a port does not mind
	}
	return short, os.Remove(dir)
}
