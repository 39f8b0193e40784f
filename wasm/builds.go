package wasm

import (
	"context"
	"os"
	"sync"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/project"
)

// builds are the modules that were built of folders. It is safe for concurrent use.
type builds struct {
	config Config

	mu       sync.Mutex
	made     map[string]*build // by folder, as it was built last
	underway map[string]*build // by folder
}

// build is what becomes of a folder as it was.
type build struct {
	stamp string        // of its sources
	done  chan struct{} // closed when it has ended, and the others are known
	file  string
	err   error
}

// file returns the file of a module: the path, or where that is a folder, what is built of it. A folder is built once for all
// who ask at the same time, and again when it has changed or could not be built. An error is about the configuration.
func (b *builds) file(path string) (string, error) {
	if !isFolder(path) {
		return path, nil
	}
	for {
		stamp := project.Stamp(path)
		x, mine := b.begin(path, stamp)
		if mine {
			b.run(path, x)
		}
		<-x.done
		if x.stamp == stamp {
			return x.file, x.err
		}
	}
}

// begin returns the build of a folder that is there or under way, of other sources perhaps, or one that the caller is to run.
func (b *builds) begin(path, stamp string) (x *build, mine bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if x := b.underway[path]; x != nil {
		return x, false
	}
	if x := b.made[path]; x != nil && x.stamp == stamp && isThere(x.file) {
		return x, false
	}
	if b.underway == nil {
		b.made, b.underway = map[string]*build{}, map[string]*build{}
	}
	x = &build{stamp: stamp, done: make(chan struct{})}
	b.underway[path] = x
	return x, true
}

// run builds a folder, and keeps what has become of it: not an error, which may be the machine's as well as the sources'.
func (b *builds) run(path string, x *build) {
	ctx := b.config.Context
	if ctx == nil {
		ctx = context.Background()
	}
	file, err := b.config.File(ctx, path)
	switch {
	case err != nil && ctx.Err() != nil:
		x.err = plugins.ConfigErrorf("module", "%s is not built, because the process is to end", path)
	case err != nil:
		x.err = plugins.ConfigErrorf("module", "%v", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.underway, path)
	if x.file = file; err == nil {
		b.made[path] = x
	}
	close(x.done)
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func isThere(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
