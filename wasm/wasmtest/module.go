// Package wasmtest makes small WebAssembly modules for tests, also ones that no compiler makes.
package wasmtest

import "github.com/onstream/onstream/wasm/binary"

// A Module is what a test says of a module; [Module.Bytes] writes it.
type Module struct {
	Types   []binary.FuncType
	Imports []Import
	Funcs   []Func
	Table   *binary.Limits // of functions
	Entries []uint32       // of the table, from 0
	Memory  *binary.Limits
	Globals []Global
	Exports []binary.Export
	Start   *uint32
	Data    string // from address 0
	Customs []Custom
}

// An Import is an imported function.
type Import struct {
	Module, Name string
	Type         uint32
}

// A Func is a function of the module's own.
type Func struct {
	Type   uint32
	Locals []binary.ValueType
	Code   []byte // without the end
}

// A Global is a variable of type i32.
type Global struct{ Init int32 }

// A Custom is a custom section.
type Custom struct {
	Name string
	Data []byte
}

// Bytes returns the module in the binary format.
func (m Module) Bytes() []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	out = section(out, binary.TypeSection, len(m.Types), func(b []byte, i int) []byte {
		return valueTypes(valueTypes(append(b, 0x60), m.Types[i].Params), m.Types[i].Results)
	})
	out = section(out, binary.ImportSection, len(m.Imports), func(b []byte, i int) []byte {
		x := m.Imports[i]
		b = binary.AppendName(binary.AppendName(b, x.Module), x.Name)
		return binary.AppendU32(append(b, byte(binary.Func)), x.Type)
	})
	out = section(out, binary.FunctionSection, len(m.Funcs), func(b []byte, i int) []byte { return binary.AppendU32(b, m.Funcs[i].Type) })
	if m.Table != nil {
		out = section(out, binary.TableSection, 1, func(b []byte, _ int) []byte { return limits(append(b, byte(binary.FuncRef)), *m.Table) })
	}
	if m.Memory != nil {
		out = section(out, binary.MemorySection, 1, func(b []byte, _ int) []byte { return limits(b, *m.Memory) })
	}
	out = section(out, binary.GlobalSection, len(m.Globals), func(b []byte, i int) []byte {
		return append(binary.AppendS32(append(b, byte(binary.I32), 1, 0x41), m.Globals[i].Init), 0x0b)
	})
	out = section(out, binary.ExportSection, len(m.Exports), func(b []byte, i int) []byte {
		x := m.Exports[i]
		return binary.AppendU32(append(binary.AppendName(b, x.Name), byte(x.Kind)), x.Index)
	})
	if m.Start != nil {
		out = Section(out, binary.StartSection, binary.AppendU32(nil, *m.Start))
	}
	if len(m.Entries) > 0 {
		out = section(out, binary.ElementSection, 1, func(b []byte, _ int) []byte {
			b = binary.AppendU32(append(b, 0, 0x41, 0, 0x0b), uint32(len(m.Entries)))
			for _, e := range m.Entries {
				b = binary.AppendU32(b, e)
			}
			return b
		})
	}
	out = section(out, binary.CodeSection, len(m.Funcs), func(b []byte, i int) []byte { return m.Funcs[i].append(b) })
	if m.Data != "" {
		out = section(out, binary.DataSection, 1, func(b []byte, _ int) []byte { return binary.AppendName(append(b, 0, 0x41, 0, 0x0b), m.Data) })
	}
	for _, c := range m.Customs {
		out = Section(out, binary.CustomSection, append(binary.AppendName(nil, c.Name), c.Data...))
	}
	return out
}

func (f Func) append(b []byte) []byte {
	body := binary.AppendU32(nil, uint32(len(f.Locals)))
	for _, t := range f.Locals {
		body = append(body, 1, byte(t))
	}
	body = append(append(body, f.Code...), 0x0b)
	return append(binary.AppendU32(b, uint32(len(body))), body...)
}

// Section appends a section as it is given.
func Section(out []byte, id binary.SectionID, data []byte) []byte {
	return append(binary.AppendU32(append(out, byte(id)), uint32(len(data))), data...)
}

// section appends a section of so many things, none where there are none.
func section(out []byte, id binary.SectionID, n int, add func([]byte, int) []byte) []byte {
	if n == 0 {
		return out
	}
	b := binary.AppendU32(nil, uint32(n))
	for i := range n {
		b = add(b, i)
	}
	return Section(out, id, b)
}

func valueTypes(b []byte, ts []binary.ValueType) []byte {
	b = binary.AppendU32(b, uint32(len(ts)))
	for _, t := range ts {
		b = append(b, byte(t))
	}
	return b
}

func limits(b []byte, l binary.Limits) []byte {
	if !l.HasMax {
		return binary.AppendU32(append(b, 0), l.Min)
	}
	return binary.AppendU32(binary.AppendU32(append(b, 1), l.Min), l.Max)
}
