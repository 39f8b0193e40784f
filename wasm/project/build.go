package project

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/onstream/onstream/wasm/host"
)

// maxModule is how long a module may be that a compiler writes; what may run is looked at then.
const maxModule = 64 << 20

// Build compiles the project in a folder into the file out, with its manifest. What is there is replaced, unless it is no file, or
// one of the project. What it returns is a [MissingError] where the compiler is not there, and a [CompileError] where it does not
// take the sources.
func Build(ctx context.Context, dir, out string) error {
	p, err := Read(dir)
	if err != nil {
		return err
	}
	return p.Build(ctx, out)
}

// Build is [Build] for a project that was read.
func (p *Project) Build(ctx context.Context, out string) error {
	out, err := p.target(out)
	if err != nil {
		return fmt.Errorf("build %s: %w", p.Dir, err)
	}
	t, err := p.find(ctx)
	if err != nil {
		return err
	}
	return p.build(ctx, t, out)
}

func (p *Project) build(ctx context.Context, t toolchain, out string) (err error) {
	work, err := os.MkdirTemp("", "onstream-build-")
	if err != nil {
		return fmt.Errorf("build %s: %w", p.Dir, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	compiled := filepath.Join(work, "behaviour.wasm")
	if err := t.build(ctx, p, work, compiled); err != nil {
		return err
	}
	// A compiler reads the folder after Read has: what it has made of other sources is not to be taken for that of these, not
	// even where they are by now as they were.
	if stamp(p.Dir, lockFile) != p.stamp {
		return fmt.Errorf("%s was changed while it was built: build it again", p.Dir)
	}
	module, err := readBounded(os.DirFS(work), "behaviour.wasm", maxModule)
	if err != nil {
		return fmt.Errorf("read what the compiler has written: %w", err)
	}
	if module, err = withManifest(module, p.manifest); err == nil {
		_, err = host.Inspect(module)
	}
	if err != nil {
		return fmt.Errorf("the module that %s becomes cannot be used: %w", p.Dir, err)
	}
	return replace(out, module)
}

// replace writes a file as a whole: who reads it sees it as it was, or as it is to be.
func replace(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".onstream-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
