package dsl

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/onstream/onstream/dsl/expr"
)

// Parse reads the pipeline in a directory, all of its .hcl and .hcl.json
// files, or in one file. Files named *.vars.hcl hold values of variables and
// are read along. The module is never nil: its files are needed to print the
// diagnostics. If those have errors, it cannot be built.
func Parse(path string) (*Module, hcl.Diagnostics) { return ParseAll([]string{path}) }

// ParseAll is [Parse] for several directories and files that are one pipeline. It
// is where the first of them is.
func ParseAll(paths []string) (*Module, hcl.Diagnostics) {
	var m *Module
	var names []string
	var diags hcl.Diagnostics
	for i, path := range paths {
		info, err := os.Stat(path)
		isDir := err == nil && info.IsDir()
		if i == 0 {
			m = moduleAt(path, err == nil && !isDir)
		}
		switch {
		case err != nil:
			diags = append(diags, unreadable(path, err))
		case !isDir:
			names = append(names, path)
		default:
			in, err := sourcesIn(path)
			if err != nil {
				diags = append(diags, unreadable(path, err))
			}
			names = append(names, in...)
		}
	}
	if diags.HasErrors() {
		return m, diags
	}
	return m, m.read(names)
}

// moduleAt returns an empty module in a directory, or in that of a file.
func moduleAt(path string, isFile bool) *Module {
	if !isFile {
		return newModule(path)
	}
	m := newModule(filepath.Dir(path))
	m.fallbackName, _, _ = strings.Cut(filepath.Base(path), ".")
	return m
}

func sourcesIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	var names []string
	for _, e := range entries {
		if name := e.Name(); !e.IsDir() && isSource(name) {
			names = append(names, filepath.Join(dir, name))
		}
	}
	return names, err
}

// ParseSources is [Parse] for files that are in memory, by name. The pipeline
// gets the name where no block names it.
func ParseSources(name string, files map[string][]byte) (*Module, hcl.Diagnostics) {
	m := newModule(".")
	m.fallbackName = name
	names := make([]string, 0, len(files))
	for n := range files {
		names = append(names, n)
	}
	slices.Sort(names)
	var diags hcl.Diagnostics
	for _, n := range names {
		diags = append(diags, m.add(n, files[n])...)
	}
	return m, finish(append(diags, m.collect()...))
}

func isSource(name string) bool {
	return !strings.HasPrefix(name, ".") && (strings.HasSuffix(name, ".hcl") || isJSON(name))
}

func isJSON(name string) bool { return strings.HasSuffix(name, ".hcl.json") }

func isVars(name string) bool {
	return strings.HasSuffix(name, ".vars.hcl") || strings.HasSuffix(name, ".vars.hcl.json")
}

func (m *Module) read(paths []string) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, p := range paths {
		src, err := ReadFile(p)
		if err != nil {
			diags = append(diags, unreadable(p, err))
			continue
		}
		diags = append(diags, m.add(p, src)...)
	}
	if len(m.files) == 0 && diags.HasErrors() {
		return finish(diags)
	}
	return finish(append(diags, m.collect()...))
}

func unreadable(path string, err error) *hcl.Diagnostic {
	if errors.Is(err, fs.ErrNotExist) {
		return errorAnywhere("no such pipeline", "%s does not exist; give the directory of a pipeline, or one .hcl file", path)
	}
	if errors.Is(err, errNotRegular) {
		return errorAnywhere("pipeline cannot be read", "%s", err)
	}
	return errorAnywhere("pipeline cannot be read", "%s; check the permissions", err)
}

// add parses one file.
func (m *Module) add(name string, src []byte) hcl.Diagnostics {
	file := &hcl.File{Bytes: src}
	m.files[name] = file
	var body *hclsyntax.Body
	var diags hcl.Diagnostics
	if isJSON(name) {
		body, diags = parseJSON(src, name)
	} else if diags = CheckLimits(src, name); !diags.HasErrors() {
		var parsed *hcl.File
		parsed, diags = hclsyntax.ParseConfig(src, name, hcl.InitialPos)
		if body, _ = parsed.Body.(*hclsyntax.Body); body != nil {
			expr.FloatLiterals(body, src, 0)
		}
		file.Nav = parsed.Nav
	}
	m.broken[name] = diags.HasErrors()
	diags = firstOf(diags, name)
	if isVars(name) {
		m.vars = append(m.vars, varsFile{name, body, diags})
		return nil
	}
	if body != nil {
		m.bodies = append(m.bodies, body)
	}
	return diags
}

// firstOf cuts a long list: nobody reads a thousand syntax errors.
func firstOf(diags hcl.Diagnostics, name string) hcl.Diagnostics {
	const many = 20
	if len(diags) <= many {
		return diags
	}
	return append(diags[:many:many], errorAnywhere("too many errors",
		"%s has %d more errors; mend the first ones", name, len(diags)-many))
}

func newModule(dir string) *Module {
	m := &Module{dir: dir, files: map[string]*hcl.File{}, broken: map[string]bool{}, blocks: map[string][]*hclsyntax.Block{}}
	if abs, err := filepath.Abs(dir); err == nil {
		m.fallbackName = filepath.Base(abs)
	}
	return m
}

// collect sorts the blocks of all files by type.
func (m *Module) collect() hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, body := range m.bodies {
		blocks, ds := topLevel(body)
		diags = append(diags, ds...)
		for _, b := range blocks {
			m.blocks[b.Type] = append(m.blocks[b.Type], b)
		}
	}
	if len(m.files) == len(m.vars) && len(diags) == 0 {
		diags = append(diags, errorAnywhere("no pipeline", "%s holds no .hcl or .hcl.json file; a pipeline is at least a source and a sink", m.where()))
	}
	return diags
}

func (m *Module) where() string {
	if m.dir == "." && m.fallbackName != "" {
		return fmt.Sprintf("%q", m.fallbackName)
	}
	return m.dir
}
