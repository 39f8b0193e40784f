package golden_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/golden"
	"github.com/onstream/onstream/wasm/wasmtest"
)

const manifest = `{"name": "fixed", "ports": ["side"], "parameters": [{"name": "limit", "type": "float", "default": 1, "max": 5}]}`

// crafted is a module with a manifest that returns nothing for any row.
func crafted(t *testing.T, manifest string, imports ...wasmtest.HostFunc) string {
	t.Helper()
	return written(t, wasmtest.Behaviour{
		Manifest: manifest, Imports: imports,
		Funcs: []wasmtest.Export{{Name: abi.Process, Params: "ii", Results: "I", Code: wasmtest.I64(0)}},
	})
}

func written(t *testing.T, b wasmtest.Behaviour) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "crafted.wasm")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// fixed is a module that always returns the same of three rows: the first as it is, a failure of the second, and a new record of the
// third to the port side.
func fixed(t *testing.T) string {
	t.Helper()
	return fixedAs(t, manifest)
}

func fixedAs(t *testing.T, manifest string) string {
	t.Helper()
	const bytes = "no good" + "other" + "h" + "x"
	frame := make([]byte, abi.HeaderSize+3*abi.RecordSize+abi.PairSize)
	data := uint32(len(frame))
	put := func(at int, v uint32) { binary.LittleEndian.PutUint32(frame[at:], v) }
	for i, v := range []uint32{0x31534e4f, 1, data + uint32(len(bytes)), 3, abi.HeaderSize, 3} {
		put(4*i, v)
	}
	record := func(i int, flags, status byte, port byte, value, length uint32) int {
		at := abi.HeaderSize + i*abi.RecordSize
		put(at+8, uint32(i))
		frame[at+12], frame[at+14], frame[at+15] = port, flags, status
		put(at+24, value)
		put(at+28, length)
		return at
	}
	record(0, abi.Same, abi.Emit, 0, 0, 0)
	record(1, 0, abi.DeadLetter, 0, data, 7)
	at := record(2, abi.SameKey|abi.SameTime, abi.Emit, 1, data+7, 5)
	pair := int(data) - abi.PairSize
	put(at+32, uint32(pair))
	frame[at+36] = 1
	for i, v := range []uint32{data + 12, 1, data + 13, 1} {
		put(pair+4*i, v)
	}
	const text = "hello from the module"
	return written(t, wasmtest.Behaviour{
		Manifest: manifest, Data: "-" + string(frame) + bytes + text, // at 0 is nothing that could be returned
		Imports: []wasmtest.HostFunc{{Module: abi.Module, Name: "log", Params: "iii"}},
		Funcs: []wasmtest.Export{{Name: abi.Process, Params: "ii", Results: "I", Code: wasmtest.Code(
			wasmtest.I32(1), wasmtest.I32(int32(1+len(frame)+len(bytes))), wasmtest.I32(int32(len(text))), wasmtest.CallOf(0),
			wasmtest.I64(1<<32|int64(len(frame)+len(bytes))))}},
	})
}

const given = `"records": [{"value": "a", "key": "k0", "headers": [["n", "v"]]}, {"value": "b", "key": "k1"}, {"value": ["d", {"text": "c", "repeat": 3}], "key": "k2"}]`

// What is as wanted gives no mismatch, whatever of it is told.
func TestAsWanted(t *testing.T) {
	t.Parallel()
	for _, more := range []string{
		`, "want": [{"value": "a", "key": "k0", "headers": {"n": "v"}, "time": null}, {"port": "side", "value": "other", "key": "k2", "headers": [["h", "x"]]}], "failed": [{"row": 1, "code": "rejected", "msg": "no good"}], "logs": ["hello from"]`,
		`, "want": [{"port": "side"}, {"port": ""}], "failed": [{}]`,
	} {
		f, err := golden.Parse("rows.json", []byte(`{"config": {"limit": 3}, "steps": [{`+given+more+`}]}`))
		if err != nil {
			t.Fatal(err)
		}
		found, err := golden.Run(t.Context(), golden.Config{Module: fixed(t)}, f)
		if err != nil || found != nil {
			t.Errorf("%s gives %v, %v", more, found, err)
		}
	}
}

