package state

import (
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// held is what a database has changed in its folder while it is not known
// whether what it holds is whole. Pebble changes no file that is there: it
// writes new ones, and removes those that they replace. So a store that is
// refused is left as it was found, with all that tells of the damage and all
// that may be saved.
type held struct {
	mu      sync.Mutex
	counts  bool     // what was changed counts
	made    []string // in their order
	removed []string // not yet
}

// make notes a file that is there now.
func (h *held) make(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.counts {
		h.made = append(h.made, name)
		h.removed = without(h.removed, name)
	}
}

// rename notes that a file has another name now.
func (h *held) rename(from, to string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.counts {
		h.made = append(without(h.made, from), to)
		h.removed = without(h.removed, to)
	}
}

// remove reports whether a file that is to be removed stays for now.
func (h *held) remove(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.counts {
		return false
	}
	if slices.Contains(h.made, name) {
		h.made = without(h.made, name)
		return false
	}
	h.removed = append(h.removed, name)
	return true
}

// end ends the time in which nothing counts, and returns what was changed.
func (h *held) end() (made, removed []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	made, removed = h.made, h.removed
	h.counts, h.made, h.removed = true, nil, nil
	return made, removed
}

func without(names []string, name string) []string {
	return slices.DeleteFunc(names, func(other string) bool { return other == name })
}

// settle makes what the database has changed count.
func (f *fence) settle() {
	_, removed := f.held.end()
	for _, name := range removed {
		_ = f.Remove(name) // what cannot be removed is in nobody's way
	}
}

// undo takes back what a database has changed that is not in use any more.
// First goes what counts as soon as it is there: the new log, after which the
// one before would have to be whole, and the markers. Tables and a MANIFEST only
// count as long as a marker says so, on the disk as well.
func (f *fence) undo(dir string) error {
	made, _ := f.held.end()
	slices.Reverse(made)
	waits := func(name string) bool {
		return strings.HasSuffix(name, tableSuffix) || strings.HasPrefix(f.PathBase(name), manifestPrefix)
	}
	for _, name := range made {
		if waits(name) {
			continue
		}
		if err := f.FS.Remove(name); err != nil {
			return err
		}
	}
	if !slices.ContainsFunc(made, waits) {
		return nil
	}
	if err := syncFolder(f.FS, dir); err != nil {
		return err
	}
	var errs []error
	for _, name := range made {
		if waits(name) {
			errs = append(errs, f.FS.Remove(name))
		}
	}
	return errors.Join(errs...)
}

// SyncFolder makes what was created, renamed and removed in a folder durable.
func SyncFolder(path string) error { return syncFolder(vfs.Default, path) }

func syncFolder(under vfs.FS, dir string) error {
	f, err := under.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
