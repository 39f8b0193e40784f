// Package onstream_test keeps the layering that docs/ARCHITECTURE.md promises: imports go one way, and one
// third-party technology lives in one place. The linter says the same while editing; this test also sees what a
// package reaches through others, and names the way.
package onstream_test

import (
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/onstream/onstream"

// anything in a layer's reach stands for every layer but the command line, which only programs import.
const anything = "..."

// A layer is a folder of the project, with what lies below it as far as no other row claims that.
// "*" stands for one folder name; each such folder is a layer of its own.
type layer struct {
	folder  string
	reaches []string // layers it may import, directly or through others, besides itself
}

var layers = []layer{
	{".", nil},
	{"plugins", nil},
	{"plugins/jsontext", []string{"plugins"}},
	{"plugins/codec", []string{"plugins", "plugins/jsontext"}},
	{"plugins/keyed", []string{"plugins"}},
	{"plugins/aggregate", []string{"plugins", "plugins/jsontext"}},
	{"plugins/lookups", []string{"plugins", "plugins/codec", "plugins/jsontext"}},
	{"plugins/transforms", []string{"plugins", "plugins/aggregate", "plugins/codec", "plugins/jsontext", "plugins/keyed"}},
	{"plugins/sources", []string{"plugins", "plugins/codec", "plugins/jsontext"}},
	{"plugins/sinks", []string{"plugins", "plugins/codec", "plugins/jsontext"}},
	{"plugins/remote", []string{"plugins"}},
	{"plugins/plugintest", []string{"plugins"}},
	{"connectors", []string{"plugins"}},
	{"connectors/*", []string{"plugins", "plugins/jsontext", "connectors"}},
	{"wasm/abi", nil},
	{"wasm/binary", nil},
	{"wasm/regular", nil},
	{"wasm/sdk", nil},
	{"wasm/sdk/*", nil},
	{"wasm/meter", []string{"wasm/binary"}},
	{"wasm/manifest", []string{"wasm/abi"}},
	{"wasm/wasmtest", []string{"wasm/abi", "wasm/binary"}},
	{"wasm/host", []string{"wasm/abi", "wasm/binary", "wasm/manifest", "wasm/meter"}},
	{"wasm/foreign", []string{"wasm/abi", "wasm/binary", "wasm/host", "wasm/manifest", "wasm/meter"}},
	{"wasm/foreign/*", []string{"wasm/abi", "wasm/binary", "wasm/foreign", "wasm/host", "wasm/manifest", "wasm/meter"}},
	{"wasm/project", []string{"wasm/abi", "wasm/binary", "wasm/host", "wasm/manifest", "wasm/meter", "wasm/regular", "wasm/sdk"}},
	{"wasm", []string{"plugins", "plugins/jsontext", "plugins/keyed",
		"wasm/abi", "wasm/binary", "wasm/foreign", "wasm/foreign/*", "wasm/host", "wasm/manifest", "wasm/meter", "wasm/project", "wasm/regular", "wasm/sdk"}},
	{"wasm/golden", []string{"plugins", "plugins/jsontext", "plugins/keyed", "wasm",
		"wasm/abi", "wasm/binary", "wasm/foreign", "wasm/foreign/*", "wasm/host", "wasm/manifest", "wasm/meter", "wasm/project", "wasm/regular", "wasm/sdk"}},
	{"runtime/graph", []string{"plugins"}},
	{"runtime/state", []string{"plugins"}},
	{"runtime/serial", []string{"plugins"}},
	{"runtime/handoff", []string{"plugins", "runtime/serial"}},
	{"runtime/spool", []string{"plugins", "runtime/serial"}},
	{"runtime", []string{"plugins", "runtime/graph", "runtime/handoff", "runtime/serial", "runtime/state", "runtime/spool"}},
	{"dsl/expr", []string{"plugins", "plugins/aggregate", "plugins/jsontext"}},
	{"dsl", []string{"plugins", "plugins/aggregate", "plugins/jsontext", "runtime/graph", "dsl/expr"}},
	{"cli", []string{anything}},
	{"cmd/onstream", []string{"cli", anything}},
	{"bench", []string{anything}},
	{"chaos", nil},
	{"chaos/guests/*", []string{"wasm/sdk/*", "plugins", "plugins/remote"}},
	{"examples", []string{"cli", anything}},
	{"docs", []string{anything}},
}

// owners names, for a third-party module, the folders that may import it; its types never leave them.
// Tests are free, so what only tests use is owned by no folder of the product.
var owners = map[string][]string{
	"github.com/hashicorp/hcl/v2":         {"dsl"},
	"github.com/zclconf/go-cty":           {"dsl"},
	"github.com/agext/levenshtein":        {"dsl"},
	"github.com/google/uuid":              {"dsl"},
	"github.com/fxamacker/cbor/v2":        {"plugins/codec"},
	"github.com/vmihailenco/msgpack":      {"plugins/codec"},
	"github.com/bufbuild/protocompile":    {"plugins/codec", "plugins/remote/pb/generate"},
	"google.golang.org/protobuf":          {"plugins/codec", "plugins/remote"},
	"github.com/klauspost/compress":       {"plugins/codec", "plugins/sources", "plugins/sinks"},
	"github.com/hashicorp/go-plugin":      {"plugins/remote"},
	"github.com/hashicorp/go-hclog":       {"plugins/remote"},
	"google.golang.org/grpc":              {"plugins/remote"},
	"pgregory.net/rapid":                  {"plugins/plugintest"},
	"github.com/ThreeDotsLabs":            {"connectors", "examples"},
	"github.com/twmb/franz-go":            {"connectors/kafka", "chaos/bus", "bench"},
	"github.com/nats-io":                  {"connectors/nats", "chaos/bus", "bench"},
	"github.com/minio/highwayhash":        {"connectors/nats"},
	"github.com/eclipse/paho.golang":      {"connectors/mqtt", "chaos/bus"},
	"github.com/eclipse/paho.mqtt.golang": {"connectors/mqtt"},
	"github.com/mochi-mqtt/server":        {"connectors/mqtt", "chaos/bus"},
	"github.com/rabbitmq/amqp091-go":      {"connectors/amqp", "chaos/bus"},
	"github.com/redis/go-redis":           {"connectors/redis", "chaos/bus"},
	"go.mongodb.org/mongo-driver":         {"connectors/mongo", "chaos/bus", "bench"},
	"github.com/simonvetter/modbus":       {"examples"},
	"github.com/gopcua/opcua":             {"examples"},
	"github.com/tetratelabs/wazero":       {"wasm/host", "wasm/foreign", "bench"},
	"github.com/cockroachdb/pebble":       {"runtime/state"},
	"github.com/spf13/cobra":              {"cli"},
	"github.com/spf13/pflag":              {"cli"},
	"github.com/schollz/progressbar":      {"cli"},
	"github.com/prometheus":               {"cli"},
	"golang.org/x/term":                   {"cli"},
	"golang.org/x/sys":                    {"plugins/sources", "plugins/sinks", "plugins/remote/process"},
}

func TestLayering(t *testing.T) {
	watchFolders(t)
	for _, v := range violations(listImports(t)) {
		t.Error(v)
	}
}

// watchFolders reads every folder of the project, only to be seen doing so: go test reuses a result while what the
// test itself read is unchanged, and what go list reads in a process of its own does not count.
func watchFolders(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && path != "." && strings.HasPrefix(entry.Name(), ".") {
			return filepath.SkipDir
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// An importGraph maps each package outside the standard library to what it imports.
type importGraph map[string][]string

func listImports(t *testing.T) importGraph {
	t.Helper()
	const format = `{{if not .Standard}}{{.ImportPath}}{{range .Imports}} {{.}}{{end}}{{end}}`
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", format, "./...")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	graph := importGraph{}
	for line := range strings.Lines(string(out)) {
		if names := strings.Fields(line); len(names) > 0 {
			graph[names[0]] = names[1:]
		}
	}
	return graph
}

// violations returns one line for each package and each layer or module that it reaches against the tables.
func violations(graph importGraph) []string {
	var found []string
	for pkg, imports := range graph {
		if !isOurs(pkg) {
			continue
		}
		if _, _, ok := layerOf(pkg); !ok {
			found = append(found, fmt.Sprintf("%s is in no row of layers: add the folder there and to the architecture", short(pkg)))
			continue
		}
		for _, imported := range imports {
			if _, thirdParty := graph[imported]; thirdParty && !isOurs(imported) {
				found = append(found, ownership(pkg, imported)...)
			}
		}
		found = append(found, trespasses(graph, pkg)...)
	}
	slices.Sort(found)
	return found
}

// ownership judges a direct import of a third-party package.
func ownership(pkg, imported string) []string {
	for mod, folders := range owners {
		if !within(imported, mod) {
			continue
		}
		if slices.ContainsFunc(folders, func(folder string) bool { return within(short(pkg), folder) }) {
			return nil
		}
		return []string{fmt.Sprintf("%s must not import %s: it belongs to %s", short(pkg), imported, strings.Join(folders, ", "))}
	}
	return []string{fmt.Sprintf("%s must not import %s: it has no owner; a new dependency gets a row in owners", short(pkg), imported)}
}

// trespasses walks breadth first from pkg and stops at each package out of its reach, so that the chain named is
// a shortest one and its last arrow is the one to cut.
func trespasses(graph importGraph, pkg string) []string {
	var found []string
	seen := map[string]bool{pkg: true}
	for queue := [][]string{{pkg}}; len(queue) > 0; queue = queue[1:] {
		chain := queue[0]
		for _, next := range graph[chain[len(chain)-1]] {
			if !isOurs(next) || seen[next] {
				continue
			}
			seen[next] = true
			longer := append(slices.Clone(chain), next)
			if mayReach(pkg, next) {
				queue = append(queue, longer)
				continue
			}
			for i := range longer {
				longer[i] = short(longer[i])
			}
			found = append(found, fmt.Sprintf("%s must not reach %s: %s", longer[0], short(next), strings.Join(longer, " -> ")))
		}
	}
	return found
}

func mayReach(from, to string) bool {
	fromRow, fromFolder, _ := layerOf(from)
	toRow, toFolder, ok := layerOf(to)
	switch {
	case !ok:
		return true // reported once, as a folder without a row
	case fromFolder == toFolder || slices.Contains(fromRow.reaches, toRow.folder):
		return true
	}
	return slices.Contains(fromRow.reaches, anything) && toRow.folder != "cli" && toRow.folder != "cmd/onstream"
}

// layerOf returns the most specific row that claims pkg, and the folder that the row stands for there.
func layerOf(pkg string) (row layer, folder string, ok bool) {
	path := strings.Split(short(pkg), "/")
	depth := 0
	for _, l := range layers {
		pattern := strings.Split(l.folder, "/")
		if len(pattern) <= depth || len(pattern) > len(path) {
			continue
		}
		claimed := path[:len(pattern)]
		if slices.EqualFunc(pattern, claimed, func(p, name string) bool { return p == "*" || p == name }) {
			row, folder, ok, depth = l, strings.Join(claimed, "/"), true, len(pattern)
		}
	}
	return row, folder, ok
}

func isOurs(pkg string) bool { return within(pkg, module) }

// short returns the package's folder in the project, "." for its root.
func short(pkg string) string {
	if pkg == module {
		return "."
	}
	return strings.TrimPrefix(pkg, module+"/")
}

func within(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

func TestLayeringCatches(t *testing.T) {
	tests := []struct {
		name    string
		imports string // lines of "package: import import"; a name that starts with a folder of ours is ours
		want    string // the violations, in order
	}{
		{
			name: "nothing in a sound tree",
			imports: `
				cmd/onstream: cli
				cli: dsl runtime plugins/sources github.com/spf13/cobra
				dsl: dsl/expr runtime/graph plugins github.com/hashicorp/hcl/v2/hclsyntax
				dsl/expr: plugins
				runtime: runtime/graph runtime/state plugins
				runtime/state: plugins github.com/cockroachdb/pebble/v2
				runtime/graph: plugins
				plugins/sources: plugins plugins/codec plugins/sources/tail
				plugins/sources/tail: plugins
				plugins/codec: plugins
				connectors/kafka: connectors connectors/kafka/groups plugins github.com/twmb/franz-go/pkg/kgo
				connectors/kafka/groups: plugins
				connectors: plugins github.com/ThreeDotsLabs/watermill/message`,
		},
		{
			name: "the engine reaching the language through another package",
			imports: `
				runtime: runtime/graph
				runtime/graph: dsl/expr
				dsl/expr: plugins`,
			want: `
				runtime must not reach dsl/expr: runtime -> runtime/graph -> dsl/expr
				runtime/graph must not reach dsl/expr: runtime/graph -> dsl/expr`,
		},
		{
			name:    "the language reaching the engine",
			imports: "dsl: runtime/graph runtime",
			want:    "dsl must not reach runtime: dsl -> runtime",
		},
		{
			name:    "the engine reaching what is only a plugin to it",
			imports: "runtime: wasm connectors plugins/remote plugins/sources",
			want: `
				runtime must not reach connectors: runtime -> connectors
				runtime must not reach plugins/remote: runtime -> plugins/remote
				runtime must not reach plugins/sources: runtime -> plugins/sources
				runtime must not reach wasm: runtime -> wasm`,
		},
		{
			name: "what runs modules reaching the stage above it, and modules of one host those of another",
			imports: `
				wasm: wasm/foreign/extism
				wasm/foreign/extism: wasm/host wasm/foreign/redpanda
				wasm/host: wasm/meter wasm/project
				wasm/meter: wasm/manifest`,
			want: `
				wasm/foreign/extism must not reach wasm/foreign/redpanda: wasm/foreign/extism -> wasm/foreign/redpanda
				wasm/foreign/extism must not reach wasm/project: wasm/foreign/extism -> wasm/host -> wasm/project
				wasm/host must not reach wasm/project: wasm/host -> wasm/project
				wasm/meter must not reach wasm/manifest: wasm/meter -> wasm/manifest`,
		},
		{
			name:    "a stage with the runtime that its host owns",
			imports: "wasm: github.com/tetratelabs/wazero",
			want:    "wasm must not import github.com/tetratelabs/wazero: it belongs to wasm/host, wasm/foreign, bench",
		},
		{
			name:    "one technology importing another",
			imports: "connectors/kafka/groups: connectors/nats",
			want:    "connectors/kafka/groups must not reach connectors/nats: connectors/kafka/groups -> connectors/nats",
		},
		{
			name:    "anybody importing the command line",
			imports: "bench: cli/draw",
			want:    "bench must not reach cli/draw: bench -> cli/draw",
		},
		{
			name:    "contracts with a dependency",
			imports: "plugins: github.com/google/uuid",
			want:    "plugins must not import github.com/google/uuid: it belongs to dsl",
		},
		{
			name:    "a technology outside its place",
			imports: "plugins/transforms: github.com/zclconf/go-cty/cty",
			want:    "plugins/transforms must not import github.com/zclconf/go-cty/cty: it belongs to dsl",
		},
		{
			name:    "a dependency that nobody owns",
			imports: "cli: example.org/left/pad",
			want:    "cli must not import example.org/left/pad: it has no owner; a new dependency gets a row in owners",
		},
		{
			name:    "a folder that the architecture does not have",
			imports: "util: plugins",
			want:    "util is in no row of layers: add the folder there and to the architecture",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := strings.Join(violations(parseImports(tt.imports)), "\n")
			want := strings.ReplaceAll(strings.TrimSpace(tt.want), "\t", "")
			if got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// parseImports reads a planted graph. A name without a dot in its first element is a package of ours.
func parseImports(text string) importGraph {
	full := func(name string) string {
		if first, _, _ := strings.Cut(name, "/"); strings.Contains(first, ".") {
			return name
		}
		return module + "/" + name
	}
	graph := importGraph{}
	for line := range strings.Lines(text) {
		pkg, imports, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok {
			continue
		}
		for _, name := range strings.Fields(imports) {
			graph[full(pkg)] = append(graph[full(pkg)], full(name))
			if _, listed := graph[full(name)]; !listed {
				graph[full(name)] = nil
			}
		}
	}
	return graph
}
