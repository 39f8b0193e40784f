package project_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/wasm/golden"
	"github.com/onstream/onstream/wasm/host"
	"github.com/onstream/onstream/wasm/project"
)

// built builds a project. Where the compiler is not there, the test is skipped, unless all compilers are to be there.
func built(t *testing.T, dir string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "behaviour.wasm")
	err := project.Build(t.Context(), dir, out)
	var missing *project.MissingError
	if errors.As(err, &missing) && os.Getenv("ONSTREAM_TOOLCHAINS") != "all" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What New makes is built by the compiler of its language alone, does what its test says, and is the same bytes wherever
// the folder is.
func TestNew(t *testing.T) {
	t.Parallel()
	for _, l := range project.Languages() {
		t.Run(string(l), func(t *testing.T) {
			t.Parallel()
			if testing.Short() && l != project.Go {
				t.Skip("short: only the compiler that is there anyway")
			}
			dir, elsewhere := filepath.Join(t.TempDir(), "first", "Hot-7"), filepath.Join(t.TempDir(), "Hot-7")
			files, err := project.New(dir, l)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range append(files, "README.md", "onstream.json", "tests/limit.json") {
				if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
					t.Error(err)
				}
			}
			module := built(t, dir)
			data := read(t, module)
			if d, err := host.Inspect(data); err != nil || d.Manifest.Name != "Hot-7" || d.Manifest.Parameters[0].Name != "limit" {
				t.Errorf("it is %+v, %v", d, err)
			}
			f, err := golden.Read(filepath.Join(dir, "tests", "limit.json"))
			if err != nil {
				t.Fatal(err)
			}
			if found, err := golden.Run(t.Context(), golden.Config{Module: module}, f); err != nil || len(found) > 0 {
				t.Errorf("its test gives %v, %v", found, err)
			}
			if _, err := project.New(elsewhere, l); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(data, read(t, built(t, elsewhere))) {
				t.Error("built elsewhere it is another module")
			}
		})
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// folder makes a folder with files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		write(t, filepath.Join(dir, name), text)
	}
	return dir
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

const goBehaviour = `package main

import onstream "github.com/onstream/onstream/wasm/sdk/go"

var _ = onstream.Register(onstream.Behaviour{Records: func(in *onstream.Records, out *onstream.Output) error { return nil }})

func main() {}
`

// A folder with nothing but sources and a manifest is built with the SDK of this onstream.
func TestWithoutSDK(t *testing.T) {
	t.Parallel()
	module := built(t, folder(t, map[string]string{"onstream.json": `{"name": "bare"}`, "main.go": goBehaviour}))
	if d, err := host.Inspect(read(t, module)); err != nil || d.Manifest.Name != "bare" {
		t.Errorf("it is %+v, %v", d, err)
	}
}

// A folder that has lost its SDK is built with that of this onstream: the imports, go.mod and Cargo.toml in it still say where it
// was. Where that is written on the way is not in the module.
func TestLostSDK(t *testing.T) {
	t.Parallel()
	for _, l := range project.Languages() {
		t.Run(string(l), func(t *testing.T) {
			t.Parallel()
			if testing.Short() && l != project.Go {
				t.Skip("short: only the compiler that is there anyway")
			}
			dir := filepath.Join(t.TempDir(), "bare")
			if _, err := project.New(dir, l); err != nil {
				t.Fatal(err)
			}
			if err := os.RemoveAll(filepath.Join(dir, "sdk")); err != nil {
				t.Fatal(err)
			}
			module := read(t, built(t, dir))
			if d, err := host.Inspect(module); err != nil || d.Manifest.Name != "bare" {
				t.Errorf("it is %+v, %v", d, err)
			}
			if !bytes.Equal(module, read(t, built(t, dir))) {
				t.Error("it is another module when it is built again")
			}
		})
	}
}

