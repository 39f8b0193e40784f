package project

import (
	"fmt"
	"io/fs"
	"path"
)

// A Language is one in which behaviours are written.
type Language string

// The languages that have an SDK.
const (
	Go             Language = "go"
	Rust           Language = "rust"
	AssemblyScript Language = "assemblyscript"
	C              Language = "c"
)

// Languages returns all of them.
func Languages() []Language { return []Language{Go, Rust, AssemblyScript, C} }

// String returns the name as people write it.
func (l Language) String() string {
	switch l {
	case Go:
		return "Go"
	case Rust:
		return "Rust"
	case AssemblyScript:
		return "AssemblyScript"
	}
	return "C"
}

// languageOf finds the language of the sources in a folder.
func languageOf(dir fs.FS) (Language, error) {
	for _, known := range []struct {
		language Language
		patterns []string
	}{
		{Go, []string{"go.mod", "*.go"}},
		{Rust, []string{"Cargo.toml"}},
		{AssemblyScript, []string{"asconfig.json", path.Join("assembly", "index.ts")}},
		{C, []string{"*.c"}},
	} {
		for _, pattern := range known.patterns {
			// The only error is that of a pattern which is none.
			if found, _ := fs.Glob(dir, pattern); len(found) > 0 {
				return known.language, nil
			}
		}
	}
	return "", fmt.Errorf("there are no sources: it is to have go.mod or *.go, Cargo.toml, assembly/index.ts, or *.c")
}
