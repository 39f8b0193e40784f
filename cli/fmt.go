package cli

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/dsl"
)

func newFmt(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "fmt [PATH...]",
		Short:   "Write pipelines in the one canonical layout",
		GroupID: groupWrite,
		Long: `Rewrite .hcl files in the canonical layout, keeping comments, and print the
names of those that changed. A PATH is a file or a directory with all that is
below it; the default is the current directory, and - is standard input to
standard output. Files that do not parse are left alone.`,
		Example: `  onstream fmt                   everything from here
  onstream fmt --check           change nothing; exit with 1 if something would change
  onstream fmt - < draft.hcl`,
	}
	check := cmd.Flags().Bool("check", false, "change nothing, and exit with 1 if something would change")
	cmd.RunE = func(_ *cobra.Command, paths []string) error {
		if len(paths) == 0 {
			paths = []string{"."}
		}
		f := formatter{cli: c, check: *check}
		for _, path := range paths {
			if err := f.path(path); err != nil {
				return err
			}
		}
		switch {
		case f.broken:
			return invalid(nil)
		case *check && f.changed:
			return failed(nil)
		default:
			return nil
		}
	}
	return cmd
}

// formatter formats files and remembers how that went.
type formatter struct {
	*cli
	check           bool
	changed, broken bool
}

func (f *formatter) path(path string) error {
	if path == "-" {
		return f.stream()
	}
	return filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return invalid(err)
		case entry.IsDir() && name != path && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case entry.IsDir() || (name != path && filepath.Ext(name) != ".hcl"):
			return nil
		default:
			return f.file(name)
		}
	})
}

func (f *formatter) stream() error {
	src, err := dsl.Read(f.stdin)
	if err != nil {
		return failed(fmt.Errorf("read standard input: %w", err))
	}
	out, err := f.format(src, "<stdin>")
	if out == nil {
		return err
	}
	if f.check {
		f.changed = f.changed || !bytes.Equal(out, src)
		return nil
	}
	if _, err := f.stdout.Write(out); err != nil {
		return failed(fmt.Errorf("write output: %w", err))
	}
	return nil
}

func (f *formatter) file(name string) error {
	src, err := dsl.ReadFile(name)
	if err != nil {
		return invalid(err)
	}
	out, err := f.format(src, name)
	if out == nil || bytes.Equal(out, src) {
		return err
	}
	f.changed = true
	fmt.Fprintln(f.stdout, name)
	if f.check {
		return nil
	}
	return replace(name, out)
}

// format returns nil for what does not parse.
func (f *formatter) format(src []byte, name string) ([]byte, error) {
	out, diags := dsl.Format(src, name)
	if !diags.HasErrors() {
		return out, nil
	}
	f.broken = true
	module, _ := dsl.ParseSources(name, map[string][]byte{name: src}) // for the lines to show
	if err := dsl.WriteDiagnostics(f.stderr, module.Files(), diags, width(f.stderr), f.colors(f.stderr)); err != nil {
		return nil, failed(err)
	}
	return nil, nil
}

// replace writes the file anew, so that a reader, or a crash, never meets half
// of it.
func replace(name string, content []byte) error {
	info, err := os.Stat(name)
	if err != nil {
		return failed(err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return failed(err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(content)
	if closing := tmp.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Chmod(tmp.Name(), info.Mode().Perm())
	}
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		return failed(fmt.Errorf("write %s: %w", name, err))
	}
	return nil
}
