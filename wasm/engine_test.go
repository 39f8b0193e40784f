package wasm_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/codec"
	"github.com/onstream/onstream/plugins/sinks"
	"github.com/onstream/onstream/plugins/sources"
	"github.com/onstream/onstream/plugins/transforms"
	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
	"github.com/onstream/onstream/wasm"
)

// build builds a pipeline in which @ is a folder.
func build(t *testing.T, text, dir string) (*plugins.Registry, *graph.Graph, error) {
	t.Helper()
	r, p, err := buildPipeline(t, text, dir)
	if err != nil {
		return nil, nil, err
	}
	return r, p.Graph, nil
}

func buildPipeline(t *testing.T, text, dir string) (*plugins.Registry, *dsl.Pipeline, error) {
	t.Helper()
	var r plugins.Registry
	if err := errors.Join(codec.Register(&r), sources.Register(&r, sources.Streams{}), transforms.Register(&r), sinks.Register(&r, sinks.Streams{}), wasm.Register(&r, wasm.Config{CacheDir: cacheDir})); err != nil {
		t.Fatal(err)
	}
	module, diags := dsl.ParseSources("test", map[string][]byte{"main.hcl": []byte(strings.ReplaceAll(text, "@", dir))})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	p, diags := module.Build(&r, dsl.Options{Stored: true})
	if diags.HasErrors() {
		return nil, nil, diags
	}
	return &r, p, nil
}

// runs runs a pipeline to the end of its input, and returns the lines of the files out*, sorted.
func runs(t *testing.T, text, dir, input string) map[string][]string {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "in.json"), []byte(input), 0o600); err != nil {
		t.Fatal(err)
	}
	registry, g, err := build(t, text, dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := runtime.New(runtime.Config{Registry: registry, StateDir: filepath.Join(dir, "state")}).Run(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(dir, "out*"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(data)), "\n")
		slices.Sort(lines)
		out[strings.TrimSuffix(filepath.Base(path), ".json")] = lines
	}
	return out
}

func expect(t *testing.T, got map[string][]string, want map[string]string) {
	t.Helper()
	for name, lines := range want {
		if strings.Join(got[name], " | ") != lines {
			t.Errorf("%s has\n%s, not\n%s", name, strings.Join(got[name], " | "), lines)
		}
	}
}

// A stage of a module that takes records has ports, state by key that survives a restart, and an error output.
func TestPipelineOfRecords(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipeline := fmt.Sprintf(`
pipeline "p" {}
source "file" "in" {
  path = "@/in.json"
}
transform "wasm" "m" {
  from   = source.in
  module = %q
  key    = event.k
  value  = event.cmd
  limits { time = "10s" }
}
transform "map" "seen" {
  from = transform.m
  set  = { v = event.v + 1 }
}
sink "file" "out" {
  from = transform.seen
  path = "@/out.json"
}
sink "file" "side" {
  from   = transform.m.side
  path   = "@/out_side.json"
}
sink "file" "errors" {
  from = transform.m.errors
  path = "@/out_errors.json"
}
`, guest(t, plain))
	got := runs(t, pipeline, dir, `{"k": "a", "cmd": "put:x={\"v\": 7}"}
{"k": "b", "cmd": "say:{\"v\": 1}"}
{"k": "b", "cmd": "port"}
{"k": "c", "cmd": "dead:it is bad"}
{"k": "a", "cmd": "panic"}
{"k": "c", "cmd": 5}
`)
	expect(t, got, map[string]string{"out": `{"v":2}`, "out_side": "port"})
	errs := strings.Join(got["out_errors"], "\n")
	for _, want := range []string{`"code":"rejected"`, `"code":"trap"`, `"code":"type"`, `it is bad`, `panic: told to`} {
		if !strings.Contains(errs, want) {
			t.Errorf("the errors lack %s: %s", want, errs)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "in.json"))
	if err != nil {
		t.Fatal(err)
	}
	got = runs(t, pipeline, dir, string(text)+`{"k": "a", "cmd": "get:x"}`+"\n")
	if !slices.Contains(got["out"], `{"v":8}`) {
		t.Errorf("after a restart there is %q", got["out"])
	}
}

// A stage of a module that takes columns adds its own, and downstream knows their types.
func TestPipelineOfColumns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipeline := fmt.Sprintf(`
pipeline "p" {}
source "file" "in" {
  path   = "@/in.json"
  schema = schema.reading
}
schema "reading" {
  fields = { id = string, t = float }
}
transform "wasm" "m" {
  from   = source.in
  module = %q
  inputs = { t = event.t }
  config = { limit = 75 }
}
transform "filter" "some" {
  from  = transform.m
  where = event.f < 200
}
sink "file" "out" {
  from = transform.some
  path = "@/out.json"
}
`, guest(t, columnar))
	got := runs(t, pipeline, dir, `{"id": "a", "t": 80}
{"id": "b", "t": 70}
{"id": "c", "t": 100}
{"id": "d", "t": 90}
`)
	expect(t, got, map[string]string{"out": `{"id": "a","t": 80,"f":176} | {"id": "d","t": 90,"f":194}`})
}

// Mistakes are told with their line.
func TestPipelineMistakes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	head := fmt.Sprintf(`
pipeline "p" {}
source "file" "in" {
  path = "@/in.json"
}
transform "wasm" "m" {
  from   = source.in
  module = %q
`, guest(t, columnar))
	for text, want := range map[string]string{
		"inputs = { u = event.t }":                                 `main.hcl:9,18-25: invalid configuration; the module has no input "u", it has t`,
		"inputs = { t = event.t }\n  config = { limit = event.t }": `main.hcl:10,22-29: not available here; event is not available in this place`,
		"inputs = { t = event.t }\n  config = { most = 1 }":        `main.hcl:10,21-22: invalid configuration; the module has no parameter "most", it has limit`,
	} {
		_, _, err := build(t, head+"  "+text+"\n}\nsink \"discard\" \"out\" {\n  from = transform.m\n}\n", dir)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %v, not %s", text, err, want)
		}
	}
}
