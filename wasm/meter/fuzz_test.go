package meter_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/tetratelabs/wazero"
	"pgregory.net/rapid"

	"github.com/onstream/onstream/wasm/binary"
	"github.com/onstream/onstream/wasm/meter"
	"github.com/onstream/onstream/wasm/wasmtest"
)

// FuzzRewrite rewrites whatever can be taken apart: there is no panic, what comes out is not much longer, and it is a module
// that can be compiled where the other one is.
func FuzzRewrite(f *testing.F) {
	f.Add(wasmtest.Section([]byte("\x00asm\x01\x00\x00\x00"), binary.TableSection, []byte{0}))
	f.Add(wasmtest.Section([]byte("\x00asm\x01\x00\x00\x00"), binary.MemorySection, []byte{0}))
	i32 := []binary.ValueType{binary.I32}
	f.Add(wasmtest.Module{
		Types:  []binary.FuncType{{Params: i32, Results: append(i32, i32...)}},
		Memory: &binary.Limits{Min: 1}, Table: &binary.Limits{Min: 2}, Entries: []uint32{0, 0},
		Funcs:   []wasmtest.Func{{Locals: i32, Code: []byte{0x20, 0, 0x04, 0x40, 0x20, 0, 0x20, 0, 0x0f, 0x0b, 0x20, 0, 0x20, 0, 0x11, 0, 0}}},
		Exports: []binary.Export{{Name: "f"}},
	}.Bytes())
	for seed := range 5 {
		f.Add(rapid.Custom(program).Example(seed))
	}
	// The interpreter is faster at what is looked at here.
	r := wazero.NewRuntimeWithConfig(context.Background(), wazero.NewRuntimeConfigInterpreter())
	f.Cleanup(func() { _ = r.Close(context.Background()) }) // it is of no use any more
	compiles := func(t *testing.T, module []byte) error {
		c, err := r.CompileModule(t.Context(), module)
		if err == nil {
			err = c.Close(t.Context())
		}
		return err
	}
	f.Fuzz(func(t *testing.T, module []byte) {
		m, err := binary.Decode(module, binary.DefaultBounds())
		if err != nil {
			return
		}
		c := config
		c.Bounds = meter.Bounds{Loops: 100, Blocks: 100, Branches: 100, Bulk: 100, Calls: 100, Spread: 1000, Nested: 100}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		out, err := meter.Rewrite(m, c)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20+1000*uint64(len(module)) {
			t.Errorf("to rewrite %d bytes took %d of memory", len(module), took)
		}
		if err != nil {
			return
		}
		if len(out) > 200+40*len(module) {
			t.Errorf("%d bytes have become %d", len(module), len(out))
		}
		if compiles(t, module) == nil {
			if err := compiles(t, out); err != nil {
				t.Errorf("the module compiles, and rewritten it does not: %v", err)
			}
		}
	})
}
