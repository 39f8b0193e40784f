//go:build unix

package project_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/host"
	"github.com/onstream/onstream/wasm/project"
	"github.com/onstream/onstream/wasm/wasmtest"
)

// compilers puts programs into the PATH, in the place of all that are there: clang notes each time that it compiles in the
// file said, and wasm-ld writes a module that was made before, which has a manifest.
func compilers(t *testing.T) (dir, said string) {
	t.Helper()
	dir = t.TempDir()
	said = filepath.Join(dir, "said")
	module := wasmtest.Behaviour{Manifest: `{"name": "old"}`, Funcs: []wasmtest.Export{{Name: abi.Process, Params: "ii", Results: "I", Code: wasmtest.I64(0)}}}
	write(t, filepath.Join(dir, "module"), string(module.Bytes()))
	write(t, said, "")
	script(t, filepath.Join(dir, "clang"), `case "$1" in
--version) echo clang 1 ;;
--print-targets) echo "  wasm32 - WebAssembly 32-bit" ;;
-print-prog-name=*) echo `+filepath.Join(dir, "wasm-ld")+` ;;
*) echo compiled >>`+said+` ;;
esac`)
	script(t, filepath.Join(dir, "wasm-ld"), `while [ "$1" != -o ]; do shift; done; /bin/cat `+filepath.Join(dir, "module")+` >"$2"`)
	t.Setenv("PATH", dir)
	return dir, said
}

func script(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
}

// The same sources are compiled once, by the same compiler; what is built has the manifest of the folder.
func TestCached(t *testing.T) {
	bin, said := compilers(t)
	cache := filepath.Join(t.TempDir(), "cache", "built")
	dir := folder(t, map[string]string{"onstream.json": `{"name": "new"}`, "main.c": "int a;"})
	told := 0
	check := func(what string, compiled int) string {
		t.Helper()
		p, err := project.Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		file, err := p.Cached(t.Context(), cache, func() { told++ })
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(read(t, said)), "compiled"); n != compiled || told != compiled {
			t.Errorf("%s: it was compiled %d times, which was told %d times, not %d", what, n, told, compiled)
		}
		return file
	}
	file := check("first", 1)
	if d, err := host.Inspect(read(t, file)); err != nil || d.Manifest.Name != "new" {
		t.Errorf("it is %+v, %v", d, err)
	}
	if again := check("again", 1); again != file {
		t.Errorf("it is %s, and then %s", file, again)
	}
	write(t, filepath.Join(dir, "tests", "x.json"), "{}")
	check("with a test", 1)
	write(t, filepath.Join(dir, "main.c"), "int b;")
	check("with other sources", 2)
	script(t, filepath.Join(bin, "clang"), strings.Replace(string(read(t, filepath.Join(bin, "clang"))), "echo clang 1", "echo clang 2", 1))
	check("with another compiler", 3)
	if info, err := os.Stat(cache); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder is %v, %v", info, err)
	}
	p, err := project.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := "there is no folder to keep the module in: set HOME or XDG_CACHE_HOME, or build it with onstream module build and name the file"
	if _, err := p.Cached(t.Context(), "", func() {}); err == nil || err.Error() != want {
		t.Errorf("without a folder it gives %v", err)
	}
	// What is in a folder that others may write to is not run.
	if err := os.Chmod(cache, 0o777); err != nil { //nolint:gosec // that is what is refused
		t.Fatal(err)
	}
	p, err = project.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Cached(t.Context(), cache, func() {}); err == nil || !strings.Contains(err.Error(), "others may write to "+cache+", and what is in it is executed: chmod 700 it") {
		t.Errorf("from a folder of everybody it gives %v", err)
	}
}

