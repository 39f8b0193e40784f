package extism_test

import (
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/wasm/foreign/extism"
	"github.com/onstream/onstream/wasm/foreign/foreigntest"
	"github.com/onstream/onstream/wasm/host"
	"github.com/onstream/onstream/wasm/wasmtest"
)

// The functions that the plug-ins of these tests import, by their index.
const (
	inputOffset = iota
	inputLength
	outputSet
	errorSet
	alloc
	free
	load
	store
	length
	varGet
	varSet
	inputLoad
	configGet
)

func imports() []wasmtest.HostFunc {
	f := func(name, params, results string) wasmtest.HostFunc {
		return wasmtest.HostFunc{Module: extism.Module, Name: name, Params: params, Results: results}
	}
	return []wasmtest.HostFunc{
		f("input_offset", "", "I"), f("input_length", "", "I"), f("output_set", "II", ""), f("error_set", "I", ""), f("alloc", "I", "I"), f("free", "I", ""),
		f("load_u64", "I", "I"), f("store_u64", "II", ""), f("length", "I", "I"), f("var_get", "I", "I"), f("var_set", "II", ""),
		f("input_load_u64", "I", "I"), f("config_get", "I", "I"),
	}
}

func call(index uint32, args ...[]byte) []byte {
	return wasmtest.Code(wasmtest.Code(args...), wasmtest.CallOf(index))
}

var drop = []byte{0x1a}

// run makes a guest whose function is this code; local 2 is an i64.
func run(t *testing.T, l host.Limits, code ...[]byte) func(rows ...string) string {
	t.Helper()
	b := wasmtest.Behaviour{Imports: imports(), Funcs: []wasmtest.Export{{Name: "run", Results: "i", Code: wasmtest.Code(code...)}}}
	g := foreigntest.Start(t, foreigntest.Load(t, b.Bytes(), extism.Interface(), l), extism.New, "run")
	t.Cleanup(g.Discard)
	return func(rows ...string) string { return foreigntest.Give(t, g, rows...) }
}

func limits() host.Limits {
	l := host.DefaultLimits()
	l.Time = 50 * time.Millisecond
	return l
}

var (
	ok   = wasmtest.I32(0)
	echo = call(outputSet, call(inputOffset), call(inputLength))
)

// What a plug-in returns is the value; without that there is no record, and with a code the record fails.
func TestOutput(t *testing.T) {
	t.Parallel()
	if got := run(t, limits(), echo, ok)("k=one", "two"); got != "2: 0=one 1=two" {
		t.Errorf("it gives %s", got)
	}
	if got := run(t, limits(), ok)("one", "two"); got != "2:" {
		t.Errorf("without an output it gives %s", got)
	}
	if got := run(t, limits(), call(errorSet, call(inputOffset)), wasmtest.I32(1))("no good"); got != "1: 0=no good(fails)" {
		t.Errorf("with an error it gives %s", got)
	}
}

// A variable is the instance's, and stays from call to call; nothing else of the host's memory does.
func TestVariables(t *testing.T) {
	t.Parallel()
	// What the last record was becomes the output; what this one is, the variable.
	last := []byte{0x21, 2} // to the local
	get := []byte{0x20, 2}
	remember := run(t, limits(),
		call(varGet, call(alloc, wasmtest.I64(1))), last,
		call(varSet, call(alloc, wasmtest.I64(1)), call(inputOffset)),
		call(outputSet, get, call(length, get)), ok)
	if got := remember("one", "two", "three"); got != "3: 1=one 2=two" {
		t.Errorf("it gives %s", got)
	}
	if got := remember("four"); got != "1: 0=three" {
		t.Errorf("in the next batch it gives %s", got)
	}
}

// Blocks that were given back are no blocks, and their place is used again.
func TestBlocks(t *testing.T) {
	t.Parallel()
	forever := func(code ...[]byte) []byte { // 100,000 times
		return wasmtest.Code([]byte{0x03, 0x40}, wasmtest.Code(code...), []byte{0x20, 0}, wasmtest.I32(1), []byte{0x6a, 0x22, 0}, wasmtest.I32(100_000), []byte{0x48, 0x0d, 0, 0x0b})
	}
	l := host.DefaultLimits()
	l.Memory, l.Time = 8<<20, time.Minute
	if got := run(t, l, forever(call(free, call(alloc, wasmtest.I64(4096)))), echo, ok)("in"); got != "1: 0=in" {
		t.Errorf("it gives %s", got)
	}
	if got := run(t, l, forever(call(alloc, wasmtest.I64(4096)), drop), ok)("in"); got != "0: !the plug-in asks for more than 8388608 bytes of Extism's memory in a call: raise limits.memory, or use less" {
		t.Errorf("without that it gives %s", got)
	}
	// What is remembered of a block is memory, too.
	if got := run(t, l, forever(call(alloc, wasmtest.I64(1)), drop, call(alloc, wasmtest.I64(1)), drop, call(alloc, wasmtest.I64(1)), drop), ok)("in"); got != "0: !the plug-in asks for more than 8388608 bytes of Extism's memory in a call: raise limits.memory, or use less" {
		t.Errorf("in many blocks it gives %s", got)
	}
}

// Whatever offsets and lengths a plug-in names, it reaches nothing but its own.
func TestFaults(t *testing.T) {
	t.Parallel()
	for want, code := range map[string][]byte{
		"the plug-in named 8 bytes at 0xffffffffffffffff, which are outside of Extism's memory": wasmtest.Code(call(load, wasmtest.I64(-1)), drop),
		"the plug-in named 8 bytes at 0x7ffffff8, which are outside":                            call(store, wasmtest.I64(0x7ffffff8), wasmtest.I64(1)),
		"the plug-in named 9 bytes at 0x10, which are outside":                                  call(outputSet, wasmtest.I64(16), wasmtest.I64(9)),
		"the plug-in returns more than 16777216 bytes in a call":                                call(outputSet, wasmtest.I64(16), wasmtest.I64(-1)),
		"the plug-in reads 8 bytes at 1 of its input, which has 2":                              wasmtest.Code(call(inputLoad, wasmtest.I64(1)), drop),
		"the plug-in asks for more than 67108864 bytes of Extism's memory":                      wasmtest.Code(call(alloc, wasmtest.I64(-1)), drop),
		"the module trapped: unreachable":                                                       {0},
		"the module took longer than 50ms":                                                      {0x03, 0x40, 0x0c, 0, 0x0b},
	} {
		got := run(t, limits(), code, ok)("in", "next")
		if !strings.HasPrefix(got, "0: !"+want) {
			t.Errorf("it gives %s, not %s", got, want)
		}
	}
	// No block has the length 0, and a setting that there is not is none.
	got := run(t, limits(), call(length, wasmtest.I64(99)), call(configGet, call(inputOffset)), []byte{0x84, 0xa7})("in")
	if got != "1:" {
		t.Errorf("what is not there gives %s", got)
	}
}
