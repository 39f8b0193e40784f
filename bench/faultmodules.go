package main

import (
	"bytes"
	"strconv"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/binary"
	"github.com/onstream/onstream/wasm/wasmtest"
)

// fault is a module that does harm.
type fault struct {
	name   string
	module []byte
	more   string // of its stage, besides what all have
	effect effect
	says   string // a part of what the engine says about it
}

// effect is what comes of a fault.
type effect uint8

const (
	fails   effect = iota // records fail
	refused               // the stage cannot be made, or not be opened
	slow                  // nothing, but that it takes long
)

// endless is a loop without an end, forever one that does something.
var endless = []byte{0x03, 0x40, 0x0c, 0, 0x0b}

func forever(code ...[]byte) []byte {
	return wasmtest.Code([]byte{0x03, 0x40}, wasmtest.Code(code...), []byte{0x0c, 0, 0x0b}, nothing)
}

var (
	drop    = []byte{0x1a}
	nothing = wasmtest.I64(0)
)

// everyNth does something in every nth call only, so that the module is not taken for one that fails all the time, which is not called
// for a while. An instance that is made anew begins anew.
func everyNth(n int32, code []byte) []byte {
	return wasmtest.Code([]byte{0x23, 0}, wasmtest.I32(1), []byte{0x6a, 0x24, 0, 0x23, 0}, wasmtest.I32(n), []byte{0x49, 0x04, 0x40}, nothing, []byte{0x0f, 0x0b}, code)
}

// own is a function of the interface.
func own(name, params, results string) wasmtest.HostFunc {
	return wasmtest.HostFunc{Module: abi.Module, Name: name, Params: params, Results: results}
}

// call is a module that does something whenever it is called.
func call(code []byte, imports ...wasmtest.HostFunc) wasmtest.Behaviour {
	return wasmtest.Behaviour{Imports: imports, Globals: 1, Funcs: []wasmtest.Export{{Name: abi.Process, Params: "ii", Results: "I", Code: code}}}
}

// second is a module that does something in every second call.
func second(code []byte, imports ...wasmtest.HostFunc) []byte {
	return call(everyNth(2, code), imports...).Bytes()
}

// faults are modules that do what they should not.
func faults() []fault {
	return append(append(faultsOfCalls(), faultsOfStates()...), faultsOfStarts()...)
}

// faultsOfCalls are modules that do harm with records.
func faultsOfCalls() []fault {
	i32, code := wasmtest.I32, wasmtest.Code
	return []fault{
		{name: "endless loop in a call", module: second(code(endless, nothing)), says: "the module took longer than"},
		{name: "endless loop in each call", module: call(code(endless, nothing)).Bytes(), says: "the module has failed 32 times in a row"},
		{name: "recursion", module: second(code([]byte{0x20, 0, 0x20, 1}, wasmtest.CallOf(2))), says: "the module calls itself too deeply"},
		{name: "trap in each call", module: call([]byte{0}).Bytes(), says: "the module has failed 32 times in a row"},
		{name: "trap in every third call", module: call(everyNth(3, []byte{0})).Bytes(), says: "the module trapped: unreachable"},
		{name: "memory that grows", module: second(forever(i32(1), []byte{0x40, 0}, drop)), says: "the module took longer than"},
		{name: "memory that is filled", module: second(forever(i32(0), i32(0), i32(4<<20), []byte{0xfc, 11, 0})), says: "the module took longer than"},
		{name: "pointer outside", module: second(code(i32(-1), i32(2), wasmtest.CallOf(0), nothing), own("error", "ii", "")), says: "the module gave 2 bytes at 0xffffffff, which are outside of its memory"},
		{name: "pointer that wraps", module: second(wasmtest.I64(0x10_ffff_ffff)), says: "the module returned 4294967295 bytes at 0x10, which are outside of its memory"},
		{name: "calls of the host", module: second(forever(i32(0), wasmtest.CallOf(0), drop), own("log_enabled", "i", "i")), says: "the module "}, // whichever limit is first
		{name: "much output", module: second(forever(i32(0), i32(1<<20), wasmtest.CallOf(0), drop), own("emit", "ii", "i")), says: "the module emits more than 16777216 bytes in a call"},
	}
}

