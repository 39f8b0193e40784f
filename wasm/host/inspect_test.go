package host_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/binary"
	"github.com/onstream/onstream/wasm/host"
	"github.com/onstream/onstream/wasm/wasmtest"
)

func TestInspect(t *testing.T) {
	t.Parallel()
	b := processing(echo)
	b.Manifest = `{"name": "echo", "state": {"spaces": ["a"]}}`
	b.Imports = []wasmtest.HostFunc{{Module: abi.Module, Name: "state_del", Params: "iiii", Results: "i"}}
	d, err := host.Inspect(b.Bytes())
	if err != nil || d.Manifest.Name != "echo" || !d.Keyed || d.Timers || d.Snapshot {
		t.Errorf("it is %+v, %v", d, err)
	}
}

// What may not run is refused before it is compiled, with what to do about it.
func TestRefusals(t *testing.T) {
	t.Parallel()
	changed := func(change func(*wasmtest.Behaviour)) []byte {
		b := processing(echo)
		change(&b)
		return b.Bytes()
	}
	imported := func(f wasmtest.HostFunc) []byte {
		return changed(func(b *wasmtest.Behaviour) { b.Imports = []wasmtest.HostFunc{f} })
	}
	exported := func(x wasmtest.Export) []byte {
		return changed(func(b *wasmtest.Behaviour) { b.Funcs = append(b.Funcs, x) })
	}
	void := []binary.FuncType{{}}
	other := wasmtest.Module{Types: void, Funcs: []wasmtest.Func{{}}, Exports: []binary.Export{{Name: "onstream_abi_v2", Kind: binary.Func}}}
	program := wasmtest.Module{Types: void, Funcs: []wasmtest.Func{{}}, Exports: []binary.Export{{Name: "_start", Kind: binary.Func}}}
	noMemory := wasmtest.Module{Types: void, Funcs: []wasmtest.Func{{}}, Exports: []binary.Export{{Name: abi.Marker, Kind: binary.Func}}}
	for name, c := range map[string]struct {
		module []byte
		want   string
	}{
		"text":            {[]byte("package main"), "it is not WebAssembly: it does not begin with \\0asm: name the file that the compiler wrote"},
		"component":       {[]byte("\x00asm\x0d\x00\x01\x00"), "it is a component of the component model, not a core module: build a core module, such as with --target wasm32-unknown-unknown"},
		"cut off":         {processing(echo).Bytes()[:50], "it ends too early"},
		"other version":   {other.Bytes(), "it is for onstream_abi_v2, this onstream has onstream_abi_v1: use a version of onstream that has it"},
		"program":         {program.Bytes(), "it is a program, and does not export onstream_abi_v1: build a library for the interface of wasm/sdk/ABI.md"},
		"no behaviour":    {wasmtest.Module{}.Bytes(), "it does not export onstream_abi_v1, so it is not a behaviour for onstream"},
		"no alloc":        {noMemory.Bytes(), "it does not export onstream_alloc, which the interface asks for (wasm/sdk/ABI.md)"},
		"no process":      {wasmtest.Behaviour{}.Bytes(), "it does not export onstream_process"},
		"type of export":  {exported(wasmtest.Export{Name: abi.Open, Params: "i", Results: "i", Code: []byte{0x20, 0}}), "it exports onstream_open as (i32) -> (i32), it is (i32, i32) -> (i32)"},
		"unused grants":   {changed(func(b *wasmtest.Behaviour) { b.Manifest = `{"grants": ["http:a.example"]}` }), "its manifest wants http:a.example, but the module makes no HTTP requests: leave grants out of the manifest, or make the requests"},
		"half a snapshot": {exported(wasmtest.Export{Name: abi.Snapshot, Results: "I", Code: wasmtest.I64(0)}), "it exports one of onstream_snapshot and onstream_restore: it needs both, or none"},
		"other import":    {imported(wasmtest.HostFunc{Module: "env", Name: "system", Params: "i", Results: "i"}), "it imports env.system, which is not given to behaviours"},
		"later import":    {imported(wasmtest.HostFunc{Module: abi.Module, Name: "later"}), "it imports onstream_v1.later, which this onstream does not have: build it for less"},
		"meter":           {imported(wasmtest.HostFunc{Module: "onstream_meter", Name: "tick"}), "it imports onstream_meter.tick, which is not given to behaviours"},
		"type of import":  {imported(wasmtest.HostFunc{Module: abi.Module, Name: "log", Params: "ii"}), "it imports onstream_v1.log as (i32, i32) -> (), it is (i32, i32, i32) -> ()"},
		"state unsaid":    {imported(wasmtest.HostFunc{Module: abi.Module, Name: "state_del", Params: "iiii", Results: "i"}), "it imports state_del, but its manifest has no state: name its namespaces in state.spaces"},
		"timers unheard":  {imported(wasmtest.HostFunc{Module: abi.Module, Name: "timer_set", Params: "iiII", Results: "i"}), "it imports timer_set, but does not export onstream_on_timer"},
		"many loops":      {processing(slices.Repeat([]byte{0x03, 0x40, 0x0b}, 2001), wasmtest.I64(0)).Bytes(), "a function has 2001 loops, at most 2000 are taken"},
		"many branches":   {processing([]byte{0x02, 0x40}, slices.Repeat([]byte{0x41, 0, 0x0d, 0}, 10_001), []byte{0x0b}, wasmtest.I64(0)).Bytes(), "a function has 10001 branches, at most 4000 are taken: divide it"},
		"many labels":     {processing(slices.Repeat(labels(4096), 3), wasmtest.I64(0)).Bytes(), "a function has 12291 branches, at most 4000 are taken: divide it"},
		"loops in loops":  {manyLocals(600, wasmtest.Code(slices.Repeat([]byte{0x03, 0x40}, 100), slices.Repeat([]byte{0x0b}, 100))), "a function has 100 loops in each other and 600 locals, of which the product may be 50000"},
		"spread":          {manyLocals(600, slices.Repeat([]byte{0x03, 0x40, 0x0b}, 600)), "a function has 600 loops, blocks and branches and 600 locals, of which the product may be 300000"},
		"broken manifest": {changed(func(b *wasmtest.Behaviour) { b.Manifest = "{" }), "its manifest: line 1: it is not JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := host.Load(t.Context(), c.module, config())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("it gives %v, not %s", err, c.want)
			}
		})
	}
}

