package project

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

type ascToolchain struct{ path, tells string }

// findAssemblyScript looks for the compiler that npm has installed in the folder or in one around it, then for that in
// the PATH.
func findAssemblyScript(ctx context.Context, p *Project) (toolchain, error) {
	const remedy = "install Node.js (https://nodejs.org), and run npm install assemblyscript in the folder or one around it, or npm install -g assemblyscript"
	path := ""
	dir, err := filepath.Abs(p.Dir)
	for ; err == nil && path == ""; dir = filepath.Dir(dir) {
		path, _ = exec.LookPath(filepath.Join(dir, "node_modules", ".bin", "asc"))
		if dir == filepath.Dir(dir) {
			break
		}
	}
	if path == "" {
		if path, err = exec.LookPath("asc"); err != nil {
			return nil, &MissingError{AssemblyScript, "asc is not there", remedy}
		}
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
	return p.compile(ctx, p.Dir, work, os.Environ(), t.path,
		filepath.Join("assembly", "index.ts"), "--outFile", out, "--runtime", "incremental", "-O3", "--enable", "simd",
		"--use", "abort=onstreamAbort", "--exportStart", "_initialize")
}
