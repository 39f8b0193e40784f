package main

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
)

// inputs is how many files the engine follows. A device's records are all in
// one of them.
const inputs = 3

// appender is a transport to files that the engine follows: what is on the disk
// is accepted.
type appender struct {
	files [inputs]*os.File
	bufs  [inputs][]byte
}

func newAppender(dir string) (*appender, error) {
	a := new(appender)
	for i := range a.files {
		f, err := os.OpenFile(filepath.Join(dir, fmt.Sprintf("in-%d.ndjson", i)), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("create input: %w", err), a.close())
		}
		a.files[i] = f
	}
	return a, nil
}

func (a *appender) send(_ context.Context, lines []line) (int, error) {
	for _, l := range lines {
		h := fnv.New32a()
		_, _ = h.Write([]byte(l.key)) // a hash takes everything
		i := h.Sum32() % inputs
		a.bufs[i] = append(append(a.bufs[i], l.text...), '\n')
	}
	for i, f := range a.files {
		if len(a.bufs[i]) == 0 {
			continue
		}
		if _, err := f.Write(a.bufs[i]); err != nil {
			return 0, fmt.Errorf("write input: %w", err)
		}
		if err := f.Sync(); err != nil {
			return 0, fmt.Errorf("sync input: %w", err)
		}
		a.bufs[i] = a.bufs[i][:0]
	}
	return 1, nil
}

func (a *appender) close() error {
	var err error
	for _, f := range a.files {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	return err
}
