package lookups

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// file is a file that is looked into. It is looked at when somebody asks, not
// more often than every so long; one asker reads it, the others go on with
// what they have.
type file struct {
	path    string
	parser  *fileParser
	every   time.Duration
	maxSize int64
	env     plugins.Env

	table atomic.Pointer[table] // nil before it was read
	next  atomic.Int64          // when to look at the file again, ns since 1970

	reading sync.Mutex
	seen    version // that was read last, well or not
	trouble string  // that was logged, since the file was last read well
}

// version tells one content of the file from another.
type version struct {
	changed int64 // ns since 1970
	size    int64
}

// table is what a file says.
type table struct {
	number  int64 // of the tables of the file
	records map[string]plugins.Span
	data    []byte // JSON text, into which the records point
}

var (
	_ plugins.Lookup    = (*file)(nil)
	_ plugins.Versioned = (*file)(nil)
	_ plugins.Opener    = (*file)(nil)
)

// Open implements [plugins.Opener]: a file that cannot be read to begin with
// keeps the pipeline from starting.
func (f *file) Open(context.Context) error {
	_, err := f.current()
	return plugins.Permanent(err)
}

// Find implements [plugins.Lookup].
func (f *file) Find(_ context.Context, keys []plugins.Value, found func(i int, record []byte)) error {
	t, err := f.current()
	if err != nil {
		return err
	}
	for i, key := range keys {
		if span, ok := t.records[idText(key)]; ok {
			found(i, span.Of(t.data))
		}
	}
	return nil
}

// Version implements [plugins.Versioned].
func (f *file) Version() int64 {
	if t, err := f.current(); err == nil {
		return t.number
	}
	return 0
}

// current returns what the file says, as it was when somebody last looked.
func (f *file) current() (*table, error) {
	now := f.env.Now().UnixNano()
	t := f.table.Load()
	switch {
	case t == nil:
		f.reading.Lock()
	case now < f.next.Load() || !f.reading.TryLock():
		return t, nil
	}
	defer f.reading.Unlock()
	if t = f.table.Load(); t != nil && now < f.next.Load() {
		return t, nil // somebody was faster
	}
	f.next.Store(now + int64(f.every))
	fresh, err := f.look()
	if err != nil && t == nil {
		return nil, err
	}
	f.tell(err)
	if fresh == nil {
		return t, nil
	}
	if t != nil {
		fresh.number = t.number
	}
	fresh.number++
	f.trouble = ""
	f.table.Store(fresh)
	return fresh, nil
}

// look reads the file if it is another one than before; nil if it is not.
func (f *file) look() (*table, error) {
	in, err := os.Open(f.path)
	if err != nil {
		return nil, fmt.Errorf("read what is looked up: %w", err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return nil, fmt.Errorf("read what is looked up: %w", err)
	}
	is := version{info.ModTime().UnixNano(), info.Size()}
	if is == f.seen && f.table.Load() != nil {
		return nil, nil
	}
	if is.size > f.maxSize {
		f.seen = is
		return nil, fmt.Errorf("%s has %d bytes, more than max_size allows (%d): raise max_size, or look up in a database", f.path, is.size, f.maxSize)
	}
	data, err := io.ReadAll(io.LimitReader(in, is.size+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", f.path, err)
	case int64(len(data)) != is.size:
		return nil, fmt.Errorf("%s changed while it was read; it is read again", f.path)
	}
	f.seen = is
	t, again, err := f.parser.parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s, %w", f.path, err)
	}
	if again.n > 0 {
		f.env.Logger.Warn("ids are there more than once; the last record of each counts", "path", f.path, "records", again.n, "first", again.first)
	}
	return t, nil
}

// tell logs, once, that a new version of the file is not used.
func (f *file) tell(err error) {
	if err == nil || err.Error() == f.trouble {
		return
	}
	f.trouble = err.Error()
	f.env.Logger.Error("a file to look up in has changed and is not used; what was read before stays until it is mended", "error", err)
}

// idText is a key as text.
func idText(v plugins.Value) string {
	if v.Kind == plugins.String || v.Kind == plugins.Bytes {
		return v.Text
	}
	return strings.Trim(string(jsontext.AppendValue(nil, v, "")), `"`)
}