// What is not as wanted is told, with the place, what was wanted and what there is.
func TestMismatches(t *testing.T) {
	t.Parallel()
	const wantAll, failedAll = `"want": [{}, {"port": "side"}]`, `"failed": [{}]`
	for more, want := range map[string]string{
		failedAll + `, "want": [{"value": "x"}, {"port": "side"}]`:                   "rows.json: step 1 (what it shows): record 0: value\n  wanted \"x\"\n  got    \"a\"",
		failedAll + `, "want": [{"key": null}, {"port": "side"}]`:                    "record 0: key\n  wanted none\n  got    \"k0\"",
		failedAll + `, "want": [{"time": "2026-01-01T00:00:00Z"}, {"port": "side"}]`: "record 0: time\n  wanted 2026-01-01T00:00:00Z\n  got    none",
		failedAll + `, "want": [{}, {"port": "side", "headers": []}]`:                "record 0 of side: headers\n  wanted []\n  got    [[\"h\" \"x\"]]",
		failedAll + `, "want": [{"value": {"json": {"a": 1}}}, {"port": "side"}]`:    "record 0: value\n  wanted {\"a\":1}\n  got    \"a\"",
		failedAll + `, "want": [{"value": {"base64": "/w=="}}, {"port": "side"}]`:    "record 0: value\n  wanted bytes ff\n  got    \"a\"",
		failedAll: "records\n  wanted none\n  got    1\n    key \"k0\", value \"a\"",
		wantAll:   "records that fail\n  wanted none\n  got    1\n    row 1: rejected: no good",
		wantAll + `, "failed": [{"row": 2, "msg": "bad"}]`: "records that fail\n  wanted 1\n    row 2: : bad\n  got    1\n    row 1: rejected: no good",
		wantAll + `, "failed": [{"code": "trap"}]`:         "records that fail\n  wanted 1\n    any row: trap\n  got",
		wantAll + `, ` + failedAll + `, "logs": ["bye"]`:   "lines that are logged\n  wanted \"bye\"\n  got    \"time=",
	} {
		f, err := golden.Parse("rows.json", []byte(`{"steps": [{"doc": "what it shows", `+given+`, `+more+`}]}`))
		if err != nil {
			t.Fatal(err)
		}
		found, err := golden.Run(t.Context(), golden.Config{Module: fixed(t)}, f)
		if err != nil || len(found) == 0 || !strings.Contains(found[0].String(), want) {
			t.Errorf("%s gives %v, %v, not %s", more, found, err, want)
		}
	}
}

