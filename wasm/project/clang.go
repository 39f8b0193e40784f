package project

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

type cToolchain struct{ path, linker, tells string }

func findC(ctx context.Context) (toolchain, error) {
	const remedy = "install clang and lld, of version 11 or later (Debian: apt-get install clang lld; macOS: brew install llvm lld)"
	path, err := exec.LookPath("clang")
	if err != nil {
		return nil, &MissingError{C, "clang is not there", remedy}
	}
	tells, err := ask(ctx, "", nil, path, "--version")
	if err != nil {
		return nil, fmt.Errorf("ask %s for its version: %w", path, err)
	}
	if targets, err := ask(ctx, "", nil, path, "--print-targets"); err != nil || !strings.Contains(targets, "wasm32") {
		return nil, &MissingError{C, path + " is there, but does not know wasm32", remedy}
	}
	// Without a linker, clang prints the name as it was given, which is of no file.
	linker, err := ask(ctx, "", nil, path, "-print-prog-name=wasm-ld")
	if err == nil {
		linker, err = exec.LookPath(linker)
	}
	if err != nil {
		return nil, &MissingError{C, path + " is there, but not wasm-ld, its linker", remedy}
	}
	return &cToolchain{path, linker, tells}, nil
}

func (t *cToolchain) version() string { return t.tells }

func (t *cToolchain) build(ctx context.Context, p *Project, work, out string) error {
	var include []string
	if !p.has("sdk") {
		dir := filepath.Join(work, "sdk")
		if err := writeSDK(dir, C); err != nil {
			return fmt.Errorf("write the SDK: %w", err)
		}
		include = []string{"-I" + work, "-I" + dir}
	}
	link := []string{"--no-entry", "--strip-all", "--stack-first", "-o", out}
	for i, s := range p.sources {
		if !strings.HasSuffix(s.name, ".c") || strings.Contains(s.name, "/") {
			continue
		}
		object := filepath.Join(work, fmt.Sprintf("%d.o", i))
		args := append([]string{
			"--target=wasm32-unknown-unknown", "-std=c11", "-O3", "-msimd128", "-ffreestanding", "-fvisibility=hidden", "-c", "-o", object, s.name,
		}, include...)
		if err := p.compile(ctx, p.Dir, work, os.Environ(), t.path, args...); err != nil {
			return err
		}
		link = append(link, object)
	}
	// By clang, a wasm-opt of others would be run, wherever there is one in the PATH.
	return p.compile(ctx, p.Dir, work, os.Environ(), t.linker, link...)
}
