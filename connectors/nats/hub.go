package nats

import (
	"fmt"
	"path/filepath"
	"sync"
)

// hub is what the connections of one registry, and so of one process, know of each
// other.
type hub struct {
	mu      sync.Mutex
	folders map[string]bool // of embedded servers that run
	members map[string]bool // of groups that are alive here
}

func newHub() *hub { return &hub{folders: map[string]bool{}, members: map[string]bool{}} }

// takeFolder makes a folder one server's, until dropFolder.
func (h *hub) takeFolder(path string) (whole string, err error) {
	whole, err = filepath.Abs(path)
	if err != nil {
		return "", err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.folders[whole] {
		return "", fmt.Errorf("the folder %s is in use by another embedded server: give each its own store_dir", whole)
	}
	h.folders[whole] = true
	return whole, nil
}

func (h *hub) dropFolder(whole string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.folders, whole)
}

// arrive and leave say that a member of a group is alive in this process.
func (h *hub) arrive(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.members[id] = true
}

func (h *hub) leave(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.members, id)
}

func (h *hub) alive(id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.members[id]
}
