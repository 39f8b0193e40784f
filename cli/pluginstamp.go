package cli

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/onstream/onstream/dsl"
	remoteprocess "github.com/onstream/onstream/plugins/remote/process"
)

// stampOf is a text that is equal for plugin blocks whose processes behave alike: it has the content of the program, and secrets as digests
// only. A program within the pipeline's folder is called by its path there, so that a copy of the pipeline has the same.
func stampOf(b dsl.Plugin, path string) string {
	var s strings.Builder
	digest, _ := digestOf(b.Source) // what cannot be read cannot be started, and that is told
	fmt.Fprintf(&s, "%q %s %q %q %d %s %s", within(path, b.Source), digest, b.SHA256, b.Args, b.Limits.Memory, b.Limits.Start, b.Limits.Timeout)
	if b.Limits.Restart != nil {
		fmt.Fprintf(&s, " restart %d", *b.Limits.Restart)
	}
	for _, name := range slices.Sorted(maps.Keys(b.Env)) {
		fmt.Fprintf(&s, " %q=%x %t", name, sha256.Sum256([]byte(b.Env[name].Reveal())), slices.Contains(b.Shown, name))
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(s.String())))
}

// within is what a file is called in the folder of a pipeline; where it is elsewhere, its path.
func within(pipeline, file string) string {
	if info, err := os.Stat(pipeline); err == nil && !info.IsDir() {
		pipeline = filepath.Dir(pipeline)
	}
	dir, err := filepath.Abs(pipeline)
	if err != nil {
		return file
	}
	if in, err := filepath.Rel(dir, file); err == nil && filepath.IsLocal(in) {
		return in
	}
	return file
}

// digestOf returns the digest of a program, in hexadecimal digits.
func digestOf(file string) (string, error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is no regular file", file)
	}
	return remoteprocess.Digest(file)
}
