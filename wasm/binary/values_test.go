package binary_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"

	"github.com/onstream/onstream/wasm/binary"
	"github.com/onstream/onstream/wasm/wasmtest"
)

func values(t *testing.T, m wasmtest.Module) binary.Values {
	t.Helper()
	d, err := binary.Decode(m.Bytes(), binary.DefaultBounds())
	if err != nil {
		t.Fatal(err)
	}
	v, err := d.Values(0)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestValues(t *testing.T) {
	t.Parallel()
	i32 := []binary.ValueType{binary.I32}
	code := func(parts ...[]byte) []byte { return slices.Concat(parts...) }
	one, drop, call := []byte{0x41, 1}, []byte{0x1a}, []byte{0x10, 1}
	block, end := []byte{0x02, 0x40}, []byte{0x0b}
	set := code(one, []byte{0x21, 0})
	for name, c := range map[string]struct {
		code []byte
		want binary.Values
	}{
		"nothing":                 {nil, binary.Values{}},
		"operands":                {code(bytes.Repeat(one, 5), bytes.Repeat(drop, 5)), binary.Values{Height: 5}},
		"above registers":         {code(bytes.Repeat(one, 10), bytes.Repeat(drop, 10)), binary.Values{Height: 10, Kept: 2}},
		"while another is called": {code(one, one, call, drop, drop, drop), binary.Values{Height: 3, Kept: 2}},
		"before and after a call": {code(one, drop, call, drop, one, drop), binary.Values{Height: 1}},
		"through a table":         {code(one, one, []byte{0x11, 1, 0}, drop, drop), binary.Values{Height: 2, Kept: 1}},
		"locals":                  {code(set, set, one, []byte{0x22, 0}, drop), binary.Values{Height: 1, Kept: 3 + 1}},
		"behind blocks":           {code(block, block, set, end, end), binary.Values{Height: 1, Kept: 1 + 3}},
		"what is not reached":     {code(block, one, one, []byte{0x0c, 0}, bytes.Repeat(drop, 9), end, one, drop), binary.Values{Height: 2}},
		"unreachable":             {code(block, []byte{0}, bytes.Repeat(drop, 9), end), binary.Values{}},
		"either way":              {code(one, []byte{0x04, 0x7f}, one, []byte{0x05}, one, end, drop), binary.Values{Height: 1}},
		"a type of several":       {code([]byte{0x02, 2}, one, one, one, end, drop, drop, drop), binary.Values{Height: 3}},
		"a turn of a loop":        {code(one, []byte{0x03, 0x40}, end, drop), binary.Values{Height: 1, Kept: 1}},
		"vectors":                 {code([]byte{0xfd, 12}, make([]byte, 16), drop), binary.Values{Height: 1, Vectors: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := wasmtest.Module{
				Types: []binary.FuncType{{}, {Results: i32}, {Results: slices.Repeat(i32, 3)}},
				Table: &binary.Limits{Min: 1},
				Funcs: []wasmtest.Func{{Locals: i32, Code: c.code}, {Type: 1, Code: one}},
			}
			if got := values(t, m); got != c.want {
				t.Errorf("it has %+v, not %+v", got, c.want)
			}
		})
	}
}

// instructions are all that have no other effect than to take and give values.
func instructions() (all [][]byte) {
	all = append(all, []byte{0x01}, []byte{0x1a}, []byte{0x1b}, []byte{0x23, 0}, []byte{0x24, 0}, []byte{0x25, 0}, []byte{0x26, 0}, []byte{0x3f, 0}, []byte{0x40, 0})
	for op := byte(0x28); op <= 0x3e; op++ {
		all = append(all, []byte{op, 0, 0})
	}
	for op := byte(0x45); op <= 0xc4; op++ {
		all = append(all, []byte{op})
	}
	all = append(all, []byte{0x43, 0, 0, 0, 0}, []byte{0x44, 0, 0, 0, 0, 0, 0, 0, 0}, []byte{0xd0, 0x70}, []byte{0xd1}, []byte{0xd2, 0})
	for sub, rest := range [][]byte{{}, {}, {}, {}, {}, {}, {}, {}, {0, 0}, {0}, {0, 0}, {0}, {0, 0}, {0}, {0, 0}, {0}, {0}, {0}} {
		all = append(all, append([]byte{0xfc, byte(sub)}, rest...))
	}
	for sub := range 256 {
		op := binary.AppendU32([]byte{0xfd}, uint32(sub))
		switch {
		case sub <= 11 || sub == 92 || sub == 93:
			op = append(op, 0, 0)
		case sub == 12 || sub == 13:
			op = append(op, make([]byte, 16)...)
		case sub >= 21 && sub <= 34:
			op = append(op, 0)
		case sub >= 84 && sub <= 91:
			op = append(op, 0, 0, 0)
		}
		all = append(all, op)
	}
	return all
}

// What an instruction takes and gives is as the compiler has it, for each that the compiler knows.
func TestEffectsAreThoseOfTheCompiler(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	t.Cleanup(func() { _ = r.Close(ctx) }) // it is of no use any more
	types := []binary.ValueType{binary.I32, binary.I64, binary.F32, binary.F64, binary.V128, binary.FuncRef}
	params := [][]binary.ValueType{{}}
	for from := 0; len(params[from]) < 3; from++ {
		for _, typ := range types {
			params = append(params, append(slices.Clone(params[from]), typ))
		}
	}
	results := [][]binary.ValueType{{}}
	for _, typ := range types {
		results = append(results, []binary.ValueType{typ})
	}
	const least = 250 // instructions that are known
	known := 0
	for _, op := range instructions() {
		typ, ok := typeOf(ctx, r, op, params, results)
		if !ok {
			continue
		}
		known++
		// Three more behind what it gives are the most at a time.
		m := using(typ, op)
		m.Funcs[0].Code = append(m.Funcs[0].Code, 0x41, 0, 0x41, 0, 0x41, 0, 0x1a, 0x1a, 0x1a)
		if got, want := values(t, m).Height, len(typ.Results)+3; got != want {
			t.Errorf("%#x is of %d values to %d, and counts as if it gave %d", op, len(typ.Params), len(typ.Results), got-3)
		}
	}
	if known < least {
		t.Errorf("%d are known", known)
	}
}

// using is a module with a function of one instruction.
func using(typ binary.FuncType, op []byte) wasmtest.Module {
	var code []byte
	for i := range typ.Params {
		code = append(code, 0x20, byte(i))
	}
	return wasmtest.Module{
		Types: []binary.FuncType{typ}, Table: &binary.Limits{Min: 1}, Entries: []uint32{0}, Memory: &binary.Limits{Min: 1},
		Globals: []wasmtest.Global{{}}, Exports: []binary.Export{{Name: "f"}}, Data: "data",
		Funcs: []wasmtest.Func{{Code: append(code, op...)}},
	}
}

// typeOf finds the type of an instruction: the one with which the compiler takes it.
func typeOf(ctx context.Context, r wazero.Runtime, op []byte, params, results [][]binary.ValueType) (binary.FuncType, bool) {
	for _, p := range params {
		for _, q := range results {
			typ := binary.FuncType{Params: p, Results: q}
			module := using(typ, op).Bytes()
			c, err := r.CompileModule(ctx, module)
			if err == nil {
				_ = c.Close(ctx) // it has told what it is for
				return typ, true
			}
		}
	}
	return binary.FuncType{}, false
}

// Operands are counted one by one, so there is a bound of them.
func TestTooManyOperands(t *testing.T) {
	t.Parallel()
	code := slices.Concat(bytes.Repeat([]byte{0x41, 1}, 10_001), bytes.Repeat([]byte{0x1a}, 10_001))
	d, err := binary.Decode(wasmtest.Module{Types: []binary.FuncType{{}}, Funcs: []wasmtest.Func{{Code: code}}}.Bytes(), binary.DefaultBounds())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Values(0); err == nil || !strings.HasSuffix(err.Error(), ": a function has more than 10000 operands at a time") {
		t.Errorf("it gives %v", err)
	}
}
