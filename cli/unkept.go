package cli

import (
	"fmt"
	"os"
	"sync"
)

// unkept is the folder of modules that are built and cannot be kept: it goes with the process.
type unkept struct {
	mu  sync.Mutex
	dir string // "" until there is one
}

// folder returns the folder. When it is made, why that has to be is told.
func (u *unkept) folder(c *cli, why error) (string, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.dir != "" {
		return u.dir, nil
	}
	dir, err := os.MkdirTemp("", "onstream-built-")
	if err != nil {
		return "", err
	}
	fmt.Fprintf(c.stderr, "Warning: what is built of folders is not kept, so that each start builds it: %v\n", why)
	u.dir = dir
	return dir, nil
}

// remove removes the folder.
func (u *unkept) remove() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.dir == "" {
		return nil
	}
	return os.RemoveAll(u.dir)
}
