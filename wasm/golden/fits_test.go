package golden_test

import (
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/golden"
	"github.com/onstream/onstream/wasm/wasmtest"
)

// columns is the manifest of a module that takes columns, and returns records.
const columns = `{"mode": "columns", "inputs": [{"name": "v", "type": "float"}], "ports": ["side"]}`

// What a file lacks for the module, or gives it in vain, is told in terms of the file, also by [golden.Bench].
func TestFits(t *testing.T) {
	t.Parallel()
	asks := wasmtest.HostFunc{Module: abi.Module, Name: "http_request", Params: "iiii", Results: "i"}
	for _, c := range []struct{ manifest, file, want string }{
		{columns, `{"steps": [{"end": true}, {"doc": "odd", "records": [{"value": "x"}]}]}`, "rows.json: step 2 (odd): the module takes columns: write columns"},
		{columns, `{"steps": [{"columns": {"t": [1]}}]}`, `the module has no input "t": correct the name`},
		{`{}`, `{"steps": [{"columns": {}}]}`, "rows.json: step 1: the module takes records: write records"},
		{`{"parameters": [{"name": "limit", "type": "float"}]}`, `{"steps": [{"end": true}]}`, `rows.json: limit (float) has no default: write "config": {"limit": ...}`},
		{`{"parameters": [{"name": "limit", "type": "float"}]}`, `{"config": {"limit": 1}, "steps": [{"config": {}}]}`, `rows.json: step 1: limit (float) has no default: write "config": {"limit": ...}`},
		{`{"grants": ["http:a.example", "http:b.example"]}`, `{"grant": ["http:a.example"], "steps": [{"end": true}]}`, `rows.json: the module wants http:b.example: write "grant": ["http:a.example","http:b.example"]`},
		{``, `{"steps": [{"end": true}]}`, `rows.json: the module makes HTTP requests: write "grant": ["http:HOST"]`},
		{`{}`, `{"abi": "extism", "args": ["x"], "steps": [{"end": true}]}`, "the module is one of Extism plug-ins, which have none: remove it"},
		{`{}`, `{"abi": "extizm", "steps": [{"end": true}]}`, `rows.json: there is no abi "extizm": use one of onstream, extism, redpanda, wasi`},
		{`{}`, `{"function": "f", "steps": [{"end": true}]}`, "the module is one of onstream, which has none: remove it"},
	} {
		var imports []wasmtest.HostFunc
		if c.manifest == "" || strings.Contains(c.manifest, "grants") {
			imports = append(imports, asks)
		}
		f, err := golden.Parse("rows.json", []byte(c.file))
		if err != nil {
			t.Fatal(err)
		}
		config := golden.Config{Module: crafted(t, c.manifest, imports...)}
		if _, err := golden.Run(t.Context(), config, f); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s on %s gives %v, not %s", c.file, c.manifest, err, c.want)
		}
		if _, err := golden.Bench(t.Context(), config, f, 1, time.Nanosecond); err == nil {
			t.Errorf("%s on %s is measured", c.file, c.manifest)
		}
	}
}

