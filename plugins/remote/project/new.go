package project

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/onstream/onstream/plugins/remote/pb"
)

//go:embed all:templates
var templates embed.FS

var (
	nameForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)
	release  = regexp.MustCompile(`^v\d+\.\d+\.\d+$`)
)

// New makes a project in a folder, which is made where it is not there and must be empty: a plugin of a name ("" for that of the folder) with a
// source, a transform and a sink, tests, and a pipeline that uses them.
func New(dir string, l Language, name string) error {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("make a project: %w", err)
	}
	if name == "" {
		name = filepath.Base(abs)
	}
	switch {
	case !nameForm.MatchString(name):
		return fmt.Errorf("%q is no name for a plugin: write letters, digits, underscores and hyphens, at most 64, with a letter first", name)
	case !slices.Contains(Languages(), l):
		return fmt.Errorf("there is no template for %q: write %s, %s or %s, or see docs/PLUGINS.md for other languages", string(l), string(Go), string(Python), string(Node))
	}
	if there, err := os.ReadDir(dir); err == nil && len(there) > 0 {
		return fmt.Errorf("%s is not empty: name a folder that is not there", dir)
	}
	if err := write(abs, l, name); err != nil {
		return fmt.Errorf("make a project: %w", err)
	}
	return nil
}

// write fills the templates and writes them, and what is made of the protocol.
func write(dir string, l Language, name string) error {
	is := l.told()
	// A note on build and files may have the name in it: the places of what is told are filled first.
	fill := func(text string) string {
		text = strings.NewReplacer("{{.Build}}", is.build, "{{.Test}}", is.test, "{{.Files}}", is.files, "{{.Note}}", is.note).Replace(text)
		return strings.NewReplacer("{{.Name}}", name, "{{.Block}}", strings.ReplaceAll(name, "-", "_"), "{{.Title}}", l.String(), "{{.Version}}", version()).Replace(text)
	}
	for _, folder := range []string{"all", string(l)} {
		files, err := fs.Sub(templates, "templates/"+folder)
		if err != nil {
			return err
		}
		err = fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := fs.ReadFile(files, path)
			if err != nil {
				return err
			}
			if plain, filled := strings.CutSuffix(path, ".tmpl"); filled {
				path, data = plain, []byte(fill(string(data)))
			}
			return put(dir, path, data)
		})
		if err != nil {
			return err
		}
	}
	switch l {
	case Python:
		text, err := pythonMessages()
		return errors.Join(err, put(dir, "onstream_plugin_pb2.py", []byte(text)), put(dir, "plugin.proto", []byte(pb.Proto())))
	case Node:
		return put(dir, "plugin.proto", []byte(pb.Proto()))
	}
	return nil
}

// version is that of this onstream, as a project in Go requires it. One that was built of a checkout has none that could be fetched.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Path != "github.com/onstream/onstream" || !release.MatchString(info.Main.Version) {
		return "v0.0.0"
	}
	return info.Main.Version
}

func put(dir, path string, data []byte) error {
	name := filepath.Join(dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o644)
}
