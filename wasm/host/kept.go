package host

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// compiledFolder is the part of the cache folder with what is compiled; others have theirs beside it.
const compiledFolder = "compiled"

// kept is the folder in which wazero keeps what it makes of one module, and finds it. It trusts what it finds, of which a
// single bit that is wrong may end the process. So there is a seal beside each file that it has written, an empty file with
// the digest of the other one in its name, and a file without its seal is removed before wazero looks for it.
//
// Processes share the folder: files and seals are there as a whole or not at all, and a file whose seal
// another process has not written yet is made once more.
type kept struct {
	all, dir string // of all modules, and of this one
	sealed   map[string]bool
}

// openKept returns what is kept of a module, as it is compiled. The folder is made, for its owner alone.
func openKept(cacheDir string, module []byte) (*kept, error) {
	digest := sha256.Sum256(module)
	all := filepath.Join(cacheDir, compiledFolder)
	k := &kept{all: all, dir: filepath.Join(all, hex.EncodeToString(digest[:])), sealed: map[string]bool{}}
	Touch(k.dir)
	for _, dir := range []string{cacheDir, all, k.dir} {
		if err := OwnFolder(dir); err != nil {
			return nil, fmt.Errorf("keep compiled modules: %w", err)
		}
	}
	return k, k.eachFile(func(file string) error {
		seal, err := sealOf(file)
		if err != nil {
			return err
		}
		if info, err := os.Lstat(seal); err == nil && info.Mode().IsRegular() {
			k.sealed[file] = true
			return nil
		}
		return os.Remove(file)
	})
}

// seal seals what is new, and then removes what is old of other modules.
func (k *kept) seal() error {
	found := false
	err := k.eachFile(func(file string) error {
		if k.sealed[file] {
			return nil
		}
		seal, err := sealOf(file)
		if err != nil {
			return err
		}
		found = true
		return os.WriteFile(seal, nil, 0o600)
	})
	if err != nil || !found {
		return err
	}
	Touch(k.dir)
	SweepFolder(k.all)
	return nil
}

// eachFile goes through the files of wazero, which have a digest for their name; some may have just gone.
func (k *kept) eachFile(see func(file string) error) error {
	err := filepath.WalkDir(k.dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && path != k.dir && len(e.Name()) == hex.EncodedLen(sha256.Size) {
			if e.Type().IsRegular() {
				err = see(path)
			} else {
				err = os.RemoveAll(path)
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("keep compiled modules: %w", err)
	}
	return nil
}

// sealOf returns the name of the seal of a file as it is.
func sealOf(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // it was only read
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return file + "." + hex.EncodeToString(h.Sum(nil)), nil
}