// Rows of columns have keys and times.
func TestColumnKeysAndTimes(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"keys": `{"key": true, "steps": [{"columns": {"v": [1, 2, 3]}, "keys": ["k0", null, "k2"],
			"want": [{"key": "k0", "time": null}, {"port": "side", "key": "k2"}], "failed": [{"row": 1, "code": "rejected"}]}]}`,
		"times": `{"time": true, "steps": [{"columns": {"v": [1, 2, 3]}, "times": ["2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z", "2026-01-01T00:00:03Z"],
			"want": [{"time": "2026-01-01T00:00:01Z", "key": null}, {"port": "side", "time": "2026-01-01T00:00:03Z"}], "failed": [{"row": 1, "code": "rejected"}]}]}`,
		"none": `{"time": true, "steps": [{"columns": {"v": [1]}, "failed": [{"row": 0, "code": "null", "msg": "the record has no time"}]}]}`,
	} {
		f, err := golden.Parse("rows.json", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if found, err := golden.Run(t.Context(), golden.Config{Module: fixedAs(t, columns)}, f); err != nil || found != nil {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
}

// Rows that a module has chosen are told by their numbers.
func TestSelectedRows(t *testing.T) {
	t.Parallel()
	const selection = "ONS1\x02\x00\x00\x00\x21\x00\x00\x00\x03\x00\x00\x00\x20\x00\x00\x00\x01\x00\x00\x00" + "\x00\x00\x00\x00\x00\x00\x00\x00" + "\x05" // rows 0 and 2 of 3
	module := written(t, wasmtest.Behaviour{
		Manifest: `{"mode": "columns", "returns": "selection", "inputs": [{"name": "v", "type": "float"}]}`,
		Data:     "-" + selection,
		Funcs:    []wasmtest.Export{{Name: abi.Process, Params: "ii", Results: "I", Code: wasmtest.I64(1<<32 | int64(len(selection)))}},
	})
	f, err := golden.Parse("rows.json", []byte(`{"steps": [{"columns": {"v": [1, 2, 3]}, "want": [{"row": 1}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	found, err := golden.Run(t.Context(), golden.Config{Module: module}, f)
	if err != nil || len(found) != 1 || !strings.HasSuffix(found[0].String(), "wanted 1\n    row 1\n  got    2\n    row 0\n    row 2") {
		t.Errorf("it gives %v, %v", found, err)
	}
}

// Batches are measured whatever the steps of a file have, and nothing is measured without any.
func TestBenchRows(t *testing.T) {
	t.Parallel()
	manifest := `{"mode": "columns", "inputs": [{"name": "v", "type": "float", "optional": true}, {"name": "w", "type": "int", "optional": true}]}`
	for text, want := range map[string]string{
		`{"key": true, "steps": [{"columns": {"v": [1]}, "keys": ["a"]}, {"columns": {"w": [1, 2]}, "keys": ["b", "c"]}]}`: "",
		`{"steps": [{"columns": {"v": []}}]}`: "it gives no records: name a file that does",
		`{"steps": [{"end": true}]}`:          "it gives no records: name a file that does",
	} {
		f, err := golden.Parse("rows.json", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		m, err := golden.Bench(t.Context(), golden.Config{Module: crafted(t, manifest)}, f, 7, time.Nanosecond)
		if want == "" && (err != nil || m.Records != 7 || m.Failed > 0) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s gives %+v, %v, not %q", text, m, err, want)
		}
	}
}

// Batches go on through the rows: a small one is not always of the first ones.
func TestBenchGoesOn(t *testing.T) {
	t.Parallel()
	for text, manifest := range map[string]string{
		`{"time": true, "steps": [{"records": [{"time": "2026-01-01T00:00:01Z"}, {}]}]}`:                 `{}`,
		`{"time": true, "steps": [{"columns": {"v": [1, 2]}, "times": ["2026-01-01T00:00:01Z", null]}]}`: columns,
	} {
		f, err := golden.Parse("rows.json", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		// The first batch is not counted, and the record of the second fails: it has no time.
		m, err := golden.Bench(t.Context(), golden.Config{Module: crafted(t, manifest)}, f, 1, time.Nanosecond)
		if err != nil || m.Records != 1 || m.Failed != 1 {
			t.Errorf("%s gives %+v, %v", text, m, err)
		}
	}
}

// Parameters change as in a pipeline: the instance of a module that keeps something goes on, and another takes the place of
// one that has nothing to keep.
func TestConfigure(t *testing.T) {
	t.Parallel()
	const frame = "ONS1\x01\x00\x00\x00\x48\x00\x00\x00\x01\x00\x00\x00\x20\x00\x00\x00\x01\x00\x00\x00" + "\x00\x00\x00\x00\x00\x00\x00\x00" // of a row as it was
	same := append(append([]byte("-"+frame), make([]byte, 14)...), abi.Same)
	same = append(same, make([]byte, 25)...)
	// The first call of an instance drops the row, those after it pass theirs.
	process := wasmtest.Code([]byte{0x23, 0, 0x04, 0x7e}, wasmtest.I64(1<<32|int64(len(same)-1)), []byte{0x05}, wasmtest.I32(1), []byte{0x24, 0}, wasmtest.I64(0), []byte{0x0b})
	b := wasmtest.Behaviour{Data: string(same), Globals: 1, Funcs: []wasmtest.Export{
		{Name: abi.Process, Params: "ii", Results: "I", Code: process}, {Name: abi.Configure, Params: "ii", Results: "i", Code: wasmtest.I32(0)},
	}}
	const parameters = `"parameters": [{"name": "limit", "type": "float", "default": 1, "hot": true}]`
	for name, c := range map[string]struct {
		manifest string
		imports  []wasmtest.HostFunc
		want     string
	}{
		"state":    {`{` + parameters + `, "state": {"spaces": ["a"]}}`, []wasmtest.HostFunc{{Module: abi.Module, Name: "state_get", Params: "iiiiii", Results: "i"}}, `[{"value": "y"}]`},
		"no state": {`{` + parameters + `}`, nil, `[]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := b
			b.Manifest, b.Imports = c.manifest, c.imports
			f, err := golden.Parse("rows.json", []byte(`{"steps": [{"records": [{"value": "x"}]}, {"config": {"limit": 2}}, {"records": [{"value": "y"}], "want": `+c.want+`}]}`))
			if err != nil {
				t.Fatal(err)
			}
			if found, err := golden.Run(t.Context(), golden.Config{Module: written(t, b)}, f); err != nil || found != nil {
				t.Errorf("%v, %v", found, err)
			}
		})
	}
}

// A module of another host is run as the file says.
func TestForeign(t *testing.T) {
	t.Parallel()
	module := written(t, wasmtest.Behaviour{Funcs: []wasmtest.Export{
		{Name: "drops", Results: "i", Code: wasmtest.I32(0)}, {Name: "fails", Results: "i", Code: wasmtest.I32(1)},
	}})
	for text, want := range map[string]string{
		`{"abi": "extism", "function": "drops", "steps": [{"records": [{"value": "x"}]}]}`:                                    "",
		`{"abi": "extism", "function": "fails", "steps": [{"records": [{"value": "x"}], "failed": [{"code": "rejected"}]}]}`:  "",
		`{"abi": "extism", "steps": [{"end": true}]}`:                                                                         `drops, fails: write "function": "`,
		`{"abi": "extism", "function": "other", "steps": [{"end": true}]}`:                                                    `the module has no function "other"`,
		`{"abi": "extism", "function": "drops", "ports": ["alerts"], "steps": [{"records": [{"value": "x"}], "want": [{}]}]}`: "which have none: remove it",
	} {
		f, err := golden.Parse("rows.json", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		found, err := golden.Run(t.Context(), golden.Config{Module: module}, f)
		if found != nil || want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s gives %v, %v, not %q", text, found, err, want)
		}
	}
}
