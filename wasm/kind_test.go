package wasm_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm"
	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/binary"
	"github.com/onstream/onstream/wasm/wasmtest"
)

// behaviour returns nothing, so all records are dropped.
func behaviour(manifest string) []byte {
	return wasmtest.Behaviour{
		Manifest: manifest,
		Funcs:    []wasmtest.Export{{Name: abi.Process, Params: "ii", Results: "I", Code: wasmtest.I64(0)}},
	}.Bytes()
}

// asking is a behaviour that may make requests.
func asking(manifest string) []byte {
	return wasmtest.Behaviour{
		Manifest: manifest,
		Imports:  []wasmtest.HostFunc{{Module: abi.Module, Name: "http_request", Params: "iiii", Results: "i"}},
		Funcs:    []wasmtest.Export{{Name: abi.Process, Params: "ii", Results: "I", Code: wasmtest.I64(0)}},
	}.Bytes()
}

var payloads = plugins.Shape{Format: "json"}

// The outputs of a stage are those of the manifest.
func TestOutputs(t *testing.T) {
	t.Parallel()
	in := payloads
	in.Generation = 3
	outs, err := kind(t).Outputs(in, config(file(t, behaviour(`{"ports": ["late", "odd"]}`)), nil))
	if err != nil || len(outs) != 3 || outs[0].Name != "" || outs[2].Name != "odd" || outs[1].Shape.Generation != 4 {
		t.Errorf("of records they are %+v, %v", outs, err)
	}
	outs, err = kind(t).Outputs(in, config(file(t, behaviour(`{"returns": "selection"}`)), nil))
	if err != nil || len(outs) != 1 || outs[0].Shape.Generation != 3 {
		t.Errorf("of a selection they are %+v, %v", outs, err)
	}
	adds := `{"returns": "columns", "outputs": [{"name": "f", "type": "float", "optional": true}]}`
	outs, err = kind(t).Outputs(in, config(file(t, behaviour(adds)), nil))
	if err != nil || outs[0].Shape.Type.Fields[0].Name != "f" || !outs[0].Shape.Type.Fields[0].Type.Equal(plugins.Of(plugins.Float).OrNull()) || outs[0].Shape.Set[0] != "f" {
		t.Errorf("of columns they are %+v, %v", outs, err)
	}
}

