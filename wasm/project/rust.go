package project

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const rustTarget = "wasm32-unknown-unknown"

type rustToolchain struct{ path, tells string }

// findRust looks for a compiler that has the target: the one in the PATH, which may be one of rustup without it, then that of
// the system.
func findRust(ctx context.Context) (toolchain, error) {
	var there []string
	for _, name := range []string{"rustc", "/usr/bin/rustc"} {
		path, err := exec.LookPath(name)
		if err != nil || slices.Contains(there, path) {
			continue
		}
		there = append(there, path)
		dir, err := ask(ctx, "", nil, path, "--print", "target-libdir", "--target", rustTarget)
		if found, _ := filepath.Glob(filepath.Join(dir, "libstd-*.rlib")); err != nil || len(found) == 0 {
			continue
		}
		tells, err := ask(ctx, "", nil, path, "-vV")
		if err != nil {
			return nil, fmt.Errorf("ask %s for its version: %w", path, err)
		}
		return &rustToolchain{path, tells}, nil
	}
	if len(there) == 0 {
		return nil, &MissingError{Rust, "rustc is not there", "install it with rustup (https://rustup.rs) and rustup target add " + rustTarget + " (Debian: apt-get install rustc libstd-rust-dev-wasm32)"}
	}
	return nil, &MissingError{Rust, strings.Join(there, " and ") + " is there, but not the standard library for " + rustTarget, "rustup target add " + rustTarget + " (Debian: apt-get install libstd-rust-dev-wasm32)"}
}

func (t *rustToolchain) version() string { return t.tells }

func (t *rustToolchain) build(ctx context.Context, p *Project, work, out string) error {
	cargo := p.file("Cargo.toml")
	if others(cargo) {
		return t.cargo(ctx, p, work, out)
	}
	sdk := ""
	if at := sdkPath.FindSubmatch(cargo); at != nil {
		sdk = filepath.FromSlash(string(at[1])) // from the folder on, in which the compiler is run
	}
	if sdk == "" || !p.holds(filepath.Join(sdk, "src", "lib.rs")) {
		sdk = filepath.Join(work, "sdk")
		if err := writeSDK(sdk, Rust); err != nil {
			return fmt.Errorf("write the SDK: %w", err)
		}
	}
	library := filepath.Join(work, "libonstream.rlib")
	if err := t.rustc(ctx, p, work, "onstream", "rlib", library, filepath.Join(sdk, "src", "lib.rs")); err != nil {
		return err
	}
	return t.rustc(ctx, p, work, "behaviour", "cdylib", out, filepath.Join("src", "lib.rs"), "--extern", "onstream="+library, "-C", "strip=symbols")
}

// sdkPath finds where a Cargo.toml says that the SDK is.
var sdkPath = regexp.MustCompile(`(?m)^onstream\s*=\s*\{[^}\n]*\bpath\s*=\s*"([^"\n]+)"`)

// holds reports whether there is a file at a path that starts at the folder. One that was copied without its SDK has none there.
func (p *Project) holds(path string) bool {
	if !filepath.IsAbs(path) {
		path = filepath.Join(p.Dir, path)
	}
	_, err := os.Stat(path)
	return err == nil
}

func (t *rustToolchain) rustc(ctx context.Context, p *Project, work, crate, typ, out, file string, more ...string) error {
	here, err := filepath.EvalSymlinks(p.Dir)
	if err == nil {
		here, err = filepath.Abs(here)
	}
	if err != nil {
		return fmt.Errorf("find the folder: %w", err)
	}
	args := []string{
		"--crate-name", crate, "--crate-type", typ, "--edition", "2021", "--target", rustTarget,
		"-C", "opt-level=3", "-C", "panic=abort", "-C", "target-feature=+simd128,+bulk-memory",
		// A module is the same wherever it is built.
		"--remap-path-prefix", work + "=.", "--remap-path-prefix", here + "=.", "-o", out, file,
	}
	return p.compile(ctx, p.Dir, work, os.Environ(), t.path, append(args, more...)...)
}

// cargo builds a project that has crates of others, which only cargo can fetch.
func (t *rustToolchain) cargo(ctx context.Context, p *Project, work, out string) error {
	path, err := exec.LookPath("cargo")
	if err != nil {
		return &MissingError{Rust, "cargo is not there", "install it with rustup (https://rustup.rs), or leave out the dependencies besides onstream"}
	}
	target := filepath.Join(work, "target")
	env := append(os.Environ(), "RUSTC="+t.path, "CARGO_TERM_COLOR=never")
	if err := p.compile(ctx, p.Dir, work, env, path, "build", "--release", "--target", rustTarget, "--target-dir", target); err != nil {
		return err
	}
	made, _ := filepath.Glob(filepath.Join(target, rustTarget, "release", "*.wasm"))
	if len(made) != 1 {
		return errors.New(`cargo has made no module: write crate-type = ["cdylib"] below [lib] in Cargo.toml`)
	}
	return os.Rename(made[0], out)
}

// others reports whether a Cargo.toml has dependencies besides the SDK.
func others(cargo []byte) bool {
	inside := false
	for line := range strings.Lines(string(cargo)) {
		line = strings.TrimSpace(line)
		switch name, _, ok := strings.Cut(line, "="); {
		case strings.HasPrefix(line, "["):
			inside = line == "[dependencies]"
			if strings.HasPrefix(line, "[dependencies.") && line != "[dependencies.onstream]" {
				return true
			}
		case inside && ok && !strings.HasPrefix(line, "#") && strings.TrimSpace(name) != "onstream":
			return true
		}
	}
	return false
}
