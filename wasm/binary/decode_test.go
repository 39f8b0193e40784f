package binary_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/onstream/onstream/wasm/binary"
	"github.com/onstream/onstream/wasm/wasmtest"
)

// plain is a module that is in order.
func plain() wasmtest.Module {
	return wasmtest.Module{
		Types:   []binary.FuncType{{}, {Params: []binary.ValueType{binary.I32}, Results: []binary.ValueType{binary.I32}}},
		Imports: []wasmtest.Import{{Module: "host", Name: "f", Type: 0}},
		Funcs:   []wasmtest.Func{{Type: 1, Locals: []binary.ValueType{binary.I64}, Code: []byte{0x20, 0}}, {Type: 0, Code: []byte{0x10, 0}}},
		Table:   &binary.Limits{Min: 2},
		Entries: []uint32{1, 2},
		Memory:  &binary.Limits{Min: 1, Max: 3, HasMax: true},
		Globals: []wasmtest.Global{{Init: -70_000}},
		Exports: []binary.Export{{Name: "id", Kind: binary.Func, Index: 1}, {Name: "memory", Kind: binary.Memory}},
		Data:    "text",
		Customs: []wasmtest.Custom{{Name: "about", Data: []byte("it")}},
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	m, err := binary.Decode(plain().Bytes(), binary.DefaultBounds())
	if err != nil {
		t.Fatal(err)
	}
	if ft, ok := m.FunctionType(1); !ok || !ft.Equal(binary.FuncType{Params: []binary.ValueType{binary.I32}, Results: []binary.ValueType{binary.I32}}) {
		t.Errorf("function 1 has the type %v, %v", ft, ok)
	}
	if ft, ok := m.FunctionType(0); !ok || len(ft.Params) != 0 {
		t.Errorf("function 0 has the type %v, %v", ft, ok)
	}
	if _, ok := m.FunctionType(3); ok {
		t.Error("there is a function 3")
	}
	if e, ok := m.Export("id"); !ok || e.Index != 1 || e.Kind != binary.Func {
		t.Errorf("id is %v, %v", e, ok)
	}
	if about, ok := m.Custom("about"); !ok || string(about) != "it" {
		t.Errorf("about is %q, %v", about, ok)
	}
	if got := m.Memories[0]; got != (binary.Limits{Min: 1, Max: 3, HasMax: true}) {
		t.Errorf("the memory is %v", got)
	}
	var kinds []binary.EventKind
	if err := m.Codes[1].Walk(func(e binary.Event) { kinds = append(kinds, e.Kind) }); err != nil || len(kinds) != 2 || kinds[0] != binary.Call || kinds[1] != binary.End {
		t.Errorf("function 2 has %v, %v", kinds, err)
	}
}

// What would cost much, or is not what it says, is refused with its place.
func TestRefusals(t *testing.T) {
	t.Parallel()
	most := []byte{0xff, 0xff, 0xff, 0xff, 0x0f}
	header := []byte("\x00asm\x01\x00\x00\x00")
	bomb := func(id binary.SectionID) []byte { return wasmtest.Section(header[:8:8], id, most) }
	code := func(code ...byte) []byte {
		m := plain()
		m.Funcs[0].Code = code
		return m.Bytes()
	}
	changed := func(change func(*wasmtest.Module)) []byte {
		m := plain()
		change(&m)
		return m.Bytes()
	}
	component := []byte("\x00asm\x0d\x00\x01\x00")
	cases := []struct {
		name string
		data []byte
		want string
	}{
		{"nothing", nil, `it is not WebAssembly: it does not begin with \0asm`},
		{"text", []byte("(module)"), "it is not WebAssembly"},
		{"component", component, "it is a component of the component model, not a core module"},
		{"version", []byte("\x00asm\x02\x00\x00\x00"), "it is of version 2 of the format, 1 is known"},
		{"cut off", plain().Bytes()[:40], "it ends too early"},
		{"types", bomb(binary.TypeSection), "offset 0xf: it says that it has 4294967295 types, for which it is too short"},
		{"imports", bomb(binary.ImportSection), "4294967295 imports, for which it is too short"},
		{"functions", bomb(binary.FunctionSection), "4294967295 functions, for which it is too short"},
		{"globals", bomb(binary.GlobalSection), "4294967295 globals, for which it is too short"},
		{"exports", bomb(binary.ExportSection), "4294967295 exports, for which it is too short"},
		{"elements", bomb(binary.ElementSection), "4294967295 element segments, for which it is too short"},
		{"bodies", bomb(binary.CodeSection), "4294967295 bodies of functions, for which it is too short"},
		{"data", bomb(binary.DataSection), "4294967295 data segments, for which it is too short"},
		{"locals", changed(func(m *wasmtest.Module) {
			for range 10_001 {
				m.Funcs[0].Locals = append(m.Funcs[0].Locals, binary.V128)
			}
		}), "a function has 10001 locals or more, at most 10000 are taken"},
		{"group of locals", wasmtest.Section(wasmtest.Section(wasmtest.Section(header[:8:8], binary.TypeSection, []byte{1, 0x60, 0, 0}), binary.FunctionSection, []byte{1, 0}),
			binary.CodeSection, append(append([]byte{1, 8, 1}, most...), 0x7f, 0x0b)), "a function has 4294967295 locals or more"},
		{"table", changed(func(m *wasmtest.Module) { m.Table.Min = 10_001 }), "its table has 10001 entries, at most 10000 are taken"},
		{"memory", changed(func(m *wasmtest.Module) { m.Memory.Max = 65_537 }), "a memory or table begins with 1 and ends with 65537"},
		{"shared memory", wasmtest.Section(header[:8:8], binary.MemorySection, []byte{1, 3, 1, 1}), "shared, or of 64 bits"},
		{"two memories", wasmtest.Section(header[:8:8], binary.MemorySection, []byte{2, 0, 1, 0, 1}), "it has 2 memories, at most 1 are taken"},
		{"type of a function", changed(func(m *wasmtest.Module) { m.Funcs[0].Type = 9 }), "a function has the type 9, there are 2"},
		{"export of nothing", changed(func(m *wasmtest.Module) { m.Exports[0].Index = 3 }), "function 3 is named, there are 3"},
		{"exported twice", changed(func(m *wasmtest.Module) { m.Exports[1].Name = "id" }), `"id" is exported twice`},
		{"section twice", append(plain().Bytes(), bomb(binary.TypeSection)[8:]...), "section 1 is there twice, or not in its place"},
		{"unknown section", wasmtest.Section(header[:8:8], 13, nil), "there is a section of the unknown kind 13"},
		{"long section", wasmtest.Section(header[:8:8], binary.StartSection, []byte{0, 0}), "section 8 is longer than what is in it"},
		{"bodies without functions", wasmtest.Section(header[:8:8], binary.CodeSection, []byte{1, 2, 0, 0x0b}), "it has 0 functions and 1 bodies"},
		{"tail call", code(0x12, 0), "there is the instruction 0x12, which is not known: build the module for WebAssembly 2.0"},
		{"threads", code(0xfe, 0), "there is the instruction 0xfe, which is not known"},
		{"relaxed vectors", code(0xfd, 0x80, 0x02), "there is the vector instruction 256, which is not known"},
		{"no end", code(0x02, 0x40), "it ends too early"},
		{"behind the end", code(0x0b, 0x01), "there are instructions behind the end of a function"},
		{"labels", code(append([]byte{0x0e}, most...)...), "4294967295 labels, for which it is too short"},
		{"long number", code(0x41, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00), "a number is longer than its type"},
		{"a number of too many bits", code(0x41, 0xff, 0xff, 0xff, 0xff, 0x0f), "a number is longer than its type"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m, err := binary.Decode(c.data, binary.DefaultBounds())
			for i := 0; err == nil && i < len(m.Codes); i++ {
				err = m.Codes[i].Walk(func(binary.Event) {})
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("it gives %v, not %s", err, c.want)
			}
		})
	}
	if _, err := binary.Decode(component, binary.DefaultBounds()); !errors.Is(err, binary.ErrComponent) {
		t.Errorf("a component gives %v", err)
	}
	large := append(header[:8:8], make([]byte, 8<<20)...)
	if _, err := binary.Decode(large, binary.DefaultBounds()); err == nil || !strings.Contains(err.Error(), "it has 8388616 bytes, at most 8388608 are taken") {
		t.Errorf("a large module gives %v", err)
	}
}

// FuzzDecode gives any bytes: there is no panic, and the memory that is taken is
// bounded by their number.
func FuzzDecode(f *testing.F) {
	f.Add(plain().Bytes())
	f.Add(wasmtest.Section([]byte("\x00asm\x01\x00\x00\x00"), binary.ImportSection, []byte{0xff, 0xff, 0xff, 0xff, 0x0f}))
	f.Add([]byte("\x00asm\x0d\x00\x01\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := binary.Decode(data, binary.DefaultBounds())
		if err == nil {
			for i := range m.Codes {
				if m.Codes[i].Walk(func(e binary.Event) {
					if e.At > len(m.Codes[i].Body) || e.Ref.At+e.Ref.Len > len(m.Codes[i].Body) {
						t.Errorf("an event is at %d of %d", e.At, len(m.Codes[i].Body))
					}
				}) != nil {
					break
				}
			}
		}
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20+200*uint64(len(data)) {
			t.Errorf("%d bytes took %d of memory", len(data), took)
		}
	})
}
