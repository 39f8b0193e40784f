package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/serial"
)

// What is put aside for a replay is a log of its own, a folder named by the
// time: it appears at once, when it is whole, is read once, and then removed.
// So nobody writes to a log that another process reads.
const (
	asideDigits = 20
	doneSuffix  = ".done" // of what is about to be removed
)

// asideBytes is how much is made durable at once.
const asideBytes = 1 << 20

// Aside is a replay that is being put together.
type Aside struct {
	dir   string // of all replays of the source
	name  string
	j     *journal
	batch *plugins.Batch
	pool  plugins.Pool
	o     Options
}

// PutAside begins a replay of payloads into the source whose replays are in
// dir. End it with Commit or Abandon.
func PutAside(dir string, o Options) (*Aside, error) {
	o = o.withDefaults()
	a := &Aside{dir: dir, name: fmt.Sprintf("%0*d", asideDigits, o.now().UnixNano()), o: o}
	j, err := openJournal(filepath.Join(dir, a.name+temporarySuffix), o)
	if err != nil {
		return nil, err
	}
	a.j = j
	return a, nil
}

// Add appends a record.
func (a *Aside) Add(payload []byte) error {
	if a.batch == nil {
		a.batch = a.pool.Batch()
		a.batch.Values = a.batch.SpareValues()
		a.batch.Part = plugins.Partition{Name: ReplayPrefix + a.name}
		a.batch.Received = a.o.now().UnixNano()
	}
	b := a.batch
	b.Values = append(b.Values, plugins.Span{Off: uint32(len(b.Data)), Len: uint32(len(payload))})
	b.Data = append(b.Data, payload...)
	if len(b.Data) < asideBytes {
		return nil
	}
	return a.flush()
}

// flush writes what was added.
func (a *Aside) flush() error {
	if a.batch == nil {
		return nil
	}
	a.batch.SelectAll(len(a.batch.Values))
	frame := serial.Append(make([]byte, frameHeader, frameHeader+2*len(a.batch.Data)), a.batch, a.batch.Sel)
	records := a.batch.Len
	a.batch.Release()
	a.batch = nil
	a.j.mu.Lock()
	a.j.append(frame, records, waiting{})
	a.j.mu.Unlock()
	var group batchOfEntries
	a.j.take(&group)
	if err := a.j.write(&group); err != nil {
		return fmt.Errorf("put the records aside in %s: %w", a.dir, err)
	}
	return nil
}

// Commit makes the replay durable and visible.
func (a *Aside) Commit() error {
	err := a.flush()
	if err = errors.Join(err, a.j.close()); err != nil {
		return errors.Join(err, a.remove())
	}
	from := filepath.Join(a.dir, a.name+temporarySuffix)
	if err := os.Rename(from, strings.TrimSuffix(from, temporarySuffix)); err != nil {
		return errors.Join(err, a.remove())
	}
	return syncDir(a.dir)
}

// Abandon removes what was put aside.
func (a *Aside) Abandon() error { return errors.Join(a.j.close(), a.remove()) }

func (a *Aside) remove() error {
	return os.RemoveAll(filepath.Join(a.dir, a.name+temporarySuffix))
}

// HasReplay reports whether something is put aside in dir.
func HasReplay(dir string) (bool, error) {
	names, err := asides(dir)
	return len(names) > 0, err
}

// asides returns what is put aside, in order, and removes what was replayed and
// what was never whole.
func asides(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for records to replay: %w", err)
	}
	var names []string
	for _, e := range entries {
		switch name := e.Name(); {
		case strings.HasSuffix(name, doneSuffix):
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				return nil, fmt.Errorf("remove what was replayed: %w", err)
			}
		case strings.HasSuffix(name, temporarySuffix):
			if err := removeAbandoned(filepath.Join(dir, name)); err != nil {
				return nil, fmt.Errorf("remove what was not put aside wholly: %w", err)
			}
		case len(name) == asideDigits && e.IsDir():
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// removeAbandoned removes what a process was putting aside when it died.
func removeAbandoned(dir string) error {
	lock, err := machine{}.Lock(filepath.Join(dir, lockName))
	if errors.Is(err, errLocked) {
		return nil // it is at it
	}
	if err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(dir), lock.Close())
}
