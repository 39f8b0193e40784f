package sdk_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/onstream/onstream/wasm/golden"
	"github.com/onstream/onstream/wasm/sdk"
)

const hotManifest = `{"name": "hot", "parameters": [{"name": "limit", "type": "float", "default": 75, "hot": true}]}`

const hotRows = `{"steps": [{
	"records": [{"value": "{\"temperature\": 80}"}, {"value": "{\"temperature\": 75}"}, {"value": "{}"}],
	"want": [{"value": "{\"temperature\": 80}"}],
	"failed": [{"row": 2, "code": "rejected", "msg": "temperature"}]}]}`

// The behaviour in the description of an SDK is one.
func TestReadme(t *testing.T) {
	t.Parallel()
	rows, err := golden.Parse("hot", []byte(hotRows))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ language, fence, source string }{
		{"go", "go", "main.go"},
		{"assemblyscript", "ts", "assembly/index.ts"},
		{"rust", "rust", "src/lib.rs"},
	} {
		t.Run(c.language, func(t *testing.T) {
			t.Parallel()
			skipShort(t, c.language)
			text, err := os.ReadFile(filepath.Join(c.language, "README.md"))
			if err != nil {
				t.Fatal(err)
			}
			code := regexp.MustCompile("(?s)```" + c.fence + "\n(.*?)```").FindSubmatch(text)
			if code == nil {
				t.Fatalf("the README of %s has no behaviour", c.language)
			}
			files := map[string][]byte{"onstream.json": []byte(hotManifest), c.source: code[1]}
			if c.language == "rust" {
				files["Cargo.toml"] = []byte("[package]\nname = \"hot\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[lib]\ncrate-type = [\"cdylib\"]\n[dependencies]\nonstream = { path = \"sdk\" }\n")
			}
			dir := t.TempDir()
			for name, data := range files {
				write(t, filepath.Join(dir, filepath.FromSlash(name)), data)
			}
			if c.language != "go" { // which has a module of its own there, and is given the SDK without one
				if err := os.CopyFS(filepath.Join(dir, "sdk"), sdk.Files(c.language)); err != nil {
					t.Fatal(err)
				}
			}
			check(t, golden.Config{Module: build(t, dir)}, rows)
		})
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
