package project

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/onstream/onstream/wasm/regular"
)

// target returns the file that a module is to be written to: that to which a link leads. What is there is replaced if it is a
// file, and none of the project's.
func (p *Project) target(out string) (string, error) {
	if _, err := os.Lstat(out); errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	file, err := resolve(out)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s is a link that leads nowhere: remove it, or name another file for the module", out)
	}
	if err != nil {
		return "", err
	}
	info, err := os.Stat(file)
	if err != nil {
		return "", err
	}
	if err := regular.Check(out, info); err != nil {
		return "", fmt.Errorf("%w: name a file for the module", err)
	}
	if p.owns(file) {
		return "", fmt.Errorf("%s is a file of the project: name another one for the module, such as %s", out, filepath.Join(p.Dir, p.Name()+".wasm"))
	}
	return file, nil
}

// resolve returns the one path of a file.
func resolve(file string) (string, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(file)
}

// owns reports whether a file that is there, by its one path, is one that the project is made of: any in its folder, but modules and
// what cargo makes.
func (p *Project) owns(file string) bool {
	dir, err := resolve(p.Dir)
	if err == nil {
		file, err = filepath.Rel(dir, file)
	}
	return err == nil && filepath.IsLocal(file) && filepath.Ext(file) != ".wasm" && !strings.HasPrefix(filepath.ToSlash(file), "target/")
}