// Names that mean something to a compiler or package manager are as good as others: the words of Go's library and of its
// folders, and those that look like versions.
func TestNewNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"go", "main", "internal", "vendor", "v2", "A-b_C9-" + strings.Repeat("x", 57)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), name)
			if _, err := project.New(dir, project.Go); err != nil {
				t.Fatal(err)
			}
			built(t, dir)
		})
	}
}

// Each name is taken or refused with the rule; where it is taken, the compilers' own files have one that all of them take.
func TestNewTakesOrRefuses(t *testing.T) {
	t.Parallel()
	takes := regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)
	compilers := map[project.Language]struct {
		file string
		name *regexp.Regexp
	}{
		project.Go:             {"go.mod", regexp.MustCompile(`^module behaviour-[A-Za-z0-9_-]+\n`)},
		project.Rust:           {"Cargo.toml", regexp.MustCompile(`^\[package\]\nname = "behaviour_[a-z0-9_]+"\n`)},
		project.AssemblyScript: {"package.json", regexp.MustCompile(`^\{\n  "name": "behaviour-[a-z0-9_]+",\n`)},
	}
	top, n := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(
			rapid.StringMatching(`[A-Za-z][A-Za-z0-9_-]{0,80}`), rapid.StringMatching(`[ -.0-~]{1,20}`),
			rapid.SampledFrom([]string{"fn", "self", "crate", "core", "alloc", "onstream", "assemblyscript", "node_modules", "favicon.ico", "7up", "a b", "ä", "a.b", "-x"}),
		).Filter(func(name string) bool { return name != "." && name != ".." }).Draw(t, "name")
		l := rapid.SampledFrom([]project.Language{project.Go, project.Rust, project.AssemblyScript}).Draw(t, "language")
		n++
		parent := filepath.Join(top, strconv.Itoa(n))
		defer os.RemoveAll(parent)
		_, err := project.New(filepath.Join(parent, name), l)
		if !takes.MatchString(name) {
			if want := fmt.Sprintf("%q is no name for a behaviour: write letters, digits, underscores and hyphens, at most 64, with a letter first", name); err == nil || err.Error() != want {
				t.Fatalf("it gives %v, not %s", err, want)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(parent, name, compilers[l].file))
		if err != nil || !compilers[l].name.Match(text) {
			t.Fatalf("%s has %s, %v", compilers[l].file, text, err)
		}
	})
}

// What does not become a behaviour is told with the reason and what to do.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files map[string]string
		want  string // @ is the folder
	}{
		"no manifest":    {map[string]string{"main.go": goBehaviour}, "the behaviour in @: there is no onstream.json, its manifest: name the folder of a behaviour, or write {} into one"},
		"no sources":     {map[string]string{"onstream.json": "{}", "main.py": ""}, "the behaviour in @: there are no sources: it is to have go.mod or *.go, Cargo.toml, assembly/index.ts, or *.c"},
		"no JSON":        {map[string]string{"onstream.json": "{", "main.go": goBehaviour}, "the behaviour in @: onstream.json: line 1: it is not JSON: unexpected end of JSON input"},
		"unknown name":   {map[string]string{"onstream.json": `{"inputs": [{"nme": "x"}]}`, "main.go": goBehaviour}, `the behaviour in @: onstream.json: unknown field "nme": see the names in wasm/sdk/ABI.md`},
		"mistyped name":  {map[string]string{"onstream.json": `{"parameters": [{"name": "p", "tpye": "float"}]}`, "main.go": goBehaviour}, `the behaviour in @: onstream.json: unknown field "tpye": see the names in wasm/sdk/ABI.md`},
		"limit of time":  {map[string]string{"onstream.json": `{"limits": {"time": "1s"}}`, "main.go": goBehaviour}, `the behaviour in @: onstream.json: unknown field "time": write time_ms, a number of milliseconds`},
		"large manifest": {map[string]string{"onstream.json": `{"doc": "` + strings.Repeat("x", 300<<10) + `"}`, "main.go": goBehaviour}, "the behaviour in @: onstream.json: it has more than 256 KiB: shorten it"},
		"no Go":          {map[string]string{"onstream.json": "{}", "main.go": "package main\n\nfunc main() { nothing() }\n"}, "@ cannot be compiled:\n# behaviour\n./main.go:3:15: undefined: nothing"},
		"no behaviour":   {map[string]string{"onstream.json": "{}", "main.go": "package main\n\nfunc main() {}\n"}, "the module that @ becomes cannot be used: it does not export onstream_abi_v1, so it is not a behaviour for onstream: "},
		"state": {
			map[string]string{"onstream.json": "{}", "main.go": strings.Replace(goBehaviour, "return nil", "onstream.Space(0).Delete(0, \"\"); return nil", 1)},
			"the module that @ becomes cannot be used: it imports state_del, but its manifest has no state: name its namespaces in state.spaces",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t, c.files)
			err := project.Build(t.Context(), dir, filepath.Join(t.TempDir(), "out.wasm"))
			if want := strings.ReplaceAll(c.want, "@", dir); err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("it gives %v, not %s", err, want)
			}
		})
	}
}

