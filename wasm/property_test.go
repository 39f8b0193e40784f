package wasm_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/wasmtest"
)

// A batch with records for which the module fails does what it would do without them: nothing of a call that
// failed has stayed, and nothing of the others is gone.
func TestFailuresLeaveNothing(t *testing.T) {
	t.Parallel()
	module := guest(t, plain)
	keyed := map[string]any{"key": field("key", plugins.Of(plugins.String)), "time": field("time", plugins.Of(plugins.Time))}
	with, without := start(t, module, keyed), start(t, module, keyed)
	at := 0
	rapid.Check(t, func(rt *rapid.T) {
		for range rapid.IntRange(1, 4).Draw(rt, "batches") {
			var all, sound []string
			for range rapid.IntRange(1, 12).Draw(rt, "records") {
				at += rapid.IntRange(0, 3).Draw(rt, "seconds")
				name := rapid.SampledFrom([]string{"x", "y", ""}).Draw(rt, "name")
				id := rapid.IntRange(1, 3).Draw(rt, "id")
				cmd := rapid.SampledFrom([]string{
					"get:" + name, "del:" + name, fmt.Sprintf("put:%s=%d", name, at), fmt.Sprintf("brief:%d", at),
					fmt.Sprintf("timer:%d@%d", id, (at+id)*1e6), fmt.Sprintf("stop:%d", id), "keep", "twice", "err", "bad",
				}).Draw(rt, "command")
				r := fmt.Sprintf("%s|%s at %ds", rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "key"), cmd, at)
				all = append(all, r)
				if cmd != "err" && cmd != "bad" {
					sound = append(sound, r)
				} else { // it tells the time all the same
					key, _, _ := strings.Cut(r, "|")
					sound = append(sound, fmt.Sprintf("%s|drop at %ds", key, at))
				}
			}
			got, want := with.run(all...), without.run(sound...)
			if i := strings.Index(got, "!"); i >= 0 {
				got = strings.TrimSuffix(got[:i], "; ")
			}
			if got != want {
				rt.Fatalf("%q gives %q, not %q", all, got, want)
			}
		}
	})
}

// FuzzReturned gives any bytes as what a module returns and emits: there is no panic, and no record is lost or counted twice.
func FuzzReturned(f *testing.F) {
	header := func(kind byte, rows, count byte, rest ...byte) []byte {
		h := []byte{'O', 'N', 'S', '1', kind, 0, 0, 0, byte(32 + len(rest)), 0, 0, 0, rows, 0, 0, 0, 32, 0, 0, 0, count, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
		return append(h, rest...)
	}
	record := func(row, flags, status byte) []byte {
		d := make([]byte, abi.RecordSize)
		d[8], d[14], d[15], d[28] = row, flags, status, 8
		return d
	}
	f.Add(byte(0), header(1, 0, 2, append(record(1, abi.Same, abi.Emit), record(2, 0, abi.Emit)...)...))
	f.Add(byte(0), header(1, 0, 2, append(record(1, 0, abi.DeadLetter), record(1, 0, abi.Retry)...)...))
	f.Add(byte(2), header(2, 3, 1, 5))
	column := make([]byte, abi.ColumnSize+24)
	column[0], column[8], column[12] = byte(abi.Float), 64, 24
	f.Add(byte(4), header(3, 3, 1, column...))
	f.Add(byte(5), header(3, 3, 1, column...))
	manifests := []string{
		`{"ports": ["other"]}`,
		`{"returns": "selection"}`,
		`{"returns": "columns", "outputs": [{"name": "f", "type": "float", "optional": true}]}`,
		`{"returns": "columns", "outputs": [{"name": "f", "type": "string"}]}`,
	}
	// Of each batch the module returns, or emits too, the value of the first record, whose place the first descriptor tells;
	// nothing where that is empty.
	load := func(at int32) []byte { return wasmtest.Code(wasmtest.I32(wasmtest.Arena+at), []byte{0x28, 2, 0}) }
	ptr, size := wasmtest.Code(load(abi.HeaderSize+24), wasmtest.I32(wasmtest.Arena), []byte{0x6a}), load(abi.HeaderSize+28)
	some := wasmtest.Code(size, []byte{0x45, 0x45})
	var engines []*engine
	for k := range 2 * len(manifests) {
		module := wasmtest.Behaviour{
			Manifest: manifests[k/2],
			Imports:  []wasmtest.HostFunc{{Module: abi.Module, Name: "emit", Params: "ii", Results: "i"}},
			Funcs: []wasmtest.Export{{Name: abi.Process, Params: "ii", Results: "I", Code: wasmtest.Code(
				wasmtest.I32(int32(k%2)), some, []byte{0x71, 0x04, 0x40}, ptr, size, wasmtest.CallOf(0), []byte{0x1a, 0x0b},
				ptr, []byte{0xad}, wasmtest.I64(32), []byte{0x86}, size, []byte{0xad, 0x84}, some, []byte{0xad, 0x7e}, // ptr << 32 | size
			)}},
		}
		engines = append(engines, start(f, file(f, module.Bytes()), nil))
	}
	f.Fuzz(func(t *testing.T, which byte, frame []byte) {
		e := engines[int(which)%len(engines)]
		e.t, e.clock = t, e.clock.Add(time.Hour)
		e.run("") // does not fail, so the breaker is closed
		b := e.batch("", "two", "three")
		b.Values[0] = plugins.Span{Off: uint32(len(b.Data)), Len: uint32(len(frame))}
		b.Data = append(b.Data, frame...)
		e.process(b)
	})
}

// FuzzStateJSON gives any bytes as what is stored of a key: what can be read is shown as JSON.
func FuzzStateJSON(f *testing.F) {
	f.Add([]byte{1, 1, 0, 1, 'x', 2, 'h', 'i', 0, 1, 1, 9, 2})
	f.Fuzz(func(t *testing.T, stored []byte) {
		if text := kind(t).StateJSON("", stored); text != nil && !json.Valid(text) {
			t.Errorf("it is shown as %s", text)
		}
	})
}
