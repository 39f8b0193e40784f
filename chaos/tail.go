package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// tails read the files that the engine writes, as they grow.
type tails struct {
	mu   sync.Mutex
	at   map[string]*tail // by stream
	into *observer
}

type tail struct {
	path   string
	offset int64
	rest   []byte // the beginning of a line
}

func newTails(dir string, streams []string, into *observer) *tails {
	t := &tails{at: map[string]*tail{}, into: into}
	for _, s := range streams {
		t.at[s] = &tail{path: filepath.Join(dir, s+".ndjson")}
	}
	return t
}

// poll reads what was added since the last time.
func (t *tails) poll() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for stream, at := range t.at {
		if err := at.read(func(line []byte) { t.into.see(stream, line) }); err != nil {
			return fmt.Errorf("read the output: %w", err)
		}
	}
	return nil
}

func (t *tail) read(f func(line []byte)) error {
	file, err := os.Open(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	fresh, err := io.ReadAll(io.NewSectionReader(file, t.offset, 1<<62))
	if err != nil {
		return err
	}
	t.offset += int64(len(fresh))
	data := append(t.rest, fresh...)
	for {
		line, rest, whole := bytes.Cut(data, []byte{'\n'})
		if !whole {
			t.rest = bytes.Clone(data)
			return nil
		}
		if len(line) > 0 {
			f(line)
		}
		data = rest
	}
}
