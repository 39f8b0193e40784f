package sdk_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/binary"
	"github.com/onstream/onstream/wasm/golden"
	"github.com/onstream/onstream/wasm/project"
	"github.com/onstream/onstream/wasm/sdk"
)

const hotManifest = `{"name": "hot", "parameters": [{"name": "limit", "type": "float", "default": 75, "hot": true}]}`

const hotRows = `{"steps": [{
	"records": [{"value": "{\"temperature\": 80}"}, {"value": "{\"temperature\": 75}"}, {"value": "{}"}],
	"want": [{"value": "{\"temperature\": 80}"}],
	"failed": [{"row": 2, "code": "rejected", "msg": "temperature"}]}]}`

const longManifest = `{"name": "long", "parameters": [{"name": "limit", "type": "int", "default": 10}]}`

const longRows = `{"steps": [{"records": [{"value": "a long value"}, {"value": "ten bytes!"}], "want": [{"value": "a long value"}]}]}`

// example is a behaviour in the description of an SDK.
type example struct {
	name, language string
	code           func(t *testing.T) string
	manifest, rows string
}

// readmes are the behaviours that begin the READMEs.
var readmes = []example{
	{"go", "go", fenced("go/README.md", "go"), hotManifest, hotRows},
	{"assemblyscript", "assemblyscript", fenced("assemblyscript/README.md", "ts"), hotManifest, hotRows},
	{"rust", "rust", fenced("rust/README.md", "rust"), hotManifest, hotRows},
	{"c", "c", fenced("c/README.md", "c"), hotManifest, hotRows},
}

// The behaviours in the descriptions of the SDKs are behaviours.
func TestReadme(t *testing.T) {
	t.Parallel()
	for _, e := range append(readmes,
		example{"go/doc", "go", commented("go/doc.go"), hotManifest, hotRows},
		example{"rust/doc", "rust", documented("rust/src/lib.rs"), longManifest, longRows},
		example{"c/doc", "c", commented("c/onstream.h"), longManifest, longRows},
	) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			skipShort(t, e.name)
			check(t, golden.Config{Module: e.build(t, e.manifest)}, parse(t, e.rows))
		})
	}
}

// A parameter that the manifest does not have is the same mistake in all languages.
func TestMissingParameter(t *testing.T) {
	t.Parallel()
	const rows = `{"steps": [{"records": [{"value": "x"}], "want": []}]}`
	for _, e := range readmes {
		for _, c := range []struct{ name, manifest, want string }{
			{"none", `{}`, `there is no parameter "limit": the manifest has none`},
			{"others", `{"parameters": [{"name": "a", "type": "int", "default": 1}, {"name": "b", "type": "int", "default": 2}]}`, `there is no parameter "limit": the manifest has a, b`},
		} {
			t.Run(e.name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				skipShort(t, e.name)
				found, err := golden.Run(t.Context(), golden.Config{Module: e.build(t, c.manifest)}, parse(t, rows))
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("it is opened: %v, %v; it is to say %s", found, err, c.want)
				}
			})
		}
	}
}

// The example of an SDK is built wherever it is copied to, with the SDK that is there.
func TestCopiedExample(t *testing.T) {
	t.Parallel()
	for _, language := range languages {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			skipShort(t, language)
			dir := filepath.Join(t.TempDir(), "anomaly")
			if err := os.CopyFS(dir, os.DirFS(filepath.Join(language, "anomaly"))); err != nil {
				t.Fatal(err)
			}
			run(t, build(t, dir), t.TempDir(), "vectors/anomaly")
		})
	}
}

// What a README says that the compiler is told makes a module of a project.
func TestReadmeCommand(t *testing.T) {
	t.Parallel()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("the commands are for a shell")
	}
	for _, c := range []struct{ language, begins string }{
		{"go", "GOOS=wasip1"}, {"assemblyscript", "asc "}, {"c", "clang "},
	} {
		t.Run(c.language, func(t *testing.T) {
			t.Parallel()
			skipShort(t, c.language)
			dir := filepath.Join(t.TempDir(), "hot")
			if _, err := project.New(dir, project.Language(c.language)); err != nil {
				t.Fatal(err)
			}
			build(t, dir) // or the compiler is missing
			command := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(c.begins) + `(?:.*\\\n)*.*(?:-o|--outFile) (\S+\.wasm).*$`).FindStringSubmatch(read(t, c.language+"/README.md"))
			if command == nil {
				t.Fatal("there is no command")
			}
			run := exec.CommandContext(t.Context(), shell, "-c", command[0])
			run.Dir = dir
			if out, err := run.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", command[0], err, out)
			}
			module := filepath.Join(dir, command[1])
			describe(t, module, read(t, filepath.Join(dir, project.ManifestFile)))
			rows, err := golden.Read(filepath.Join(dir, "tests", "limit.json"))
			if err != nil {
				t.Fatal(err)
			}
			check(t, golden.Config{Module: module}, rows)
		})
	}
}

