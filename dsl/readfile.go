package dsl

import (
	"errors"
	"fmt"
	"io"
	"os"
)

var errNotRegular = errors.New("is not a regular file; put one in its place")

// ReadFile reads a file of a pipeline as [Read] does. Reading a pipe or a device
// may never end, so it must be a regular file, or a link to one.
func ReadFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s %w", path, errNotRegular)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return Read(f)
}

// Read reads a file of a pipeline from somewhere else. What is too large it
// reads one byte further than is allowed, for [CheckLimits] to find.
func Read(r io.Reader) ([]byte, error) { return io.ReadAll(io.LimitReader(r, maxFileBytes+1)) }
