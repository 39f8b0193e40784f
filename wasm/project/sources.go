package project

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/onstream/onstream/wasm/regular"
)

// What the sources of a project have at most.
const (
	maxFiles = 5000
	maxBytes = 64 << 20
)

// ManifestFile is the name of the manifest in the folder of a project.
const ManifestFile = "onstream.json"

// A Project is the folder of a behaviour, as it was when it was read.
type Project struct {
	Dir      string
	Language Language
	Digest   [sha256.Size]byte // of all that it is built from
	manifest []byte
	name     string
	sources  []source
	stamp    string // from before it was read
}

// lockFile is what cargo writes while it builds: no change of the sources.
const lockFile = "Cargo.lock"

// SourceError says what is wrong with the folder of a project before anything is compiled.
type SourceError struct {
	Dir string
	Err error
}

// Error says where it is, and what is wrong.
func (e *SourceError) Error() string { return fmt.Sprintf("the behaviour in %s: %v", e.Dir, e.Err) }

// Unwrap returns what is wrong.
func (e *SourceError) Unwrap() error { return e.Err }

// source is a file of a project.
type source struct {
	name string // with slashes, from the folder on
	data []byte
}

// Read reads the folder of a project: all of its files but hidden ones, what compilers have made, what package managers
// have brought, and tests. What is wrong with it is a [SourceError].
func Read(dir string) (*Project, error) {
	p := &Project{Dir: dir, stamp: stamp(dir, lockFile)}
	if err := p.read(); err != nil {
		return nil, &SourceError{dir, err}
	}
	return p, nil
}

func (p *Project) read() error {
	files := os.DirFS(p.Dir)
	if err := p.readManifest(files); err != nil {
		return err
	}
	var err error
	if p.Language, err = languageOf(files); err != nil {
		return err
	}
	left := int64(maxBytes)
	err = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && leftOut(name):
			return fs.SkipDir
		case entry.IsDir() || leftOut(name):
			return nil
		}
		// Stat, and not what the entry says: links are followed.
		info, err := fs.Stat(files, name)
		if err != nil || info.IsDir() {
			return nil //nolint:nilerr // links to nowhere are no sources, nor are those to folders
		}
		if err := regular.Check(name, info); err != nil { // a compiler would wait for it
			return fmt.Errorf("%w: move it out of the folder", err)
		}
		data, err := readBounded(files, name, left)
		if errors.Is(err, errTooLong) {
			return tooMuch()
		}
		if err != nil {
			return err
		}
		if left -= int64(len(data)); len(p.sources) == maxFiles {
			return tooMuch()
		}
		p.sources = append(p.sources, source{name, data})
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(p.sources, func(a, b source) int { return cmp.Compare(a.name, b.name) })
	p.Digest = digestOf(p.sources)
	return nil
}

// Name returns the name of the behaviour: that in the manifest, or that of the folder.
func (p *Project) Name() string {
	if p.name != "" {
		return p.name
	}
	dir, err := filepath.Abs(p.Dir)
	if err != nil {
		return "behaviour"
	}
	return filepath.Base(dir)
}

// leftOut reports whether a file or folder is none of what a module is built from.
func leftOut(name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(base, ".") || base == "node_modules" || name == "target" || name == "tests" || path.Ext(base) == ".wasm" || path.Ext(base) == ".md"
}

// readBounded reads a file of at most so many bytes.
func readBounded(files fs.FS, name string, limit int64) ([]byte, error) {
	info, err := fs.Stat(files, name)
	if err != nil {
		return nil, err
	}
	if err := regular.Check(name, info); err != nil {
		return nil, err
	}
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		return nil, errTooLong
	}
	return data, err
}

var errTooLong = errors.New("the file is too long")

func tooMuch() error {
	return fmt.Errorf("it has more than %d files or %d MiB: it is to have sources, and nothing else", maxFiles, maxBytes>>20)
}

func digestOf(sources []source) [sha256.Size]byte {
	h := sha256.New()
	for _, s := range sources {
		var head []byte
		head = binary.LittleEndian.AppendUint64(head, uint64(len(s.name)))
		head = binary.LittleEndian.AppendUint64(head, uint64(len(s.data)))
		h.Write(append(head, s.name...))
		h.Write(s.data)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// has reports whether there is a file, or one in a folder, of a name.
func (p *Project) has(name string) bool {
	return slices.ContainsFunc(p.sources, func(s source) bool { return s.name == name || strings.HasPrefix(s.name, name+"/") })
}

// file returns what is in a file, nil where there is none.
func (p *Project) file(name string) []byte {
	for _, s := range p.sources {
		if s.name == name {
			return s.data
		}
	}
	return nil
}

// writeTo writes the sources into another folder.
func (p *Project) writeTo(dir string) error { return writeSources(dir, p.sources) }

func writeSources(dir string, sources []source) error {
	for _, s := range sources {
		name := filepath.Join(dir, filepath.FromSlash(s.name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, s.data, 0o644)); err != nil {
			return err
		}
	}
	return nil
}
