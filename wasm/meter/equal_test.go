package meter_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero/api"
	"pgregory.net/rapid"

	"github.com/onstream/onstream/wasm/binary"
	"github.com/onstream/onstream/wasm/meter"
	"github.com/onstream/onstream/wasm/wasmtest"
)

const (
	locals    = 4 // of each function of a program, the first its parameter
	functions = 5
)

// program draws a module of functions i32 -> i32 that call those behind them,
// directly and through a table, in loops that end.
func program(t *rapid.T) []byte {
	i32 := []binary.ValueType{binary.I32}
	m := wasmtest.Module{
		Types:   []binary.FuncType{{Params: i32, Results: i32}},
		Memory:  &binary.Limits{Min: 1},
		Table:   &binary.Limits{Min: functions},
		Globals: []wasmtest.Global{{Init: 1}},
	}
	if rapid.Bool().Draw(t, "imports") {
		m.Imports = []wasmtest.Import{{Module: "host", Name: "mix", Type: 0}}
	}
	first := uint32(len(m.Imports))
	for f := range uint32(functions) {
		g := &generator{t: t, imports: first, self: f, budget: 30}
		g.statements(2)
		g.value(2)
		m.Funcs = append(m.Funcs, wasmtest.Func{Locals: slices.Repeat(i32, locals-1+2), Code: g.code})
		m.Exports = append(m.Exports, binary.Export{Name: string(rune('a' + f)), Index: first + f})
		m.Entries = append(m.Entries, first+f)
	}
	return m.Bytes()
}

// generator draws the code of a function.
type generator struct {
	t       *rapid.T
	imports uint32
	self    uint32
	budget  int // statements and values that may still be drawn
	loops   byte
	nesting byte // blocks around, without loops
	code    []byte
}

func (g *generator) pick(n int) int {
	if g.budget--; g.budget <= 0 {
		return 0
	}
	return rapid.IntRange(0, n-1).Draw(g.t, "pick")
}

func (g *generator) local() byte { return byte(rapid.IntRange(0, locals-1).Draw(g.t, "local")) }

func (g *generator) emit(b ...byte) { g.code = append(g.code, b...) }

func (g *generator) statements(depth int) {
	for range rapid.IntRange(0, 4).Draw(g.t, "statements") {
		switch g.pick(7) {
		case 0, 1:
			g.value(depth)
			g.emit(0x21, g.local()) // local.set
		case 2:
			g.value(depth)
			g.emit(0x24, 0) // global.set
		case 3:
			if depth > 0 {
				g.value(depth - 1)
				g.emit(0x04, 0x40) // if
				g.nesting++
				g.statements(depth - 1)
				g.emit(0x05) // else
				g.statements(depth - 1)
				g.nesting--
				g.emit(0x0b)
			}
		case 4:
			g.address()
			g.value(depth)
			g.emit(0x36, 2, 0) // i32.store
		case 5:
			if depth > 0 && g.loops < 2 {
				g.loop(depth)
			}
		case 6:
			g.value(depth)
			g.emit(0x04, 0x40) // if
			g.value(0)
			if g.loops == 0 && rapid.Bool().Draw(g.t, "branch") {
				g.emit(0x0c, g.nesting+1) // br, to what is around the function
			} else {
				g.emit(0x0f) // return
			}
			g.emit(0x0b)
		}
	}
}

// loop counts a local of its own down.
func (g *generator) loop(depth int) {
	counter := byte(locals) + g.loops
	g.loops++
	g.emit(0x41, byte(rapid.IntRange(1, 30).Draw(g.t, "turns")), 0x21, counter)
	g.emit(0x03, 0x40) // loop
	g.statements(depth - 1)
	g.emit(0x20, counter, 0x41, 1, 0x6b, 0x22, counter, 0x0d, 0) // br_if
	g.emit(0x0b)
	g.loops--
}

// address is one of the memory, in most cases.
func (g *generator) address() {
	g.value(0)
	if rapid.IntRange(0, 20).Draw(g.t, "outside") > 0 {
		g.emit(0x41, 0xff, 0x01, 0x71) // i32.and 255
	}
}

