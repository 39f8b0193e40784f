package command_test

import (
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/wasm/foreign/command"
	"github.com/onstream/onstream/wasm/foreign/foreigntest"
	"github.com/onstream/onstream/wasm/host"
	"github.com/onstream/onstream/wasm/wasmtest"
)

// Where the programs of these tests have the vectors that they read and write with, and what they read.
const (
	vectorAt = 64
	countAt  = 80
	bufferAt = 4096
	room     = 1 << 16
)

const (
	fdRead = iota
	fdWrite
	procExit
)

func call(index uint32, args ...[]byte) []byte {
	return wasmtest.Code(wasmtest.Code(args...), wasmtest.CallOf(index))
}

func put(at int32, value []byte) []byte {
	return wasmtest.Code(wasmtest.I32(at), value, []byte{0x36, 2, 0})
}

var drop = []byte{0x1a}

// read reads into the buffer, and write writes so much of it.
func read(size int32) []byte {
	i32 := wasmtest.I32
	return wasmtest.Code(put(vectorAt, i32(bufferAt)), put(vectorAt+4, i32(size)), call(fdRead, i32(0), i32(vectorAt), i32(1), i32(countAt)), drop)
}

var count = wasmtest.Code(wasmtest.I32(countAt), []byte{0x28, 2, 0})

func write(n []byte) []byte {
	i32 := wasmtest.I32
	return wasmtest.Code(put(vectorAt+4, n), call(fdWrite, i32(1), i32(vectorAt), i32(1), i32(countAt+4)), drop)
}

// program reads lines to the end, and does something with each.
func program(each, atEnd []byte) wasmtest.Behaviour {
	f := func(name, params, results string) wasmtest.HostFunc {
		return wasmtest.HostFunc{Module: "wasi_snapshot_preview1", Name: name, Params: params, Results: results}
	}
	code := wasmtest.Code(
		[]byte{0x02, 0x40, 0x03, 0x40}, read(room), count, []byte{0x45, 0x0d, 1}, each, []byte{0x0c, 0, 0x0b, 0x0b}, atEnd)
	return wasmtest.Behaviour{
		Imports: []wasmtest.HostFunc{f("fd_read", "iiii", "i"), f("fd_write", "iiii", "i"), f("proc_exit", "i", "")},
		Funcs:   []wasmtest.Export{{Name: "_start", Code: code}},
	}
}

func start(t *testing.T, b wasmtest.Behaviour) func(rows ...string) string {
	t.Helper()
	l := host.DefaultLimits()
	l.Time, l.Output = 50*time.Millisecond, 1<<20
	g := foreigntest.Start(t, foreigntest.Load(t, b.Bytes(), command.Interface(), l), command.New, "_start")
	t.Cleanup(g.Discard)
	return func(rows ...string) string { return foreigntest.Give(t, g, rows...) }
}

// Lines are of the record that was read last.
func TestLines(t *testing.T) {
	t.Parallel()
	give := start(t, program(write(count), nil))
	for range 2 { // each batch is a run
		if got := give("k=one", "", "k=two\nlines", "three"); got != "4: 2=the value has several lines, and a program is given a line for each record(fails) 0=one 3=three" {
			t.Errorf("it gives %s", got)
		}
	}
	if got := start(t, program(wasmtest.Code(write(count), write(count)), nil))("a", "b"); got != "2: 0=a 0=a 1=b 1=b" {
		t.Errorf("twice it gives %s", got)
	}
	if got := start(t, program(nil, nil))("a", "b"); got != "2:" {
		t.Errorf("a program that writes nothing gives %s", got)
	}
	if got := start(t, program(write(count), call(procExit, wasmtest.I32(0))))("a"); got != "1: 0=a" {
		t.Errorf("a program that exits gives %s", got)
	}
}

// A program that writes when it has read all has to write a line for each.
func TestHeldBack(t *testing.T) {
	t.Parallel()
	keep := func(lines string) wasmtest.Behaviour {
		at := wasmtest.Code(put(vectorAt, wasmtest.I32(8192)), put(vectorAt+4, wasmtest.I32(int32(len(lines)))), call(fdWrite, wasmtest.I32(1), wasmtest.I32(vectorAt), wasmtest.I32(1), wasmtest.I32(countAt+4)), drop)
		k := program(nil, at)
		k.Data = strings.Repeat("\x00", 8192) + lines
		return k
	}
	if got := start(t, keep("first\nsecond"))("a", "b"); got != "2: 0=first 1=second" {
		t.Errorf("it gives %s", got)
	}
	if got := start(t, keep("first\n\n"))("a", "b"); got != "2: 0=first" {
		t.Errorf("with an empty line it gives %s", got)
	}
	want := "0: !the program has written 2 lines for 3 that it was given: write one for each, empty to drop the record, or write what becomes of a line before you read the next"
	if got := start(t, keep("first\nsecond"))("a", "b", "c"); got != want {
		t.Errorf("with too few it gives %s", got)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for want, b := range map[string]wasmtest.Behaviour{
		"the module has ended itself with the code 3":         program(call(procExit, wasmtest.I32(3)), nil),
		"the module trapped: unreachable":                     program(write(count), []byte{0}),
		"the module took longer than 50ms":                    program([]byte{0x03, 0x40, 0x0c, 0, 0x0b}, nil),
		"the program writes more than 1048576 bytes in a cal": program(wasmtest.Code([]byte{0x03, 0x40}, write(wasmtest.I32(60_000)), []byte{0x0c, 0, 0x0b}), nil),
	} {
		if got := start(t, b)("a", "b"); !strings.HasPrefix(got, "0: !"+want) {
			t.Errorf("it gives %s, not %s", got, want)
		}
	}
}
