package project

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

//go:embed all:templates
var templates embed.FS

// modulePrefix begins the names that projects have for their compilers and package managers: go, std, test, main and many more are
// taken there.
const modulePrefix = "behaviour-"

var nameForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)

// New makes a project in a folder, which is made, with the folder's name: a small behaviour with a test that passes, and a copy
// of the SDK. It returns the names of the files, but for those of the SDK.
func New(dir string, l Language) ([]string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("make a project: %w", err)
	}
	name := filepath.Base(abs)
	switch {
	case !nameForm.MatchString(name):
		return nil, fmt.Errorf("%q is no name for a behaviour: write letters, digits, underscores and hyphens, at most 64, with a letter first", name)
	case !slices.Contains(Languages(), l):
		return nil, fmt.Errorf("there is no SDK for %q: write one of %q", string(l), Languages())
	}
	if there, err := os.ReadDir(dir); err == nil && len(there) > 0 {
		return nil, fmt.Errorf("%s is not empty: name a folder that is not there", dir)
	}
	p := begun{Name: name, Language: l, Crate: strings.ReplaceAll(strings.ToLower(name), "-", "_")}
	var made []string
	for _, folder := range []string{"all", string(l)} {
		files, err := p.from(folder)
		if err == nil {
			err = writeSources(dir, files)
		}
		if err != nil {
			return nil, fmt.Errorf("make a project: %w", err)
		}
		for _, f := range files {
			made = append(made, f.name)
		}
	}
	err = writeSDK(filepath.Join(dir, "sdk"), l)
	if l == Go {
		made = append(made, "go.mod")
		err = errors.Join(err, writeGoModule(dir, modulePrefix+name))
	}
	if err != nil {
		return nil, fmt.Errorf("make a project: %w", err)
	}
	slices.Sort(made)
	return append(made, "sdk/"), nil
}

// begun is what templates are filled with.
type begun struct {
	Name     string
	Crate    string // as Rust takes it
	Language Language
}

// What is told about each language.
var (
	codeFiles = map[Language]string{Go: "main.go", Rust: "src/lib.rs", AssemblyScript: "assembly/index.ts", C: "behaviour.c"}
	hints     = map[Language]string{AssemblyScript: "The compiler, `asc`, is looked for in `node_modules` of this folder and of those around it, and in the `PATH`. Where it is not\nthere, `npm install` fetches it.\n\n"}
)

// from fills the templates of a folder. Their places are words, not a language: that of text/template has the linker keep each
// method of the program.
func (p begun) from(folder string) ([]source, error) {
	files, err := fs.Sub(templates, "templates/"+folder)
	if err != nil {
		return nil, err
	}
	fill := strings.NewReplacer("{{.Name}}", p.Name, "{{.Crate}}", p.Crate, "{{.Language}}", string(p.Language), "{{.Code}}", codeFiles[p.Language], "{{.Hint}}", hints[p.Language])
	var made []source
	err = eachFile(files, func(name string, data []byte) error {
		made = append(made, source{strings.TrimSuffix(name, ".tmpl"), []byte(fill.Replace(string(data)))})
		return nil
	})
	return made, err
}
