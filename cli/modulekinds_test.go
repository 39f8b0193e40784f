package cli

import (
	"bytes"
	"os"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/wasmtest"
)

// crafts writes a module that no compiler is needed for. Its kinds are
//
//	drops     drops all records
//	passes    gives the first record of a batch out as it came, and drops the others
//	cut       is cut off in the middle
//	version   is for a version of the interface that is not there
//	traps     cannot be opened
//	lacks     does not export onstream_process
//	keeps     imports state_get
//	imports   imports something of another host
func crafts(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2, "crafts FILE KIND [MANIFEST]")
	b := wasmtest.Behaviour{Funcs: []wasmtest.Export{{Name: abi.Process, Params: "ii", Results: "I", Code: wasmtest.I64(0)}}}
	if len(args) > 2 {
		b.Manifest = args[2]
	}
	switch args[1] {
	case "passes":
		frame := "ONS1\x01\x00\x00\x00\x48\x00\x00\x00\x01\x00\x00\x00\x20\x00\x00\x00\x01\x00\x00\x00" + string(make([]byte, 8))
		b.Data = frame + string(make([]byte, 14)) + "\x0f" + string(make([]byte, 25))
		b.Funcs[0].Code = wasmtest.I64(int64(len(b.Data)))
	case "traps":
		b.Start = []byte{0} // unreachable
	case "lacks":
		b.Funcs = nil
	case "keeps":
		b.Imports = []wasmtest.HostFunc{{Module: abi.Module, Name: "state_get", Params: "iiiiii", Results: "i"}}
	case "imports":
		b.Imports = []wasmtest.HostFunc{{Module: "env", Name: "puts", Params: "i", Results: "i"}}
	}
	module := b.Bytes()
	switch args[1] {
	case "cut":
		module = module[:len(module)/2]
	case "version":
		module = bytes.ReplaceAll(module, []byte(abi.Marker), []byte("onstream_abi_v9"))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), module, 0o600))
}