// What is wrong with a stage is told when the pipeline is built, at the attribute that it is about.
func TestConfigErrors(t *testing.T) {
	t.Parallel()
	takes := `{"mode": "columns", "returns": "selection", "inputs": [{"name": "t", "type": "float"}]}`
	asks := `{"parameters": [{"name": "limit", "type": "float", "min": 0}, {"name": "wait", "type": "duration", "default": 1}]}`
	inputs := func(name string, k plugins.Kind) map[string]any {
		return map[string]any{"inputs": []plugins.NamedExpr{named(name, field("t", plugins.Of(k)))}}
	}
	values := func(more ...plugins.NamedExpr) map[string]any { return map[string]any{"config": more} }
	limit := func(v plugins.Value) plugins.NamedExpr { return named("limit", constant(v)) }
	columns := plugins.Columns(plugins.Field{Name: "t", Type: plugins.Of(plugins.Float)})
	missing := filepath.Join(t.TempDir(), "missing.wasm")
	for name, c := range map[string]struct {
		module any // a manifest, a path, or a module
		attrs  map[string]any
		in     plugins.Shape
		want   string
	}{
		"no file":           {missing, nil, payloads, "module: there is no such file: build the module, or correct the path"},
		"no file at all":    {os.DevNull, nil, payloads, "module: it cannot be read: " + os.DevNull + " is a device, not a file"},
		"no module":         {file(t, []byte("package main")), nil, payloads, "module: " + "@ cannot be used: it is not WebAssembly"},
		"pin":               {`{}`, map[string]any{"sha256": "sha256:00ff"}, payloads, `sha256: "00ff" is no digest: write 64 hexadecimal digits; the module has `},
		"another pin":       {`{}`, map[string]any{"sha256": "sha256:" + strings.Repeat("0f", 32)}, payloads, "sha256: the module is another one, it has "},
		"other interface":   {`{}`, map[string]any{"abi": "wasi"}, payloads, "abi: @ is not of that interface, but of another: remove abi, or correct it: it does not export _start"},
		"no payload":        {`{}`, nil, columns, "value: the records have no payload here, or not the one that they came with, and the module takes payloads: write value = event"},
		"number as value":   {`{}`, map[string]any{"value": field("t", plugins.Of(plugins.Float))}, payloads, "value: a value of type float has no bytes to give to the module"},
		"value for columns": {takes, map[string]any{"value": field("t", plugins.Of(plugins.String)), "inputs": inputs("t", plugins.Float)["inputs"]}, payloads, "value: the module takes columns: give it inputs, and no value"},
		"input lacks":       {takes, nil, payloads, "inputs: the module needs the input t (float): write inputs = { t = event.FIELD }"},
		"other input":       {takes, inputs("u", plugins.Float), payloads, `inputs.u: the module has no input "u", it has t`},
		"type of input":     {takes, inputs("t", plugins.String), payloads, "inputs.t: t is of type string, the module takes float: convert it"},
		"input of records":  {`{}`, inputs("t", plugins.Float), payloads, "inputs: the module takes records, and no columns: remove inputs"},
		"parameter lacks":   {asks, nil, payloads, "config: limit (float) has no default: write config = { limit = ... }"},
		"other parameter":   {asks, values(limit(float(1)), named("most", constant(float(1)))), payloads, `config.most: the module has no parameter "most", it has limit, wait`},
		"no parameters":     {`{}`, values(limit(float(1))), payloads, "config: the module has no parameters: remove config"},
		"type of parameter": {asks, values(limit(text("x"))), payloads, `config.limit: limit is "x", of type string, and is to be of type float`},
		"small parameter":   {asks, values(limit(integer(-1))), payloads, "config.limit: limit is -1: it is to be at least 0"},
		"no duration":       {asks, values(limit(float(1)), named("wait", constant(text("soon")))), payloads, `config.wait: wait is "soon", of type string, and is to be of type duration, such as "1m30s"`},
		"not constant":      {asks, values(named("limit", field("t", plugins.Of(plugins.Float)))), payloads, "config.limit: limit depends on the record: a parameter is the same for all of them"},
		"odd grant":         {`{}`, map[string]any{"grant": []string{"https://example.com"}}, payloads, `grant: "https://example.com" is nothing that can be granted: write "http:HOST" or "http:HOST:PORT"`},
		"no use of it":      {`{}`, map[string]any{"grant": []string{"http:example.com"}}, payloads, "grant: the module makes no HTTP requests: remove grant"},
		"wants in vain":     {`{"grants": ["http:a.example"]}`, map[string]any{"grant": []string{"http:a.example"}}, payloads, "module: @ cannot be used: its manifest wants http:a.example, but the module makes no HTTP requests: leave grants out of the manifest"},
		"not granted":       {asking(`{"grants": ["http:a.example", "http:b.example"]}`), map[string]any{"grant": []string{"http:a.example"}}, payloads, `grant: the module wants http:b.example: if it may have that, write grant = ["http:a.example", "http:b.example"]`},
		"nothing named":     {asking(`{}`), nil, payloads, `grant: the module makes HTTP requests: if it may, name the hosts, such as grant = ["http:api.example.com"]`},
		"much memory":       {`{"limits": {"memory": 134217729}}`, nil, payloads, `the module asks for 129 MiB of memory: if it may have them, write limits { memory = "129MiB" }`},
		"begins with much":  {guest(t, `{"limits": {"memory": 1000000}, `+spaces+`}`), nil, payloads, `the module begins with `},
		"begins with more":  {wasmtest.Behaviour{Pages: 2, Manifest: `{"limits": {"memory": 65536}}`, Funcs: []wasmtest.Export{{Name: abi.Process, Params: "ii", Results: "I", Code: wasmtest.I64(0)}}}.Bytes(), nil, payloads, "the module begins with 128 KiB of memory, and may have 64 KiB: raise limits.memory"},
		"much time":         {`{"limits": {"time_ms": 1500}}`, nil, payloads, `the module asks for 1.5s for a call: if it may take them, write limits { time = "1.5s" }`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			module, isText := c.module.(string)
			if !isText {
				module = file(t, c.module.([]byte))
			}
			if strings.HasPrefix(module, "{") {
				module = file(t, behaviour(module))
			}
			_, err := kind(t).Outputs(c.in, config(module, c.attrs))
			var wrong *plugins.ConfigError
			if want := strings.ReplaceAll(c.want, "@", module); !errors.As(err, &wrong) || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("it gives %v, not %s", err, want)
			}
		})
	}
}

// What the stage says goes before what the module asks for, and what is pinned may run.
func TestConfigIsTaken(t *testing.T) {
	t.Parallel()
	module := behaviour(`{"limits": {"memory": 134217729}, "parameters": [{"name": "wait", "type": "duration"}]}`)
	c := config(file(t, module), map[string]any{
		"sha256": fmt.Sprintf("%X", sha256.Sum256(module)),
		"config": []plugins.NamedExpr{named("wait", constant(text("1m")))},
	}, plugins.ConfigBlock{Name: "limits", Config: plugins.NewConfig(map[string]any{"memory": int64(256 << 20)})})
	if _, err := kind(t).Outputs(payloads, c); err != nil {
		t.Error(err)
	}
}

