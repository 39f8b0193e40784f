package spool_test

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/onstream/onstream/runtime/spool"
)

// memory is a disk that forgets, in a power loss, what was not synced, and
// fails where it is told to.
type memory struct {
	// fail is asked before each operation; nil fails nothing. A write that
	// fails has written its first half.
	fail func(op, name string) error

	mu      sync.Mutex
	names   map[string]*inode
	durable map[string]*inode // names after the last SyncDir
	changes []func(map[string]*inode)
	locked  map[string]bool
	gone    bool
}

type inode struct {
	content, durable []byte
	dirty            map[int]bool // sectors that the next sync writes
}

func newInode(content []byte) *inode {
	return &inode{content, slices.Clone(content), map[int]bool{}}
}

// sync makes the dirty sectors durable. One that fails leaves them clean, as
// systems do: the next one does not write them.
func (i *inode) sync(err error) {
	if err == nil {
		durable := make([]byte, len(i.content))
		copy(durable, i.durable)
		for s := range i.dirty {
			if begin := s * sector; begin < len(durable) {
				copy(durable[begin:min(begin+sector, len(durable))], i.content[begin:])
			}
		}
		i.durable = durable
	}
	clear(i.dirty)
}

var errGone = errors.New("the machine is off")

func newMemory() *memory {
	return &memory{names: map[string]*inode{}, durable: map[string]*inode{}, locked: map[string]bool{}}
}

// begin locks the disk for an operation.
func (m *memory) begin(op, name string) error {
	if m.fail != nil {
		if err := m.fail(op, filepath.Base(name)); err != nil {
			m.mu.Lock()
			return err
		}
	}
	m.mu.Lock()
	if m.gone {
		return errGone
	}
	return nil
}

func (m *memory) change(f func(map[string]*inode)) {
	f(m.names)
	m.changes = append(m.changes, f)
}

func (m *memory) MakeDir(dir string) error {
	err := m.begin("mkdir", dir)
	defer m.mu.Unlock()
	return err
}

func (m *memory) List(dir string) ([]string, error) {
	err := m.begin("list", dir)
	defer m.mu.Unlock()
	var names []string
	for _, name := range slices.Sorted(maps.Keys(m.names)) {
		if filepath.Dir(name) == dir {
			names = append(names, filepath.Base(name))
		}
	}
	return names, err
}

func (m *memory) Open(name string, flag int) (spool.File, error) {
	err := m.begin("open", name)
	defer m.mu.Unlock()
	if err != nil {
		return nil, err
	}
	i := m.names[name]
	switch {
	case i == nil && flag&os.O_CREATE == 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	case i == nil:
		i = newInode(nil)
		m.change(func(names map[string]*inode) { names[name] = i })
	case flag&os.O_TRUNC != 0:
		i.content = nil
	}
	return &memoryFile{m, i, name}, nil
}

func (m *memory) Rename(from, to string) error {
	err := m.begin("rename", to)
	defer m.mu.Unlock()
	if err == nil {
		i := m.names[from]
		m.change(func(names map[string]*inode) { delete(names, from); names[to] = i })
	}
	return err
}

func (m *memory) Remove(name string) error {
	err := m.begin("remove", name)
	defer m.mu.Unlock()
	if err == nil {
		m.change(func(names map[string]*inode) { delete(names, name) })
	}
	return err
}

func (m *memory) SyncDir(dir string) error {
	err := m.begin("syncdir", dir)
	defer m.mu.Unlock()
	if err == nil {
		m.durable = maps.Clone(m.names)
		m.changes = nil
	}
	return err
}

func (m *memory) Lock(name string) (io.Closer, error) {
	err := m.begin("lock", name)
	defer m.mu.Unlock()
	if err == nil && m.locked[name] {
		err = spool.ErrLocked
	}
	if err != nil {
		return nil, err
	}
	m.locked[name] = true
	return unlock(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.locked, name)
	}), nil
}

type unlock func()

func (u unlock) Close() error { u(); return nil }

type memoryFile struct {
	m    *memory
	i    *inode
	name string
}

func (f *memoryFile) ReadAt(p []byte, off int64) (int, error) {
	err := f.m.begin("read", f.name)
	defer f.m.mu.Unlock()
	if err != nil {
		return 0, err
	}
	if off >= int64(len(f.i.content)) {
		return 0, io.EOF
	}
	n := copy(p, f.i.content[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memoryFile) WriteAt(p []byte, off int64) (int, error) {
	err := f.m.begin("write", f.name)
	defer f.m.mu.Unlock()
	if errors.Is(err, errGone) {
		return 0, err
	}
	if err != nil {
		p = p[:len(p)/2]
	}
	for s := int(off) / sector; s*sector < int(off)+len(p); s++ {
		f.i.dirty[s] = true
	}
	if grow := off + int64(len(p)) - int64(len(f.i.content)); grow > 0 {
		f.i.content = append(f.i.content, make([]byte, grow)...)
	}
	return copy(f.i.content[off:], p), err
}

func (f *memoryFile) Sync() error {
	err := f.m.begin("sync", f.name)
	defer f.m.mu.Unlock()
	f.i.sync(err)
	return err
}

func (f *memoryFile) Truncate(size int64) error {
	err := f.m.begin("truncate", f.name)
	defer f.m.mu.Unlock()
	if err == nil {
		f.i.content = slices.Clone(f.i.content[:min(size, int64(len(f.i.content)))])
	}
	return err
}

func (f *memoryFile) Size() (int64, error) {
	err := f.m.begin("size", f.name)
	defer f.m.mu.Unlock()
	return int64(len(f.i.content)), err
}

func (f *memoryFile) Close() error { return nil }

// copied returns another disk with the same files.
func (m *memory) copied() *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := newMemory()
	for name, i := range m.names {
		c.names[name] = newInode(slices.Clone(i.content))
	}
	c.durable = maps.Clone(c.names)
	return c
}

const sector = 512

// kill turns the machine's process off and returns the disk that the next one
// finds: after a kill -9 all that was written. After a power loss, choose(n)
// decides, by a number below n, how many of the changes of names and which of
// the sectors that were not synced are there.
func (m *memory) kill(power bool, choose func(n int) int) *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gone = true
	next := newMemory()
	if !power {
		next.names, next.durable, next.changes = m.names, m.durable, m.changes
		return next
	}
	next.names = maps.Clone(m.durable)
	for _, change := range m.changes[:choose(len(m.changes)+1)] {
		change(next.names)
	}
	for _, name := range slices.Sorted(maps.Keys(next.names)) {
		i := next.names[name]
		next.names[name] = newInode(i.survive(choose))
	}
	next.durable = maps.Clone(next.names)
	return next
}

// survive returns what a power loss leaves of a file.
func (i *inode) survive(choose func(n int) int) []byte {
	durable, content := i.durable, i.content
	length := len(durable)
	if d := len(content) - len(durable); d > 0 {
		length += choose(d + 1)
	} else if d < 0 {
		length -= choose(-d + 1)
	}
	left := make([]byte, length)
	copy(left, durable)
	for begin := 0; begin < length; begin += sector {
		end := min(begin+sector, length)
		if i.dirty[begin/sector] && begin < len(content) && choose(2) == 1 {
			copy(left[begin:end], content[begin:min(end, len(content))])
		}
	}
	return left
}