// labels is a block with a table of so many branches, all of them to its end.
func labels(n int) []byte {
	table := binary.AppendU32([]byte{0x02, 0x40, 0x41, 0, 0x0e}, uint32(n))
	return append(append(table, make([]byte, n+1)...), 0x0b)
}

// manyLocals is a behaviour with a function that has so many locals.
func manyLocals(n int, code []byte) []byte {
	i32 := []binary.ValueType{binary.I32}
	return wasmtest.Module{
		Types:   []binary.FuncType{{}, {Params: i32, Results: i32}, {Params: slices.Repeat(i32, 2), Results: []binary.ValueType{binary.I64}}},
		Memory:  &binary.Limits{Min: 1},
		Funcs:   []wasmtest.Func{{Locals: slices.Repeat(i32, n), Code: code}, {Type: 1, Code: wasmtest.I32(0)}, {Type: 2, Code: wasmtest.I64(0)}},
		Exports: []binary.Export{{Name: abi.Memory, Kind: binary.Memory}, {Name: abi.Marker}, {Name: abi.Alloc, Index: 1}, {Name: abi.Process, Index: 2}},
	}.Bytes()
}

// A module that takes too long to compile is given up.
func TestCompileTime(t *testing.T) {
	t.Parallel()
	c := config()
	c.CompileTime = time.Nanosecond
	if _, err := host.Load(t.Context(), processing(echo).Bytes(), c); err == nil || err.Error() != "it takes more than 1ns to compile it: build a smaller one" {
		t.Errorf("it gives %v", err)
	}
}