// By C's header, Zig makes a module as well. Nothing else needs Zig, so whoever has none leaves that out.
func TestReadmeZig(t *testing.T) {
	t.Parallel()
	skipShort(t, "zig")
	zig, err := exec.LookPath("zig")
	if err != nil {
		t.Skip("there is no zig")
	}
	_, readme, _ := strings.Cut(read(t, "c/README.md"), "## Zig")
	command := regexp.MustCompile(`(?m)^zig (build-exe .*)$`).FindStringSubmatch(readme)
	code := regexp.MustCompile("(?s)```c\n(.*?)```.*```zig\n(.*?)```").FindStringSubmatch(readme)
	if command == nil || code == nil {
		t.Fatal("the README has no behaviour in Zig")
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "host.c"), []byte(code[1]))
	write(t, filepath.Join(dir, "hot.zig"), []byte(code[2]))
	if err := os.CopyFS(filepath.Join(dir, "sdk"), sdk.Files("c")); err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), zig, strings.Fields(command[1])...)
	run.Dir, run.Env = dir, append(os.Environ(), "ZIG_GLOBAL_CACHE_DIR="+t.TempDir(), "ZIG_LOCAL_CACHE_DIR="+t.TempDir())
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command[0], err, out)
	}
	module := filepath.Join(dir, "hot.wasm")
	describe(t, module, `{"name": "hot", "state": {"spaces": ["last"]}}`)
	check(t, golden.Config{Module: module}, parse(t, `{"steps": [{"records": [{"value": "a"}, {"value": "b"}], "want": [{"value": "a"}, {"value": "b"}]}]}`))
}

// describe adds a manifest to a module.
func describe(t *testing.T, module, manifest string) {
	t.Helper()
	section := append(binary.AppendName(nil, abi.ManifestSection), manifest...)
	size := binary.AppendU32([]byte{byte(binary.CustomSection)}, uint32(len(section)))
	write(t, module, append([]byte(read(t, module)), append(size, section...)...))
}

// build makes a project of a behaviour, and compiles it.
func (e example) build(t *testing.T, manifest string) string {
	t.Helper()
	source := map[string]string{"go": "main.go", "assemblyscript": "assembly/index.ts", "rust": "src/lib.rs", "c": "behaviour.c"}[e.language]
	dir := t.TempDir()
	for name, text := range map[string]string{"onstream.json": manifest, source: e.code(t)} {
		write(t, filepath.Join(dir, filepath.FromSlash(name)), []byte(text))
	}
	if e.language == "rust" {
		const crate = "[package]\nname = \"hot\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[lib]\ncrate-type = [\"cdylib\"]\n[dependencies]\nonstream = { path = \"sdk\" }\n"
		write(t, filepath.Join(dir, "Cargo.toml"), []byte(crate))
	}
	if e.language != "go" { // which has a module of its own there, and is given the SDK without one
		if err := os.CopyFS(filepath.Join(dir, "sdk"), sdk.Files(e.language)); err != nil {
			t.Fatal(err)
		}
	}
	return build(t, dir)
}

// fenced is the first code of a language in a file.
func fenced(file, language string) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		code := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindStringSubmatch(read(t, file))
		if code == nil {
			t.Fatalf("%s has no behaviour", file)
		}
		return code[1]
	}
}

// commented is the first code in the comments of a file: lines that begin with a tab, up to one of text.
func commented(file string) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		code := regexp.MustCompile("(?m)^//\t.*\n(?://(?:\t.*)?\n)*").FindString(read(t, file))
		if code == "" {
			t.Fatalf("%s has no behaviour", file)
		}
		return regexp.MustCompile("(?m)^//\t?").ReplaceAllString(code, "")
	}
}

// documented is the first code in the description of a crate.
func documented(file string) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		code := regexp.MustCompile("(?s)//! ```\n(.*?)//! ```").FindStringSubmatch(read(t, file))
		if code == nil {
			t.Fatalf("%s has no behaviour", file)
		}
		return regexp.MustCompile("(?m)^//! ?").ReplaceAllString(code[1], "")
	}
}

func parse(t *testing.T, rows string) *golden.File {
	t.Helper()
	f, err := golden.Parse("rows", []byte(rows))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, data, 0o600)); err != nil {
		t.Fatal(err)
	}
}