// A module that cannot be opened keeps the pipeline from starting.
func TestOpenFails(t *testing.T) {
	t.Parallel()
	manifest := `{"parameters": [{"name": "refuse", "type": "string"}], ` + spaces + `}`
	attrs := map[string]any{"config": []plugins.NamedExpr{named("refuse", constant(text("no reason")))}}
	tr, err := kind(t).New(config(guest(t, manifest), attrs), plugins.Env{Now: time.Now, Logger: discard, Pool: new(plugins.Pool)})
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.(plugins.Opener).Open(t.Context()); err == nil || !plugins.IsPermanent(err) || err.Error() != "open: it refuses to open: no reason" {
		t.Errorf("it gives %v", err)
	}
}

// reopen opens a stage whose module nobody runs, and lets it go.
func reopen(k plugins.TransformKind, c plugins.Config) error {
	var shared plugins.Shared
	tr, err := k.New(c, plugins.Env{Now: time.Now, Logger: discard, Pool: new(plugins.Pool), Shared: &shared})
	if err != nil {
		return err
	}
	return errors.Join(tr.(plugins.Opener).Open(context.Background()), shared.Close(context.Background()))
}

// A pipeline starts, and starts again, with the module that it was built with, whatever has become of the file.
func TestReplaced(t *testing.T) {
	t.Parallel()
	k, path := kind(t), file(t, behaviour(`{"name": "one"}`))
	c := config(path, nil)
	c = c.WithContents(k.Describe(c).Contents)
	for what, becomes := range map[string]func() error{
		"another": func() error { return os.WriteFile(path, behaviour(`{"name": "two"}`), 0o600) },
		"nothing": func() error { return os.Remove(path) },
	} {
		if err := becomes(); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if err := reopen(k, c); err != nil {
			t.Errorf("with %s there it gives %v", what, err)
		}
	}
}

// Of modules without number, the last are kept; of others, the file is read, which is to be the one that it was.
func TestManyModules(t *testing.T) {
	t.Parallel()
	k, path := kind(t), file(t, behaviour(`{"name": "one"}`))
	c := config(path, nil)
	c = c.WithContents(k.Describe(c).Contents)
	for i := range 9 {
		large := append(binary.AppendName(nil, fmt.Sprint("padding ", i)), make([]byte, 8<<20-1<<10)...)
		module := file(t, wasmtest.Section(behaviour(`{}`), binary.CustomSection, large))
		if _, err := k.Outputs(payloads, config(module, nil)); err != nil {
			t.Fatal(err)
		}
	}
	if err := reopen(k, c); err != nil {
		t.Errorf("as it was, it gives %v", err)
	}
	if err := os.WriteFile(path, behaviour(`{"name": "two"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := reopen(k, c); err == nil || !strings.Contains(err.Error(), "the file was replaced after the pipeline was built: start it again") {
		t.Errorf("it gives %v", err)
	}
}

// Where compiled modules cannot be kept, a pipeline starts all the same.
func TestNoCache(t *testing.T) {
	t.Parallel()
	var r plugins.Registry
	occupied := file(t, nil)
	if err := wasm.Register(&r, wasm.Config{CacheDir: occupied}); err != nil {
		t.Fatal(err)
	}
	k, _ := r.Transform("wasm")
	var said bytes.Buffer
	tr, err := k.New(config(file(t, behaviour(`{}`)), nil), plugins.Env{Now: time.Now, Logger: slog.New(slog.NewTextHandler(&said, nil)), Pool: new(plugins.Pool)})
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.(plugins.Opener).Open(t.Context()); err != nil || !strings.Contains(said.String(), "the compiled module is not kept, so that each start compiles it") {
		t.Errorf("it gives %v, and says %s", err, said.String())
	}
}

// A stage goes on with the module that it had, whatever becomes of the file; one that is built of it later has another
// configuration.
func TestReplacedWhileRunning(t *testing.T) {
	t.Parallel()
	k, path := kind(t), file(t, behaviour(`{"name": "one", "ports": ["p"]}`))
	one := config(path, nil)
	one = one.WithContents(k.Describe(one).Contents)
	if err := os.WriteFile(path, behaviour(`{"name": "another"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if outs, err := k.Outputs(payloads, one); err != nil || len(outs) != 2 {
		t.Errorf("the stage that runs has %v, %v", outs, err)
	}
	another := config(path, nil)
	if outs, err := k.Outputs(payloads, another); err != nil || len(outs) != 1 {
		t.Errorf("the one that is new has %v, %v", outs, err)
	}
	another = another.WithContents(k.Describe(another).Contents)
	if names := another.Differs(one); len(names) != 1 || names[0] != "module" || one.Fingerprint() == another.Fingerprint() {
		t.Errorf("they differ in %v", names)
	}
}

// A module that has neither state nor timers leaves the engine free to run it anywhere.
func TestStateless(t *testing.T) {
	t.Parallel()
	k := kind(t)
	if d := k.Describe(config(file(t, behaviour(`{}`)), nil)); k.ByKey(d) || d.State != "" {
		t.Error("a module without state is keyed")
	}
	if d := k.Describe(config(guest(t, `{`+spaces+`}`), nil)); !k.ByKey(d) || d.State == "" {
		t.Error("a module with state is not keyed")
	}
}
