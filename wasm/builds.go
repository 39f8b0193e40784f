package wasm

import (
	"context"
	"errors"
	"os"
	"sync"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/project"
)

// builds are the modules that were built of folders. It is safe for concurrent use.
type builds struct {
	dir      string // where they are kept
	building func(folder string)

	mu   sync.Mutex
	made map[string]build // by folder, as it was looked at last
}

// build is what has become of a folder as it was.
type build struct {
	sources [32]byte
	file    string
	err     error
}

// file returns the file of a module: the path, or where that is a folder, what is built of it. An error is about the
// configuration.
func (b *builds) file(path string) (string, error) {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return path, nil //nolint:nilerr // who reads it tells
	}
	p, err := project.Read(path)
	if err != nil {
		return "", plugins.ConfigErrorf("module", "%v", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if made, ok := b.made[path]; ok && made.sources == p.Digest {
		return made.file, made.err
	}
	made := build{sources: p.Digest}
	// Nothing tells a pipeline that is being built to stop; a compiler has a limit of its own.
	made.file, err = p.Cached(context.Background(), b.dir, func() { b.building(path) })
	var missing *project.MissingError
	if err != nil {
		made.err = plugins.ConfigErrorf("module", "%v", err)
	}
	if errors.As(err, &missing) {
		return "", made.err // it may be there next time
	}
	if b.made == nil {
		b.made = map[string]build{}
	}
	b.made[path] = made
	return made.file, made.err
}