// Rows that are of no use for the module are an error.
func TestErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"steps": [{"restart": true, "config": {"limit": "high"}}]}`: "limit is \"high\", of type string, and is to be of type float",
		`{"config": {"limt": 1}, "steps": [{"end": true}]}`:           "the module has no parameter \"limt\", it has limit",
		`{"limits": {"memroy": 1}, "steps": [{"end": true}]}`:         "limits: memroy: there is no limit of that name: use memory, time, start, calls, output, state and logs",
		`{"limits": {"time": 7}, "steps": [{"end": true}]}`:           "limits: time: 7 is no duration: write one such as \"1.5s\"",
		`{"limits": {"memory": "32MiB"}, "steps": [{"end": true}]}`:   "limits: memory: \"32MiB\" is no whole number: write one, of bytes for memory, output and state",
		`{"steps": [{"end": true, "want": [{"port": "sdie"}]}]}`:      "rows.json: step 1: wanted record 0: the module has no port \"sdie\": correct the name",
		`{"steps": [{"end": true, "want": [{"row": 1}]}]}`:            "the module returns records, which have no rows: leave row out",
		`{"steps": [{"columns": {"t": [1]}}]}`:                        "rows.json: step 1: the module takes records: write records",
		`{"steps": [{"end": true}, {"doc": "odd", ` + given + `, "want": [{"columns": {"score": 1}}, {"port": "side"}], "failed": [{}]}]}`: "rows.json: step 2 (odd): wanted record 0: the module has no output \"score\"",
	} {
		f, err := golden.Parse("rows.json", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := golden.Run(t.Context(), golden.Config{Module: fixed(t)}, f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %v, not %s", text, err, want)
		}
	}
	f, err := golden.Parse("rows.json", []byte(`{"steps": [{"end": true}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := golden.Run(t.Context(), golden.Config{Module: "no.wasm"}, f); err == nil || !strings.Contains(err.Error(), "no.wasm") {
		t.Errorf("no module gives %v", err)
	}
}

// A file that cannot be read is refused, with what to do.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:                           "rows.json: it is not JSON: it ends too early",
		"{\n\"steps\": [\n}":         "rows.json: line 3: it is not JSON: invalid character '}'",
		`{"step": []}`:               `rows.json: there is no "step" here: correct the name, or leave it out`,
		`{}`:                         `it has no steps: write "steps": [`,
		`{"steps": [{"wants": []}]}`: `rows.json: step 1: there is no "wants" here`,
		`{"steps": [{"records": [{"vlaue": "x"}]}]}`:                                                                  `step 1: record 0: there is no "vlaue" here`,
		"{\"steps\": [{\"end\": true, \"want\": [{\"value\": \"a\"}],\n\"want\": []}]}":                               `rows.json: line 2: "want" is there twice in one object: leave one of them out`,
		`{"steps": [{"end": true}], "STEPS": [{"end": true}]}`:                                                        `line 1: "STEPS" is there twice in one object`,
		`{"steps": [{"records": [{"value": "a", "Value": "b"}]}]}`:                                                    `"Value" is there twice in one object`,
		`{"steps": [{"columns": {"t": [1], "t": [2]}}]}`:                                                              `"t" is there twice in one object`,
		`{"config": {"limit": 1e999, "limit": 1}, "steps": [{"end": true}]}`:                                          `"limit" is there twice in one object`,
		`{"steps": [{"records": [{"headers": {"a": "b", "a": "c"}}]}]}`:                                               `"a" is there twice in one object`,
		`{"steps": [{"records": [{"value": {"json": [{"a": 1, "a": 2}]}}]}]}`:                                         `"a" is there twice in one object`,
		`{"steps": [{"records": [{}, {"value": {"base64": "/w="}}]}]}`:                                                `step 1: record 1: "/w=" is no base64: write it with its padding, such as "/w=="`,
		`{"steps": [{"end": true, "want": [{}, {"key": {"base64": "!"}}]}]}`:                                          `step 1: wanted record 1: "!" is no base64`,
		`{"steps": [{"columns": {"a": [1]}, "keys": [7]}]}`:                                                           `step 1: key 0: 7 is no text`,
		`{"steps": [{"columns": {"a": [1]}, "times": ["noon"]}]}`:                                                     `step 1: time 0: "noon" is no time`,
		`{"steps": [{"records": [7]}]}`:                                                                               `step 1: record 0: it is a JSON number, which it cannot be`,
		`{"steps": [{"doc": "two", "records": [], "end": true}]}`:                                                     "step 1 (two): a step has one of records, columns, advance, end, config and restart",
		`{"steps": [{"want": []}]}`:                                                                                   "a step has one of records",
		`{"steps": [{"advance": "soon"}]}`:                                                                            `"soon" is no duration: write one such as "1.5s"`,
		`{"begin": "noon", "steps": []}`:                                                                              `"noon" is no time: write one such as "2026-01-02T15:04:05Z"`,
		`{"lateness": "1s", "steps": [{}]}`:                                                                           `lateness is of event time: write "time": true`,
		`{"steps": [{"records": [{"value": 7}]}]}`:                                                                    `7 is no text: write a string, a list of them, or {"base64": ...}`,
		`{"steps": [{"records": [{"value": ["a", ["b"]]}]}]}`:                                                         `["b"] is no part of a text`,
		`{"steps": [{"records": [{"value": {"text": "x", "base64": "eA=="}}]}]}`:                                      "a text is written as a string",
		`{"steps": [{"records": [{"value": {"text": "x", "repeat": 20000000}}]}]}`:                                    "a text is repeated 20000000 times: it may have up to 16777216 bytes",
		`{"steps": [{"records": [{"value": [{"text": "x", "repeat": 9000000}, {"text": "x", "repeat": 9000000}]}]}]}`: "a text may have up to 16777216 bytes",
		`{"steps": [{"records": [{"value": {"text": "x", "repeat": 16000000}, "repeat": 5}]}]}`:                       "the records have more than 67108864 bytes: divide the step",
		`{"steps": [{"records": [{"value": "x", "repeat": 1000000}]}]}`:                                               "a record is repeated 1000000 times: there may be up to 100000 records",
		`{"steps": [{"records": [{"repeat": 60000}]}, {"records": [{"repeat": 60000}]}]}`:                             "it has more than 100000 rows: divide it",
		`{"steps": [{"records": [{"row": 1}]}]}`:                                                                      "record 0: port, row and columns are of what comes out",
		`{"steps": [{"records": [{"time": "2026-01-01T00:00:00Z"}, {}]}]}`:                                            "some of the records have a time and others do not",
		`{"steps": [{"columns": {"a": [1], "b": []}}]}`:                                                               "the columns have ",
		`{"steps": [{"end": true, "want": [{"offset": 1}]}]}`:                                                         "wanted record 0: its offset cannot be compared",
		`{"steps": [{"records": [{"headers": [["a"]]}]}]}`:                                                            `[["a"]] are no headers: write {"NAME": "value"}, or [["NAME", "value"], ...] where a name comes twice`,
		`{"steps": [{"records": [{"headers": "a"}]}]}`:                                                                `"a" are no headers: write {"NAME": "value"}`,
		`{"steps": [{"records": [{"headers": {"a": 7}}]}]}`:                                                           `7 is no text: write a string`,
		`{"steps": [{"records": [{}], "keys": ["a"]}]}`:                                                               "keys and times are of columns: write the key and the time of a record beside its value",
		`{"steps": [{"columns": {"a": [1, 2]}, "keys": ["d"]}]}`:                                                      "there are 1 keys and 2 rows: give one for each row, null for none",
		`{"steps": [{"columns": {"a": [1, 2]}, "times": []}]}`:                                                        "there are 0 times and 2 rows: give one for each row, null for none",
		`{"steps": [{"columns": {"a": [1, 2]}, "times": ["2026-01-01T00:00:00Z", null]}]}`:                            "some of the records have a time and others do not",
		`{"steps": [{"end": 1}]}`:                                                                                     "end is a JSON number, which it cannot be",
		`{"steps": [{"end": true}]} {}`:                                                                               "there is more behind the end of it",
	} {
		if _, err := golden.Parse("rows.json", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %v, not %s", text, err, want)
		}
	}
	if _, err := golden.Read(filepath.Join(t.TempDir(), "none.json")); err == nil || !strings.Contains(err.Error(), "read golden rows: open ") {
		t.Errorf("a file that is not there gives %v", err)
	}
}