// When a module is added, those go that were not used for a month; what is used again stays.
func TestOldModulesGo(t *testing.T) {
	compilers(t)
	cache := t.TempDir()
	if err := os.Chmod(cache, 0o700); err != nil { //nolint:gosec // a folder
		t.Fatal(err)
	}
	cached := func(source string) string {
		t.Helper()
		p, err := project.Read(folder(t, map[string]string{"onstream.json": "{}", "main.c": source}))
		if err != nil {
			t.Fatal(err)
		}
		file, err := p.Cached(t.Context(), cache, func() {})
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	forgotten, used := cached("int a;"), cached("int b;")
	longAgo := time.Now().Add(-31 * 24 * time.Hour)
	if err := errors.Join(os.Chtimes(forgotten, longAgo, longAgo), os.Chtimes(used, longAgo, longAgo)); err != nil {
		t.Fatal(err)
	}
	if again := cached("int b;"); again != used {
		t.Fatalf("it is %s, and then %s", used, again)
	}
	added := cached("int c;")
	for file, stays := range map[string]bool{forgotten: false, used: true, added: true} {
		if _, err := os.Stat(file); (err == nil) != stays {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// Where a Rust project has crates besides the SDK, and not the SDK, cargo is given a copy that finds it.
func TestCargoWithoutSDK(t *testing.T) {
	bin, _ := compilers(t)
	script(t, filepath.Join(bin, "rustc"), `case "$1" in -vV) echo rustc 1 ;; *) echo `+bin+` ;; esac`)
	write(t, filepath.Join(bin, "libstd-1.rlib"), "")
	script(t, filepath.Join(bin, "cargo"), `/bin/cat Cargo.toml >`+filepath.Join(bin, "toml")+`
while read -r name _ _ _ _ path _; do [ "$name" = onstream ] && break; done <Cargo.toml
eval "sdk=$path"
[ -f "$sdk/src/lib.rs" ] && [ -f src/lib.rs ] || { echo "no SDK in $sdk"; exit 1; }
out="$6/wasm32-unknown-unknown/release"; /bin/mkdir -p "$out"; /bin/cat `+filepath.Join(bin, "module")+` >"$out/x.wasm"`)
	begins := "[package]\nname = \"x\"\n[dependencies]\nserde = \"1\"\n"
	sdk := map[string]string{"sdk/Cargo.toml": "[package]\nname = \"onstream\"\n", "sdk/src/lib.rs": ""}
	for name, c := range map[string]struct {
		toml string
		more map[string]string
		own  bool // the SDK that is in the folder
	}{
		"copied without":       {begins + "onstream = { path = \"sdk\" }\n", nil, false},
		"one around it":        {begins + "onstream = { path = \"..\" }\n", nil, false},
		"with it":              {begins + "onstream = { path = \"sdk\" }\n", sdk, true},
		"something else there": {begins + "onstream = { path = \"lib\" }\n", map[string]string{"lib/Cargo.toml": "[package]\nname = \"lib\"\n", "lib/src/lib.rs": ""}, false},
	} {
		files := map[string]string{"onstream.json": "{}", "Cargo.toml": c.toml, "src/lib.rs": ""}
		for file, text := range c.more {
			files[file] = text
		}
		if err := project.Build(t.Context(), folder(t, files), filepath.Join(t.TempDir(), "out.wasm")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if said := string(read(t, filepath.Join(bin, "toml"))); (said == c.toml) != c.own {
			t.Errorf("%s: cargo reads %s", name, said)
		}
	}
}

// A compiler that is not there, or not all of it, is told precisely.
func TestMissing(t *testing.T) {
	bin, _ := compilers(t)
	files := map[project.Language]map[string]string{
		project.C:              {"onstream.json": "{}", "main.c": ""},
		project.Go:             {"onstream.json": "{}", "main.go": ""},
		project.AssemblyScript: {"onstream.json": "{}", "assembly/index.ts": ""},
		project.Rust:           {"onstream.json": "{}", "Cargo.toml": "", "src/lib.rs": ""},
	}
	check := func(l project.Language, want string) {
		t.Helper()
		err := project.Build(t.Context(), folder(t, files[l]), filepath.Join(t.TempDir(), "out.wasm"))
		var missing *project.MissingError
		if !errors.As(err, &missing) || missing.Language != l || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("it gives %v, not %s", err, want)
		}
		if end := "or build it where it is, with onstream module build, and name the module instead of the folder"; err != nil && !strings.HasSuffix(err.Error(), end) {
			t.Errorf("%v does not say that it may be built elsewhere", err)
		}
	}
	check(project.Go, "go is not there, which is needed to build a behaviour in Go: install Go 1.24 or a later one (https://go.dev/dl); ")
	check(project.AssemblyScript, "asc is not there, which is needed to build a behaviour in AssemblyScript: install Node.js (https://nodejs.org), and run npm install assemblyscript in the folder or one around it, or npm install -g assemblyscript; ")
	script(t, filepath.Join(bin, "asc"), "exit 1")
	check(project.AssemblyScript, filepath.Join(bin, "asc")+" is there, but not node, which runs it, which is needed")

	// Debian's compiler is found wherever the PATH leads.
	if _, err := os.Stat("/usr/bin/rustc"); errors.Is(err, fs.ErrNotExist) {
		check(project.Rust, "rustc is not there, which is needed to build a behaviour in Rust: install it with rustup (https://rustup.rs) and rustup target add wasm32-unknown-unknown (Debian: apt-get install rustc libstd-rust-dev-wasm32 lld); ")
		script(t, filepath.Join(bin, "rustc"), "echo /nowhere")
		check(project.Rust, filepath.Join(bin, "rustc")+" is there, but not the standard library for wasm32-unknown-unknown, which is needed to build a behaviour in Rust: rustup target add wasm32-unknown-unknown (Debian: apt-get install libstd-rust-dev-wasm32 lld); ")
	}

	rustc := filepath.Join(bin, "rustc")
	script(t, rustc, `case "$*" in -vV) echo rustc 1 ;; *target-libdir*) echo `+bin+` ;; *cdylib*) echo 'error: linker `+"`rust-lld`"+` not found' >&2; exit 1 ;; esac`)
	write(t, filepath.Join(bin, "libstd-1.rlib"), "")
	noLinker := rustc + " is there, but not rust-lld, its linker, which is needed to build a behaviour in Rust: install lld (Debian: apt-get install lld), or Rust with rustup (https://rustup.rs), which has it; "
	check(project.Rust, noLinker)
	script(t, filepath.Join(bin, "cargo"), "echo 'error: linker `rust-lld` not found' >&2; exit 1")
	files[project.Rust]["Cargo.toml"] = "[dependencies]\nserde = \"1\"\n"
	check(project.Rust, noLinker)

	clang := filepath.Join(bin, "clang")
	remedy := ", which is needed to build a behaviour in C: install clang and lld, of version 11 or later (Debian: apt-get install clang lld; "
	if err := os.Remove(filepath.Join(bin, "wasm-ld")); err != nil {
		t.Fatal(err)
	}
	check(project.C, clang+" is there, but not wasm-ld, its linker"+remedy)
	script(t, clang, "exit 0")
	check(project.C, clang+" is there, but does not know wasm32"+remedy)
	if err := os.Remove(clang); err != nil {
		t.Fatal(err)
	}
	check(project.C, "clang is not there"+remedy)
}

// Of what a compiler says, the first lines are shown, and not where the temporary files were.
func TestCompilerSays(t *testing.T) {
	bin, _ := compilers(t)
	clang := filepath.Join(bin, "clang")
	script(t, clang, strings.Replace(string(read(t, clang)), "\n*) ", `
*) i=0; while [ $i -lt 50000 ]; do echo "error $i in $7"; i=$((i+1)); done; exit 1; `, 1))
	err := project.Build(t.Context(), folder(t, map[string]string{"onstream.json": "{}", "main.c": ""}), filepath.Join(t.TempDir(), "out.wasm"))
	var compile *project.CompileError
	if !errors.As(err, &compile) {
		t.Fatalf("it gives %v", err)
	}
	lines := strings.Split(compile.Said, "\n")
	if len(lines) != 41 || !strings.HasPrefix(lines[0], "error 0 in ") || !strings.HasSuffix(lines[40], " more lines") || strings.Contains(compile.Said, "onstream-build-") {
		t.Errorf("it shows %d lines: %s, ... %s", len(lines), lines[0], lines[len(lines)-1])
	}
}

// A build that is told to stop while the compiler runs ends, and so does the compiler; there is no module.
func TestStopped(t *testing.T) {
	bin, _ := compilers(t)
	clang, running := filepath.Join(bin, "clang"), filepath.Join(bin, "running")
	script(t, clang, strings.Replace(string(read(t, clang)), "\n*) ", `
*) echo $$ >`+running+`.new; /bin/mv `+running+`.new `+running+`; exec /bin/sleep 1000; `, 1))
	ctx, cancel := context.WithCancel(t.Context())
	out := filepath.Join(t.TempDir(), "out.wasm")
	ended := make(chan error, 1)
	go func() {
		ended <- project.Build(ctx, folder(t, map[string]string{"onstream.json": "{}", "main.c": ""}), out)
	}()
	var pid []byte
	for pid == nil {
		select {
		case err := <-ended:
			t.Fatalf("it gives %v", err)
		case <-time.After(time.Millisecond):
			pid, _ = os.ReadFile(running) // until it is there
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("it gives %v", err)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("there is a module")
	}
	id, err := strconv.Atoi(strings.TrimSpace(string(pid)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(id, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the compiler is still there: %v", err)
	}
}

// What a compiler has made while the sources were others is kept for none of them, not even where they are again as they
// were.
func TestChangedWhileBuilt(t *testing.T) {
	bin, _ := compilers(t)
	dir, cache := folder(t, map[string]string{"onstream.json": "{}", "main.c": "int a;"}), t.TempDir()
	clang, main := filepath.Join(bin, "clang"), filepath.Join(dir, "main.c")
	well := string(read(t, clang))
	for _, last := range []string{"int b;", "int a;"} {
		write(t, main, "int a;")
		p, err := project.Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		script(t, clang, strings.Replace(well, "\n*) ", "\n*) echo 'int b;' >"+main+"; printf '"+last+"' >"+main+"; ", 1))
		want := dir + " was changed while it was built: build it again"
		if _, err := p.Cached(t.Context(), cache, func() {}); err == nil || err.Error() != want {
			t.Errorf("it gives %v, not %s", err, want)
		}
	}
	if kept, err := os.ReadDir(cache); err != nil || len(kept) > 0 {
		t.Errorf("%v are kept, %v", kept, err)
	}
}
