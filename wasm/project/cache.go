package project

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/onstream/onstream/wasm/host"
	"github.com/onstream/onstream/wasm/sdk"
)

// recipe grows when the same sources and compiler give another module because of a change here.
const recipe = 1

// Cached returns the file of the module of the project, which is built unless the folder cacheDir has it: one of the same
// sources, the same version of the compiler and the same SDK. The folder is made, for its owner alone; when a module is added,
// those go that were not used for long, as [host.SweepFolder] has it.
// Before it compiles, it calls building.
func (p *Project) Cached(ctx context.Context, cacheDir string, building func()) (string, error) {
	t, err := p.find(ctx)
	if err != nil {
		return "", err
	}
	key, err := p.key(t)
	if err != nil {
		return "", err
	}
	if cacheDir == "" {
		return "", errors.New("there is no folder to keep the module in: set HOME or XDG_CACHE_HOME, or build it with onstream module build and name the file")
	}
	if err := host.OwnFolder(cacheDir); err != nil {
		return "", fmt.Errorf("keep the module of %s: %w", p.Dir, err)
	}
	out := filepath.Join(cacheDir, key+".wasm")
	host.Touch(out)
	if isThere(out) {
		return out, nil
	}
	building()
	if err := p.build(ctx, t, out); err != nil {
		return "", err
	}
	host.SweepFolder(cacheDir)
	return out, nil
}

// key names all that the module depends on.
func (p *Project) key(t toolchain) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%d %s %q\n", recipe, p.Language, t.version())
	h.Write(p.Digest[:])
	if !p.has("sdk") {
		if err := hashFS(h, sdk.Files(string(p.Language))); err != nil {
			return "", fmt.Errorf("read the SDK: %w", err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func hashFS(w io.Writer, files fs.FS) error {
	return eachFile(files, func(name string, data []byte) error {
		_, err := fmt.Fprintf(w, "%q %d\n%s", name, len(data), data)
		return err
	})
}

// eachFile goes through files, in the order of their names.
func eachFile(files fs.FS, f func(name string, data []byte) error) error {
	return fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		return f(name, data)
	})
}

// copyFS writes files into a folder; those that are there are replaced.
func copyFS(dir string, files fs.FS) error {
	return eachFile(files, func(name string, data []byte) error {
		return writeSources(dir, []source{{name, data}})
	})
}