// Names that differ by their letters' case are different where they are those of a module or of a payload.
func TestOwnNames(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"config": {"limit": {"n": 1, "N": 2}, "Limit": 1}, "steps": [{"end": true, "metrics": {"m": 1, "M": 2}}]}`,
		`{"steps": [{"records": [{"headers": {"a": "b", "A": "c"}, "value": {"json": {"a": [{"b": 1, "B": 2}], "A": 2}}}]}]}`,
		`{"steps": [{"columns": {"v": [1], "V": [2]}, "want": [{"columns": {"v": 1, "V": 1}}, {"columns": {}}]}]}`,
	} {
		if _, err := golden.Parse("rows.json", []byte(text)); err != nil {
			t.Errorf("%s gives %v", text, err)
		}
	}
}

// FuzzParse gives any text: there is no panic, and what is read is bounded.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"config": {"limit": 3}, "time": true, "lateness": "1s", "steps": [{` + given + `, "want": [{"value": {"json": [1]}, "repeat": 2, "time": null}]}, {"columns": {"a": [1, null]}, "keys": ["d", null], "times": [null, "2026-01-01T00:00:00Z"]}, {"advance": "1s"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := golden.Parse("rows.json", text)
		if err == nil && file.Steps() == 0 {
			t.Error("it has no steps")
		}
	})
}
