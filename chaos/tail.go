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
	offset int64 // behind the last whole line
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

// read calls f with each whole line. What is behind them is read again: an engine that a crash has left with half a
// line cuts it off, and writes something else there.
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
	whole := fresh[:bytes.LastIndexByte(fresh, '\n')+1]
	t.offset += int64(len(whole))
	for line := range bytes.Lines(whole) {
		if line = bytes.TrimSuffix(line, []byte{'\n'}); len(line) > 0 {
			f(line)
		}
	}
	return nil
}
