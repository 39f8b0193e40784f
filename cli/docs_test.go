package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/onstream/onstream/cli/reference"
	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/wasmtest"
)

func builtIns(t *testing.T) *plugins.Registry {
	t.Helper()
	r, err := (&cli{stdin: new(bytes.Buffer)}).registry(io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestReferenceIsCurrent fails when a kind, format or function has changed and
// its documentation has not.
func TestReferenceIsCurrent(t *testing.T) {
	t.Parallel()
	for name, sections := range generated(builtIns(t)) {
		doc := []byte(read(t, filepath.Join(root(t), "docs", name)))
		want, err := reference.Update(doc, sections)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(doc, want) {
			t.Errorf("%s is not current: run go generate ./...", name)
		}
	}
}

// TestReferencePipelines checks the pipelines in the prose of the reference.
func TestReferencePipelines(t *testing.T) {
	t.Parallel()
	doc := read(t, filepath.Join(root(t), "docs", "LANGUAGE.md"))
	validates(t, map[string][]byte{"main.hcl": []byte(block(t, doc, "hcl"))})
	buses := read(t, filepath.Join(root(t), "docs", "CONNECTORS.md"))
	validates(t, map[string][]byte{"main.hcl": []byte(block(t, buses, "hcl"))})
	readme := read(t, filepath.Join(root(t), "README.md"))
	validates(t, map[string][]byte{"main.hcl": []byte(block(t, readme, "hcl"))})
}

// TestKindExamples checks the example of every kind, with what it needs around
// it to be a pipeline.
func TestKindExamples(t *testing.T) {
	t.Parallel()
	r := builtIns(t)
	check := func(role, kind, example string) {
		t.Run(role+" "+kind, func(t *testing.T) {
			t.Parallel()
			if example == "" {
				t.Fatal("there is none")
			}
			validates(t, map[string][]byte{"example.hcl": []byte(example), "rest.hcl": []byte(restOf(example))})
		})
	}
	for _, kind := range r.Connectors() {
		k, _ := r.Connector(kind)
		check("connector", kind, k.Schema.Example)
	}
	for _, kind := range r.Sources() {
		k, _ := r.Source(kind)
		check("source", kind, k.Schema.Example)
	}
	for _, kind := range r.Transforms() {
		k, _ := r.Transform(kind)
		example := k.Schema.Example
		if kind == "wasm" {
			example = strings.ReplaceAll(example, "behaviours/score.wasm", score(t))
		}
		check("transform", kind, example)
	}
	for _, kind := range r.Lookups() {
		k, _ := r.Lookup(kind)
		example := k.Schema.Example
		if example != "" {
			via := ""
			if k.Via != "" {
				via = "  via = connector.store\n"
			}
			example = fmt.Sprintf("transform \"enrich\" \"example\" {\n  from = source.in\n%s%s\n  by  = event.id\n  set = { found = found.name }\n}\n", via, example)
		}
		check("lookup", kind, example)
	}
	for _, kind := range r.Sinks() {
		k, _ := r.Sink(kind)
		check("sink", kind, k.Schema.Example)
	}
}

// score writes the module that the example of the kind wasm names.
func score(t *testing.T) string {
	t.Helper()
	module := wasmtest.Behaviour{
		Manifest: `{"mode": "columns", "returns": "selection", "inputs": [{"name": "temperature", "type": "float"}], "parameters": [{"name": "limit", "type": "float"}]}`,
		Funcs:    []wasmtest.Export{{Name: abi.Process, Params: "ii", Results: "I", Code: wasmtest.I64(0)}},
	}
	path := filepath.Join(t.TempDir(), "score.wasm")
	if err := os.WriteFile(path, module.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// restOf is what a pipeline needs besides an example: the sources and transforms that
// it reads, and a sink.
func restOf(example string) string {
	var rest strings.Builder
	source := ""
	if m := regexp.MustCompile(`source "\w+" "(\w+)"`).FindStringSubmatch(example); m != nil {
		source = m[1]
	}
	read := map[string]bool{}
	for _, m := range regexp.MustCompile(`\bsource\.(\w+)`).FindAllStringSubmatch(example, -1) {
		source = m[1]
		if !read[source] {
			read[source] = true
			fmt.Fprintf(&rest, "source \"stdin\" %q {}\n", source)
		}
	}
	if source == "" {
		source = "in"
		fmt.Fprintf(&rest, "source \"stdin\" %q {}\n", source)
	}
	if m := regexp.MustCompile(`\bconnector\.(\w+)`).FindStringSubmatch(example); m != nil && !strings.Contains(example, "connector \"") {
		// The kinds that have an example without a connector are those of MongoDB.
		fmt.Fprintf(&rest, "connector \"mongo\" %q {\n  uri = \"mongodb://localhost/plant\"\n}\n", m[1])
	}
	for _, m := range regexp.MustCompile(`\btransform\.(\w+)`).FindAllStringSubmatch(example, -1) {
		if read[m[0]] || regexp.MustCompile(`transform "\w+" "`+m[1]+`"`).MatchString(example) {
			continue
		}
		read[m[0]] = true
		fmt.Fprintf(&rest, "transform \"filter\" %q {\n  from  = source.%s\n  where = true\n}\n", m[1], source)
	}
	fmt.Fprintf(&rest, "sink \"discard\" \"rest\" {\n  from = source.%s\n}\n", source)
	return rest.String()
}

func validates(t *testing.T, files map[string][]byte) {
	t.Helper()
	module, diags := dsl.ParseSources("example", files)
	if !diags.HasErrors() {
		_, diags = module.Build(builtIns(t), dsl.Options{CheckOnly: true})
	}
	if diags.HasErrors() {
		var text bytes.Buffer
		if err := dsl.WriteDiagnostics(&text, module.Files(), diags, 0, false); err != nil {
			t.Fatal(err)
		}
		t.Error(text.String())
	}
}
