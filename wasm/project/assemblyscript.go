package project

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

type ascToolchain struct{ path, tells string }

// findAssemblyScript looks for the compiler that npm has installed in the folder or in one around it, then for that in
// the PATH.
func findAssemblyScript(ctx context.Context, p *Project) (toolchain, error) {
	const remedy = "install Node.js (https://nodejs.org), and run npm install assemblyscript in the folder or one around it, or npm install -g assemblyscript"
	var names []string
	for _, dir := range around(p.Dir, "node_modules") {
		names = append(names, filepath.Join(dir, ".bin", "asc"))
	}
	names = append(names, "asc")
	path, err := "", error(nil)
	for _, name := range names {
		if path, err = exec.LookPath(name); err == nil {
			break
		}
	}
	if err != nil {
		return nil, &MissingError{AssemblyScript, "asc is not there", remedy}
	}
	tells, err := ask(ctx, p.Dir, nil, path, "--version")
	if err != nil {
		if _, missing := exec.LookPath("node"); missing != nil {
			return nil, &MissingError{AssemblyScript, path + " is there, but not node, which runs it", remedy}
		}
		return nil, fmt.Errorf("ask %s for its version: %w", path, err)
	}
	return &ascToolchain{path, tells}, nil
}

func (t *ascToolchain) version() string { return t.tells }

func (t *ascToolchain) build(ctx context.Context, p *Project, work, out string) error {
	dir, env := p.Dir, os.Environ()
	args := []string{filepath.Join("assembly", "index.ts")}
	if !p.has("sdk") {
		// What the sources import is found by its path, and packages from the folder on.
		dir = filepath.Join(work, "module")
		if err := errors.Join(p.writeTo(dir), writeSDK(filepath.Join(dir, "sdk"), AssemblyScript)); err != nil {
			return fmt.Errorf("copy the sources: %w", err)
		}
		packages := around(p.Dir, "node_modules")
		env = append(env, "NODE_PATH="+strings.Join(append(packages, os.Getenv("NODE_PATH")), string(filepath.ListSeparator)))
		for _, there := range packages {
			args = append(args, "--path", there)
		}
	}
	return p.compile(ctx, dir, work, env, t.path, append(args, "--outFile", out, "--runtime", "incremental", "-O3", "--enable", "simd",
		"--use", "abort=onstreamAbort", "--exportStart", "_initialize")...)
}

// around returns the folders of a name in a folder and in those around it, the innermost first.
func around(dir, name string) []string {
	var found []string
	dir, err := filepath.Abs(dir)
	for err == nil {
		if info, missing := os.Stat(filepath.Join(dir, name)); missing == nil && info.IsDir() {
			found = append(found, filepath.Join(dir, name))
		}
		if dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	return found
}
