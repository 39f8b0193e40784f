package binary

// A ValueType is the type of a value, as the format writes it.
type ValueType byte

// The value types.
const (
	I32       ValueType = 0x7f
	I64       ValueType = 0x7e
	F32       ValueType = 0x7d
	F64       ValueType = 0x7c
	V128      ValueType = 0x7b
	FuncRef   ValueType = 0x70
	ExternRef ValueType = 0x6f
)

func (t ValueType) known() bool { return t >= V128 && t <= I32 || t.isRef() }

func (t ValueType) isRef() bool { return t == FuncRef || t == ExternRef }

// String returns the type's name in the text format.
func (t ValueType) String() string {
	switch t {
	case I32:
		return "i32"
	case I64:
		return "i64"
	case F32:
		return "f32"
	case F64:
		return "f64"
	case V128:
		return "v128"
	case FuncRef:
		return "funcref"
	case ExternRef:
		return "externref"
	}
	return "unknown"
}

// A FuncType is the type of a function.
type FuncType struct{ Params, Results []ValueType }

// Equal reports whether two types are the same.
func (t FuncType) Equal(o FuncType) bool {
	return string(typeBytes(t.Params)) == string(typeBytes(o.Params)) && string(typeBytes(t.Results)) == string(typeBytes(o.Results))
}

func typeBytes(ts []ValueType) []byte {
	b := make([]byte, len(ts))
	for i, t := range ts {
		b[i] = byte(t)
	}
	return b
}

// A Kind says what is imported or exported.
type Kind byte

// The kinds.
const (
	Func Kind = iota
	Table
	Memory
	Global
)

// String returns the kind's name.
func (k Kind) String() string {
	switch k {
	case Func:
		return "function"
	case Table:
		return "table"
	case Memory:
		return "memory"
	case Global:
		return "global"
	}
	return "unknown"
}

// An Import is something that the module needs.
type Import struct {
	Module, Name string
	Kind         Kind
	Type         uint32 // of a function, its index among the types
	Limits       Limits // of a table or memory
}

// An Export is something that the module offers.
type Export struct {
	Name  string
	Kind  Kind
	Index uint32
}

// Limits are those of a table, in entries, or of a memory, in pages of 64 KiB.
type Limits struct {
	Min, Max uint32
	HasMax   bool
}

// A TableType is the type of a table.
type TableType struct {
	Elem ValueType
	Limits
}

// Code is the body of a function, without its size.
type Code struct {
	Body   []byte // the locals, and the instructions
	Offset int    // of Body in the module
	Locals int    // bytes of Body that the locals take
	// Variables is how many locals there are, without parameters.
	Variables int
}

// A Section is a part of the module as it is written.
type Section struct {
	ID     SectionID
	Name   string // of a custom section
	Data   []byte // without a custom section's name
	Offset int    // of Data in the module
	// Refs is where the section names functions, in order, except in code.
	Refs []Ref
}

// A Ref is the index of a function where it is written.
type Ref struct {
	At, Len int // bytes, from where the part begins that it is in
	Index   uint32
}

// A SectionID says what is in a section.
type SectionID byte

// The sections, as the format numbers them.
const (
	CustomSection SectionID = iota
	TypeSection
	ImportSection
	FunctionSection
	TableSection
	MemorySection
	GlobalSection
	ExportSection
	StartSection
	ElementSection
	CodeSection
	DataSection
	DataCountSection
)

// Module is a module, taken apart. It points into the bytes that it was made of.
type Module struct {
	Sections  []Section
	Types     []FuncType
	Imports   []Import
	Functions []uint32 // the type of each function of its own, by index
	Tables    []TableType
	Memories  []Limits
	Globals   int // of its own
	Exports   []Export
	Start     uint32
	HasStart  bool
	Codes     []Code
}

// Imported returns how many imports of a kind there are.
func (m *Module) Imported(k Kind) int {
	n := 0
	for _, i := range m.Imports {
		if i.Kind == k {
			n++
		}
	}
	return n
}

// FunctionType returns the type of a function, imported or not.
func (m *Module) FunctionType(index uint32) (FuncType, bool) {
	i := int(index)
	for _, x := range m.Imports {
		if x.Kind != Func {
			continue
		}
		if i == 0 {
			return m.Types[x.Type], true
		}
		i--
	}
	if i >= len(m.Functions) {
		return FuncType{}, false
	}
	return m.Types[m.Functions[i]], true
}

// Export returns what is exported by a name.
func (m *Module) Export(name string) (Export, bool) {
	for _, e := range m.Exports {
		if e.Name == name {
			return e, true
		}
	}
	return Export{}, false
}

// Custom returns the first custom section of a name.
func (m *Module) Custom(name string) ([]byte, bool) {
	for _, s := range m.Sections {
		if s.ID == CustomSection && s.Name == name {
			return s.Data, true
		}
	}
	return nil, false
}
