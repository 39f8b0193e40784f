package wasmtest

import (
	"slices"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/binary"
)

// A Behaviour is a module of the interface onstream_v1 whose functions are given as code. Its input is always at
// [Arena], and its data at 0.
type Behaviour struct {
	Imports  []HostFunc
	Funcs    []Export // besides onstream_alloc, which may be replaced
	Start    []byte   // the code of the start function, nil for none
	Data     string
	Pages    uint32 // of memory, 64 unless given
	Manifest string
	Globals  int // of type i32, from 0
}

// Arena is where the input of a Behaviour is.
const Arena = 1 << 20

// A HostFunc is an imported function, with its type in letters: "iIF" for an i32, an i64 and an f64.
type HostFunc struct{ Module, Name, Params, Results string }

// An Export is an exported function; it has two locals of type i32 and one of type i64 behind its parameters.
type Export struct {
	Name, Params, Results string
	Code                  []byte
}

// Bytes returns the module in the binary format.
func (b Behaviour) Bytes() []byte {
	pages := b.Pages
	if pages == 0 {
		pages = 64
	}
	m := Module{Memory: &binary.Limits{Min: pages}, Data: b.Data, Globals: make([]Global, b.Globals)}
	m.Exports = append(m.Exports, binary.Export{Name: abi.Memory, Kind: binary.Memory})
	for _, x := range b.Imports {
		m.Imports = append(m.Imports, Import{x.Module, x.Name, m.typeOf(x.Params, x.Results)})
	}
	add := func(x Export) {
		index := uint32(len(m.Imports) + len(m.Funcs))
		m.Funcs = append(m.Funcs, Func{Type: m.typeOf(x.Params, x.Results), Locals: []binary.ValueType{binary.I32, binary.I32, binary.I64}, Code: x.Code})
		if x.Name != "" {
			m.Exports = append(m.Exports, binary.Export{Name: x.Name, Index: index})
		}
	}
	add(Export{Name: abi.Marker})
	if !slices.ContainsFunc(b.Funcs, func(x Export) bool { return x.Name == abi.Alloc }) {
		add(Export{abi.Alloc, "i", "i", I32(Arena)})
	}
	for _, x := range b.Funcs {
		add(x)
	}
	if b.Start != nil {
		start := uint32(len(m.Imports) + len(m.Funcs))
		m.Start = &start
		add(Export{Code: b.Start})
	}
	if b.Manifest != "" {
		m.Customs = append(m.Customs, Custom{abi.ManifestSection, []byte(b.Manifest)})
	}
	return m.Bytes()
}

// typeOf returns the index of a type, which is added if it is not there.
func (m *Module) typeOf(params, results string) uint32 {
	t := binary.FuncType{Params: letters(params), Results: letters(results)}
	i := slices.IndexFunc(m.Types, t.Equal)
	if i < 0 {
		i = len(m.Types)
		m.Types = append(m.Types, t)
	}
	return uint32(i)
}

func letters(text string) []binary.ValueType {
	var ts []binary.ValueType
	for _, l := range text {
		ts = append(ts, map[rune]binary.ValueType{'i': binary.I32, 'I': binary.I64, 'F': binary.F64}[l])
	}
	return ts
}

// I32 is the code that makes a number.
func I32(v int32) []byte { return binary.AppendS32([]byte{0x41}, v) }

// I64 is the code that makes a number.
func I64(v int64) []byte {
	b := []byte{0x42}
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

// CallOf is the code that calls a function by its index: imports first, then the marker, then the others.
func CallOf(index uint32) []byte { return binary.AppendU32([]byte{0x10}, index) }

// Code joins pieces of code.
func Code(parts ...[]byte) []byte { return slices.Concat(parts...) }