func (g *generator) value(depth int) {
	if depth <= 0 {
		g.emit(0x20, g.local())
		return
	}
	switch g.pick(8) {
	case 0:
		g.emit(0x20, g.local())
	case 1:
		g.emit(0x41)
		g.code = binary.AppendS32(g.code, rapid.Int32().Draw(g.t, "constant"))
	case 2, 3:
		g.value(depth - 1)
		g.value(depth - 1)
		// add, sub, mul, div_s, rem_u, and, xor, shl, lt_s, eq
		g.emit(rapid.SampledFrom([]byte{0x6a, 0x6b, 0x6c, 0x6d, 0x70, 0x71, 0x73, 0x74, 0x48, 0x46}).Draw(g.t, "operator"))
	case 4:
		g.emit(0x23, 0) // global.get
	case 5:
		g.address()
		g.emit(0x28, 2, 0) // i32.load
	case 6:
		g.value(depth - 1)
		if g.imports > 0 && rapid.Bool().Draw(g.t, "host") {
			g.emit(0x10, 0) // call
		} else if g.self+1 < functions {
			g.emit(0x10, byte(g.imports+g.self+1))
		}
	case 7:
		g.value(depth - 1)
		if g.self+1 < functions {
			g.emit(0x41, byte(rapid.IntRange(int(g.self)+1, functions-1).Draw(g.t, "entry")), 0x11, 0, 0) // call_indirect
		}
	}
}

// outcome is what a module does with some arguments.
func outcome(t testing.TB, module []byte) string {
	m := start(t, module, func() {})
	var says []string
	for f := range functions {
		for _, arg := range []int32{0, -1, 77} {
			out, err := m.ExportedFunction(string(rune('a'+f))).Call(context.Background(), api.EncodeI32(arg))
			text, _, _ := strings.Cut(errText(err), "\n")
			for _, v := range out {
				text += " " + string(binary.AppendU32(nil, uint32(v)))
			}
			says = append(says, text)
		}
	}
	return strings.Join(says, ";")
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Programs do the same with and without metering, also where they trap.
func TestRewrittenProgramsAreEqual(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		module := program(rt)
		c := config
		c.Steps = rapid.SampledFrom([]int32{1, 2, 7, 100_000}).Draw(rt, "steps")
		if got, want := outcome(t, rewrite(t, module, c)), outcome(t, module); got != want {
			rt.Errorf("metered it gives %q, otherwise %q", got, want)
		}
	})
}

// Whatever repeats something without end is stopped: a loop, a recursion that does not
// use the stack up because it comes back, and what a module does at its start.
func TestKill(t *testing.T) {
	t.Parallel()
	loop := []byte{0x03, 0x40, 0x0c, 0, 0x0b}
	for name, m := range map[string]wasmtest.Module{
		"loop": {Funcs: []wasmtest.Func{{Code: loop}}},
		"calls": {Funcs: []wasmtest.Func{ // 2^40 of them
			{Code: []byte{0x41, 40, 0x10, 1}},
			{Type: 1, Code: []byte{0x20, 0, 0x45, 0x45, 0x04, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x10, 1, 0x20, 0, 0x41, 1, 0x6b, 0x10, 1, 0x0b}},
		}},
		"calls through a table": {Table: &binary.Limits{Min: 2}, Entries: []uint32{0, 1}, Funcs: []wasmtest.Func{
			{Code: []byte{0x41, 40, 0x10, 1}},
			{Type: 1, Code: []byte{0x20, 0, 0x45, 0x45, 0x04, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x41, 1, 0x11, 1, 0, 0x20, 0, 0x41, 1, 0x6b, 0x41, 1, 0x11, 1, 0, 0x0b}},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m.Types = []binary.FuncType{{}, {Params: []binary.ValueType{binary.I32}}}
			m.Exports = []binary.Export{{Name: "f"}}
			ticks := 0
			guest := start(t, rewrite(t, m.Bytes(), config), func() {
				if ticks++; ticks == 10 {
					panic(errKilled)
				}
			})
			if _, err := guest.ExportedFunction("f").Call(t.Context()); !errors.Is(err, errKilled) {
				t.Errorf("it ends with %v", err)
			}
		})
	}
}