// A folder that has more than sources is not read to its end.
func TestBounds(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"onstream.json": "{}", "main.go": goBehaviour, "data/readings.bin": ""})
	if err := os.Truncate(filepath.Join(dir, "data", "readings.bin"), 65<<20); err != nil {
		t.Fatal(err)
	}
	want := "the behaviour in " + dir + ": it has more than 5000 files or 64 MiB: it is to have sources, and nothing else"
	if _, err := project.Read(dir); err == nil || err.Error() != want {
		t.Errorf("it gives %v, not %s", err, want)
	}
}

// What is not built from does not count, nor where the folder is; all else does.
func TestDigest(t *testing.T) {
	t.Parallel()
	files := map[string]string{"onstream.json": "{}", "main.go": goBehaviour, "more/more.go": "package more\n"}
	digest := func(dir string) [32]byte {
		p, err := project.Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		return p.Digest
	}
	dir := folder(t, files)
	is := digest(dir)
	for _, name := range []string{"tests/more.json", "score.wasm", ".git/HEAD", "README.md", "node_modules/x/index.js", "target/debug/x"} {
		write(t, filepath.Join(dir, name), "x")
	}
	if digest(dir) != is || digest(folder(t, files)) != is {
		t.Error("the digest is another one")
	}
	for name, text := range map[string]string{"onstream.json": `{"name": "x"}`, "more/more.go": "package mare\n", "more/x.go": "package more\n"} {
		changed := folder(t, files)
		write(t, filepath.Join(changed, name), text)
		if digest(changed) == is {
			t.Errorf("%s does not count", name)
		}
	}
}

// A stamp is another one when something that is built from has changed, and only then.
func TestStamp(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"onstream.json": "{}", "main.go": goBehaviour, "more/more.go": "package more\n"})
	was := project.Stamp(dir)
	write(t, filepath.Join(dir, "tests", "x.json"), "{}")
	write(t, filepath.Join(dir, "behaviour.wasm"), "x")
	if now := project.Stamp(dir); now != was || was == "" {
		t.Errorf("it is %q, and then %q", was, now)
	}
	elsewhere := filepath.Join(t.TempDir(), "linked.go")
	write(t, elsewhere, "package linked\n")
	if err := os.Symlink(elsewhere, filepath.Join(dir, "linked.go")); err != nil {
		t.Fatal(err)
	}
	was = project.Stamp(dir)
	for _, name := range []string{"more/more.go", "another.go", "linked.go"} {
		write(t, filepath.Join(dir, name), "package changed\n")
		now := project.Stamp(dir)
		if now == was {
			t.Errorf("%s does not change it", name)
		}
		was = now
	}
	if none := project.Stamp(filepath.Join(dir, "nothing")); none != "" {
		t.Errorf("a folder that is not there has %q", none)
	}
}
