package state

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Folder returns the folder of a pipeline in dir: bytes that are not the same
// in the names of files everywhere are written %XX.
func Folder(dir, pipeline string) string { return filepath.Join(dir, escape(pipeline)) }

// Locate is the reverse of Folder.
func Locate(folder string) (dir, pipeline string, err error) {
	folder, err = filepath.Abs(folder)
	if err != nil {
		return "", "", err
	}
	name := filepath.Base(folder)
	if name == "%" {
		return filepath.Dir(folder), "", nil
	}
	pipeline, err = url.PathUnescape(name)
	if err != nil || escape(pipeline) != name {
		return "", "", fmt.Errorf("%s is not the folder of a pipeline; onstream state list DIR shows those there are", folder)
	}
	return filepath.Dir(folder), pipeline, nil
}

// CheckDir says why a folder is not one in which pipelines keep their state,
// which may have nothing in it yet.
func CheckDir(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no folder %s for the state of pipelines: correct its name; it is made by the first onstream run --state, or topic produce --state", dir)
	case err != nil:
		return permission(dir, err)
	case !info.IsDir():
		return fmt.Errorf("%s is no folder, and no state of pipelines: correct its name", dir)
	case isUsed(dir) && !isUsed(filepath.Join(dir, databaseName)): // a pipeline may be called like that
		return fmt.Errorf("%s is the folder of one pipeline: name the one that it is in, %s", dir, filepath.Dir(filepath.Clean(dir)))
	}
	return nil
}

// Pipelines returns the names of the pipelines that have a folder in dir, in
// order.
func Pipelines(dir string) ([]string, error) {
	if err := CheckDir(dir); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, permission(dir, fmt.Errorf("list state: %w", err))
	}
	var names []string
	for _, e := range entries {
		folder := filepath.Join(dir, e.Name())
		_, pipeline, err := Locate(folder)
		if !e.IsDir() || err != nil {
			continue
		}
		if isUsed(folder) {
			names = append(names, pipeline)
		}
	}
	slices.Sort(names)
	return names, nil
}

// databaseName is the folder of the database in that of the pipeline.
const databaseName = "checkpoint"

// isUsed reports whether something is stored for a pipeline.
func isUsed(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, databaseName))
	return err == nil
}

// Remove removes all that is stored for a pipeline, also what cannot be opened
// any more. What others have in the folder stays.
func Remove(dir, pipeline string) error {
	folder, err := filepath.Abs(Folder(dir, pipeline))
	if err != nil {
		return err
	}
	lock, err := lockFolder(vfs.Default, folder, true, stopIt)
	if err != nil {
		return err
	}
	defer lock.Close()
	for _, name := range []string{databaseName, importName} {
		if err := os.RemoveAll(filepath.Join(folder, name)); err != nil {
			return permission(folder, fmt.Errorf("remove state: %w", err))
		}
	}
	if entries, err := os.ReadDir(folder); err == nil && len(entries) == 1 {
		os.Remove(filepath.Join(folder, lockName))
		os.Remove(folder)
	}
	return nil
}

func escape(name string) string {
	var b strings.Builder
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-', c == '.' && i > 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	if b.Len() == 0 {
		return "%"
	}
	return b.String()
}
