package runtime

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/onstream/onstream/runtime/state"
)

// ownerFile holds the name of a store, which is made up with it. A store that
// was lost and begun anew is another one: what its positions were is not known
// to it.
const ownerFile = "OWNER"

// ownerOf returns the name of the store in a folder.
func ownerOf(folder string) (string, error) {
	path := filepath.Join(folder, ownerFile)
	name, err := os.ReadFile(path)
	if err == nil && len(strings.TrimSpace(string(name))) > 0 {
		return strings.TrimSpace(string(name)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the name of the state: %w", err)
	}
	made := rand.Text()
	if err := writeFile(path, made+"\n"); err != nil {
		return "", fmt.Errorf("name the state: %w", err)
	}
	return made, nil
}

// writeFile makes a file that is there as a whole or not at all.
func writeFile(path, text string) error {
	temporary := path + ".new"
	f, err := os.Create(temporary)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	return state.SyncFolder(filepath.Dir(path))
}
