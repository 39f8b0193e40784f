package nats

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A seal says what the files of the embedded server's store were when it was stopped in
// order: a line for each, with its size, its CRC-32C (of blocks none: their records have
// checksums) and its name, and at the end the CRC-32C of all that. It is taken away before
// the server starts. So what is missing then, or is shorter, was not missing when the server
// stopped.
const sealName = "SEAL"

const sealHead = "onstream seal 1\n"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sealed is what the seal says about a file.
type sealed struct {
	size int64
	sum  string // "-" for none
}

// writeSeal seals a store that nobody uses, and forces to disk before what the server may not have:
// that is what is younger than behind, or was made lately.
func writeSeal(dir string, behind time.Duration) error {
	names, err := sealable(dir)
	if err != nil {
		return err
	}
	young := time.Now().Add(-max(behind, time.Minute))
	folders := map[string]bool{}
	b := []byte(sealHead)
	for _, name := range names {
		file := filepath.Join(dir, name)
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		if info.ModTime().After(young) {
			if err := syncFile(file); err != nil {
				return err
			}
			folders[filepath.Dir(file)] = true
		}
		sum := "-"
		if filepath.Ext(name) != blockExt {
			content, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			sum = checksum(content)
		}
		b = fmt.Appendf(b, "%d %s %s\n", info.Size(), sum, filepath.ToSlash(name))
	}
	for folder := range folders {
		if err := syncDir(folder); err != nil {
			return err
		}
	}
	b = fmt.Appendf(b, "%s\n", checksum(b))
	file := filepath.Join(dir, sealName)
	if err := writeSynced(file+".tmp", b); err != nil {
		return err
	}
	if err := os.Rename(file+".tmp", file); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncFile forces to disk what was written to a file.
func syncFile(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func checksum(b []byte) string { return fmt.Sprintf("%08x", crc32.Checksum(b, castagnoli)) }

func writeSynced(name string, b []byte) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// removeSeal takes the seal away, for good, before the store is changed.
func removeSeal(dir string) error {
	err := os.Remove(filepath.Join(dir, sealName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = syncDir(dir)
	}
	return err
}

// readSeal returns what the seal says, nil where there is none.
func readSeal(dir string) (map[string]sealed, error) {
	file := filepath.Join(dir, sealName)
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	end := len(b) - 9
	if !bytes.HasPrefix(b, []byte(sealHead)) || end < len(sealHead) || string(b[end:]) != checksum(b[:end])+"\n" {
		return nil, &damage{file: file, what: "its checksum is not that of its bytes", way: "remove it: then the store is taken for one whose server was killed"}
	}
	found := map[string]sealed{}
	for line := range strings.Lines(string(b[len(sealHead):end])) {
		size, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		sum, name, ok := strings.Cut(rest, " ")
		n, err := strconv.ParseInt(size, 10, 64)
		if err != nil || !ok {
			return nil, &damage{file: file, what: "it was written by another version", way: "remove it: then the store is taken for one whose server was killed"}
		}
		found[filepath.FromSlash(name)] = sealed{n, sum}
	}
	return found, nil
}

// sealable returns the names of the files of a store that stay as they are while nobody uses
// it, sorted: not what the server still clears away, or was writing anew when it stopped.
func sealable(dir string) ([]string, error) {
	var files []string
	streams, err := streamsIn(dir)
	if err != nil {
		return nil, err
	}
	for _, stream := range streams {
		folders, err := entries(filepath.Join(stream, "obs"))
		if err != nil {
			return nil, err
		}
		for _, folder := range append(folders, stream, filepath.Join(stream, "msgs")) {
			found, err := entries(folder)
			if err != nil {
				return nil, err
			}
			for _, file := range found {
				ours := slices.Contains(sealedFiles, filepath.Base(file)) || filepath.Ext(file) == blockExt
				if ours && !slices.Contains(found, file+".tmp") {
					files = append(files, file)
				}
			}
		}
	}
	slices.Sort(files)
	for i, file := range files {
		if files[i], err = filepath.Rel(dir, file); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// sealedFiles are what the server keeps besides blocks and the index (index.db), which it
// makes anew from them where that is damaged.
var sealedFiles = []string{"meta.inf", "meta.sum", "o.dat", "sources.db", "thw.db", "sched.db"}