// faultsOfStates are modules that keep as much of a key as they can.
func faultsOfStates() []fault {
	i32 := wasmtest.I32
	// state puts so many bytes under a name, which begins with what is at the address 0.
	state := func(size int32, between ...[]byte) []byte {
		put := wasmtest.Code(i32(0), i32(0), i32(0), i32(4), i32(1024), i32(size), wasmtest.I64(0), wasmtest.CallOf(0), drop)
		b := call(everyNth(2, forever(put, wasmtest.Code(between...))), own("state_put", "iiiiiiI", "i"))
		b.Manifest = `{"name": "keeper", "state": {"version": 1, "spaces": ["all"]}}`
		return b.Bytes()
	}
	next := wasmtest.Code(i32(0), i32(0), []byte{0x28, 2, 0}, i32(1), []byte{0x6a, 0x36, 2, 0})
	return []fault{
		{name: "flood of state", module: state(8, next), more: "key = event.n", says: "the module keeps more than 65536 bytes of a key"},
		{name: "flood of one value", module: state(1024), more: "key = event.n", says: "the module "}, // whichever limit is first
	}
}

// faultsOfStarts are modules that do harm before there is a record, or would do.
func faultsOfStarts() []fault {
	const preamble, most = "\x00asm\x01\x00\x00\x00", "\xff\xff\xff\xff\x0f" // 2^32-1
	works := call(nothing)
	start, initialize, forbidden := works, works, works
	start.Start = endless
	initialize.Funcs = append([]wasmtest.Export{{Name: abi.Initialize, Code: endless}}, works.Funcs...)
	forbidden.Imports = []wasmtest.HostFunc{{Module: "env", Name: "system", Params: "i", Results: "i"}}
	var large wasmtest.Behaviour
	for k := range 80 {
		x := wasmtest.Export{Name: "f" + strconv.Itoa(k), Params: "ii", Results: "I", Code: append(bytes.Repeat(wasmtest.CallOf(0), 49_000), nothing...)}
		if k == 0 {
			x.Name = abi.Process
		}
		large.Funcs = append(large.Funcs, x)
	}
	void, empty := []binary.FuncType{{}}, []wasmtest.Func{{}}
	return []fault{
		{name: "endless loop at the start", module: start.Bytes(), effect: refused, says: "the module took longer than"},
		{name: "endless loop in _initialize", module: initialize.Bytes(), effect: refused, says: "initialize: the module took longer than"},
		{name: "7.5 MB to compile", module: large.Bytes(), effect: slow},
		{name: "bomb of imports", module: []byte(preamble + "\x02\x05" + most), effect: refused, says: "it says that it has 4294967295 imports, for which it is too short"},
		{name: "bomb of locals", module: []byte(preamble + "\x01\x04\x01\x60\x00\x00" + "\x03\x02\x01\x00" + "\x0a\x0a\x01\x08\x01" + most + "\x7f\x0b"), effect: refused, says: "a function has 4294967295 locals or more"},
		{name: "bomb of a table", module: wasmtest.Module{Types: void, Funcs: empty, Table: &binary.Limits{Min: 1 << 30}}.Bytes(), effect: refused, says: "its table has 1073741824 entries, at most 10000 are taken"},
		{name: "bomb of memory", module: wasmtest.Behaviour{Pages: 1 << 16, Funcs: works.Funcs}.Bytes(), effect: refused, says: "begins with 4096.0 MiB of memory, and may have 64.0 MiB"},
		{name: "import that is forbidden", module: forbidden.Bytes(), effect: refused, says: "it imports env.system, which is not given to behaviours"},
	}
}