// What copies much at once counts for as much as it copies.
func TestBulk(t *testing.T) {
	t.Parallel()
	const pages, times = 128, 10
	var code []byte
	for k := range times {
		code = append(code, 0x41, 0, 0x41, 7) // to 0 from or with 7
		code = binary.AppendS32(append(code, 0x41), pages<<16-7)
		if k%2 == 0 {
			code = append(code, 0xfc, 11, 0) // memory.fill
		} else {
			code = append(code, 0xfc, 10, 0, 0) // memory.copy
		}
	}
	m := wasmtest.Module{
		Types: []binary.FuncType{{}}, Memory: &binary.Limits{Min: pages},
		Funcs: []wasmtest.Func{{Code: code}}, Exports: []binary.Export{{Name: "f"}},
	}
	ticks := 0
	guest := start(t, rewrite(t, m.Bytes(), config), func() { ticks++ })
	if _, err := guest.ExportedFunction("f").Call(t.Context()); err != nil || ticks != times {
		t.Errorf("it ticks %d times, and ends with %v", ticks, err)
	}
	if b, ok := guest.Memory().ReadByte(100); !ok || b != 7 {
		t.Errorf("the memory has %d", b)
	}
}

// Functions that are too much for a compiler are refused.
func TestTooComplicated(t *testing.T) {
	t.Parallel()
	for want, code := range map[string][]byte{
		"a function has 4 loops, at most 3 are taken: divide it":                                          slices.Repeat([]byte{0x03, 0x40, 0x0b}, 4),
		"a function has 6 calls, at most 5 are taken":                                                     slices.Repeat([]byte{0x10, 0}, 6),
		"a function has 6 branches, at most 5 are taken":                                                  append([]byte{0x02, 0x40, 0x0c, 0, 0x0b, 0x02, 0x40, 0x41, 0, 0x0e, 4}, 0, 0, 0, 0, 0, 0x0b),
		"a function has 3 loops in each other and 3 locals, of which the product may be 8":                append(slices.Repeat([]byte{0x03, 0x40}, 3), 0x0b, 0x0b, 0x0b),
		"a function has 3 instructions that copy or fill, at most 2 are taken":                            slices.Repeat([]byte{0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 11, 0}, 3),
		"a function has 9 blocks, at most 8 are taken":                                                    slices.Repeat([]byte{0x02, 0x40, 0x0b}, 9),
		"a function has 7 loops, blocks and branches and 3 locals, of which the product may be 20: divid": append(slices.Repeat([]byte{0x41, 0, 0x04, 0x40, 0x0b}, 6), 0x03, 0x40, 0x0b),
	} {
		m, err := binary.Decode(wasmtest.Module{
			Types: []binary.FuncType{{}}, Funcs: []wasmtest.Func{{Locals: []binary.ValueType{binary.I32, binary.I32, binary.I64}, Code: code}},
		}.Bytes(), binary.DefaultBounds())
		if err != nil {
			t.Fatal(err)
		}
		c := config
		c.Loops, c.Blocks, c.Spread, c.Calls, c.Branches, c.Nested, c.Bulk = 3, 8, 20, 5, 5, 8, 2
		if len(code) == 12 || len(code) == 27 {
			c.Spread = 0
		}
		if _, err := meter.Rewrite(m, c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("it gives %v, not %s", err, want)
		}
	}
}

// A memory has the limit that is asked for, or less.
func TestLimits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		memory      binary.Limits
		pages, want uint32
	}{
		{binary.Limits{Min: 1}, 5, 5},
		{binary.Limits{Min: 1, Max: 3, HasMax: true}, 5, 3},
		{binary.Limits{Min: 1, Max: 65_536, HasMax: true}, 5, 5},
	} {
		m := wasmtest.Module{Memory: &c.memory}
		got, err := binary.Decode(rewrite(t, m.Bytes(), meter.Config{Pages: c.pages, Steps: 1}), binary.DefaultBounds())
		if err != nil {
			t.Fatal(err)
		}
		if l := got.Memories[0]; l.Max != c.want || !l.HasMax || l.Min != 1 {
			t.Errorf("%v becomes %v, with %d at most", c.memory, l, c.pages)
		}
	}
	m, err := binary.Decode(wasmtest.Module{Memory: &binary.Limits{Min: 17}}.Bytes(), binary.DefaultBounds())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := meter.Rewrite(m, meter.Config{Pages: 16, Steps: 1}); err == nil || err.Error() != "it begins with 1.1 MiB of memory, and may have 1.0 MiB" {
		t.Errorf("a large memory gives %v", err)
	}
}

