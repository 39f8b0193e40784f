package project

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/onstream/onstream/wasm/manifest"
	"github.com/onstream/onstream/wasm/regular"
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
		return nil, &MissingError{Rust, "rustc is not there", "install it with rustup (https://rustup.rs) and rustup target add " + rustTarget + " (Debian: apt-get install rustc libstd-rust-dev-wasm32 lld)"}
	}
	return nil, &MissingError{Rust, strings.Join(there, " and ") + " is there, but not the standard library for " + rustTarget, "rustup target add " + rustTarget + " (Debian: apt-get install libstd-rust-dev-wasm32 lld)"}
}

func (t *rustToolchain) version() string { return t.tells }

func (t *rustToolchain) build(ctx context.Context, p *Project, work, out string) error {
	cargo := p.file("Cargo.toml")
	dir, sdk, path := p.Dir, "", []byte(nil)
	if at := sdkPath.FindSubmatch(cargo); at != nil {
		path = slices.Concat(at[1], at[2])
		sdk = filepath.FromSlash(string(path)) // from the folder on, in which the compiler is run
	}
	if sdk == "" || !p.holdsRustSDK(sdk) {
		sdk = filepath.Join(work, "sdk")
		if err := writeSDK(sdk, Rust); err != nil {
			return fmt.Errorf("write the SDK: %w", err)
		}
		if path != nil && others(cargo) { // cargo has no other way to be told where it is
			dir = filepath.Join(work, "module")
			if err := p.writeTo(dir); err != nil {
				return fmt.Errorf("copy the sources: %w", err)
			}
			cargo = sdkPath.ReplaceAllFunc(cargo, func(says []byte) []byte {
				return bytes.Replace(says, slices.Concat([]byte{'"'}, path, []byte{'"'}), []byte(strconv.Quote(filepath.ToSlash(sdk))), 1)
			})
			if err := os.WriteFile(filepath.Join(dir, "Cargo.toml"), cargo, 0o644); err != nil {
				return fmt.Errorf("copy the sources: %w", err)
			}
		}
	}
	if others(cargo) {
		return t.cargo(ctx, p, dir, work, out)
	}
	library := filepath.Join(work, "libonstream.rlib")
	if err := t.rustc(ctx, p, work, "onstream", "rlib", library, filepath.Join(sdk, "src", "lib.rs")); err != nil {
		return err
	}
	return t.rustc(ctx, p, work, "behaviour", "cdylib", out, filepath.Join("src", "lib.rs"), "--extern", "onstream="+library, "-C", "strip=symbols")
}

// sdkPath finds where a Cargo.toml says that the SDK is.
var sdkPath = regexp.MustCompile(`(?m)^onstream\s*=\s*\{[^}\n]*\bpath\s*=\s*"([^"\n]+)"|^\[dependencies\.onstream\]\s*\n(?:[^\[\n][^\n]*\n)*?path\s*=\s*"([^"\n]+)"`)

// sdkName is how the Cargo.toml of the SDK begins.
var sdkName = regexp.MustCompile(`(?m)^name\s*=\s*"onstream"`)

// holdsRustSDK reports whether the SDK is in a folder, whose path starts at that of the project. A project that was copied without
// its SDK may find nothing there, or something else.
func (p *Project) holdsRustSDK(dir string) bool {
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(p.Dir, dir)
	}
	says, err := regular.Read(filepath.Join(dir, "Cargo.toml"), manifest.MaxSize)
	return err == nil && sdkName.Match(says)
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
	return t.linked(p.compile(ctx, p.Dir, work, os.Environ(), t.path, append(args, more...)...))
}

// noLinker is how rustc says that it has no linker.
var noLinker = regexp.MustCompile("linker [`'\"]([^`'\"\n]*lld[^`'\"\n]*)[`'\"] not found")

// linked returns what has become of a build. A linker is called last, so that one is missing is known only then.
func (t *rustToolchain) linked(err error) error {
	var compile *CompileError
	if !errors.As(err, &compile) {
		return err
	}
	name := noLinker.FindStringSubmatch(compile.Said)
	if name == nil {
		return err
	}
	return &MissingError{Rust, t.path + " is there, but not " + name[1] + ", its linker", "install lld (Debian: apt-get install lld), or Rust with rustup (https://rustup.rs), which has it"}
}

// cargo builds a project that has crates of others, which only cargo can fetch.
func (t *rustToolchain) cargo(ctx context.Context, p *Project, dir, work, out string) error {
	path, err := exec.LookPath("cargo")
	if err != nil {
		return &MissingError{Rust, "cargo is not there", "install it with rustup (https://rustup.rs), or leave out the dependencies besides onstream"}
	}
	target := filepath.Join(work, "target")
	env := append(os.Environ(), "RUSTC="+t.path, "CARGO_TERM_COLOR=never")
	if err := t.linked(p.compile(ctx, dir, work, env, path, "build", "--release", "--target", rustTarget, "--target-dir", target)); err != nil {
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