// How deep calls nest is limited, and what they have taken of the stack they give back, in whatever way they end.
func TestDepth(t *testing.T) {
	t.Parallel()
	i32 := []binary.ValueType{binary.I32}
	pair := binary.FuncType{Params: i32, Results: []binary.ValueType{binary.I32, binary.I64}}
	fall := func(end ...byte) []byte { // f(n) is f(n-1) unless n is 0
		code := []byte{0x20, 0, 0x45, 0x04, 0x40, 0x41, 7}
		return append(append(code, end...), 0x0b, 0x20, 0, 0x41, 1, 0x6b, 0x10, 0)
	}
	for name, f := range map[string]struct {
		typ  binary.FuncType
		code []byte
	}{
		"return":            {binary.FuncType{Params: i32, Results: i32}, fall(0x0f)},
		"branch":            {binary.FuncType{Params: i32, Results: i32}, fall(0x0c, 1)},
		"several values":    {pair, fall(0x42, 5, 0x0f)},
		"nothing":           {binary.FuncType{Params: i32}, fall(0x1a, 0x0f)},
		"no return":         {binary.FuncType{Params: i32}, []byte{0x20, 0, 0x04, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x10, 0, 0x0b}},
		"table of branches": {binary.FuncType{Params: i32}, []byte{0x02, 0x40, 0x20, 0, 0x45, 0x0e, 1, 0, 1, 0x0b, 0x20, 0, 0x41, 1, 0x6b, 0x10, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := wasmtest.Module{
				Types: []binary.FuncType{f.typ}, Funcs: []wasmtest.Func{{Code: f.code}}, Exports: []binary.Export{{Name: "f"}},
			}
			c := config
			c.Stack = 100 * (16 + 1 + 2) // a frame has 16 values, a parameter and two operands
			deep := false
			guest := start(t, rewrite(t, m.Bytes(), c), func() { deep = true; panic(errKilled) })
			call := func(n int32) error {
				_, err := guest.ExportedFunction("f").Call(t.Context(), api.EncodeI32(n))
				return err
			}
			for range 3 { // each gives back what it has taken
				if err := call(99); err != nil {
					t.Fatal(err)
				}
			}
			if err := call(100); !errors.Is(err, errKilled) || !deep {
				t.Errorf("one more ends with %v", err)
			}
		})
	}
}

// What counts is how many instructions there are, wherever they stand.
func TestLongCode(t *testing.T) {
	t.Parallel()
	const (
		long  = 50_000
		turns = 100
		steps = 1000
	)
	straight := slices.Repeat([]byte{0x01}, long) // nop
	loop := func(body ...byte) []byte {           // turns times
		code := append([]byte{0x41, 0xe4, 0, 0x21, 0, 0x03, 0x40}, body...)
		return append(code, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b)
	}
	i32 := []binary.ValueType{binary.I32}
	for name, funcs := range map[string][]wasmtest.Func{
		"in a loop":     {{Locals: i32, Code: loop(straight...)}},
		"in a function": {{Locals: i32, Code: loop(0x10, 1)}, {Code: straight}},
		"with branches": {{Locals: i32, Code: loop(0x10, 1)}, {Code: append([]byte{0x02, 0x40}, append(straight, 0x0b)...)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := wasmtest.Module{Types: []binary.FuncType{{}}, Funcs: funcs, Exports: []binary.Export{{Name: "f"}}}
			ticks := 0
			c := config
			c.Steps = steps
			guest := start(t, rewrite(t, m.Bytes(), c), func() { ticks++ })
			if _, err := guest.ExportedFunction("f").Call(t.Context()); err != nil {
				t.Fatal(err)
			}
			if want := turns * long / 64 / steps; ticks < want/2 || ticks > want+want/10 { // what is left of the steps is lost each time
				t.Errorf("there are %d ticks for %d times %d instructions, not %d", ticks, turns, long, want)
			}
		})
	}
}
