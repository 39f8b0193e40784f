package command_test

import (
	"runtime"
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

// fill writes a text so many times when all was read.
func fill(text string, times int32) wasmtest.Behaviour {
	i32 := wasmtest.I32
	b := program(nil, wasmtest.Code(
		put(vectorAt, i32(8192)), []byte{0x03, 0x40}, write(i32(int32(len(text)))),
		[]byte{0x20, 0}, i32(1), []byte{0x6a, 0x22, 0}, i32(times), []byte{0x48, 0x0d, 0, 0x0b}))
	b.Data = strings.Repeat("\x00", 8192) + text
	return b
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
	keep := func(lines string) wasmtest.Behaviour { return fill(lines, 1) }
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

// A program that ends early has not done what it was given.
func TestEndsEarly(t *testing.T) {
	t.Parallel()
	const want = "0: !the program has ended before it has read all lines: read them up to the end of the input"
	early := program(wasmtest.Code(write(count), call(procExit, wasmtest.I32(0))), nil)
	if got := start(t, early)("a", "b"); got != want {
		t.Errorf("after the first line it gives %s", got)
	}
	if got := start(t, early)("a", "two\nlines"); got != "2: 1=the value has several lines, and a program is given a line for each record(fails) 0=a" {
		t.Errorf("before what is no line it gives %s", got)
	}
	early.Funcs[0].Code = nil
	if got := start(t, early)("a"); got != want {
		t.Errorf("at once it gives %s", got)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for want, b := range map[string]wasmtest.Behaviour{
		"the module has ended itself with the code 3": program(call(procExit, wasmtest.I32(3)), nil),
		"the module trapped: unreachable":             program(write(count), []byte{0}),
		"the module took longer than 50ms":            program([]byte{0x03, 0x40, 0x0c, 0, 0x0b}, nil),
		"the program writes more than 1048576 bytes in a call, of which each line takes 40: raise limits.output, or write less": program(wasmtest.Code([]byte{0x03, 0x40}, write(wasmtest.I32(60_000)), []byte{0x0c, 0, 0x0b}), nil),
	} {
		if got := start(t, b)("a", "b"); !strings.HasPrefix(got, "0: !"+want) {
			t.Errorf("it gives %s, not %s", got, want)
		}
	}
}

// Lines count, also empty ones: what has to be remembered of them is much more than what they are.
func TestEmptyLines(t *testing.T) {
	t.Parallel()
	const lines = 30_000 // with their descriptors more than a MiB
	want := "0: !the program writes more than 1048576 bytes in a call, of which each line takes 40: raise limits.output, or write less"
	if got := start(t, fill(strings.Repeat("\n", lines), 1))("a"); got != want {
		t.Errorf("it gives %s", got)
	}
}

// What a program has once written much with is not kept.
func TestMemoryAfterMuchOutput(t *testing.T) { // not in parallel: it looks at the heap
	const lines, times = 30_000, 100
	l := host.DefaultLimits()
	l.Time, l.Output = time.Minute, 128<<20
	m := foreigntest.Load(t, fill(strings.Repeat("\n", lines), times).Bytes(), command.Interface(), l)
	g := foreigntest.Start(t, m, command.New, "_start")
	t.Cleanup(g.Discard)
	heap := func() int64 {
		var s runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&s)
		return int64(s.HeapAlloc)
	}
	before := heap()
	want := "0: !the program has written 3000000 lines for 1 that it was given"
	if got := foreigntest.Give(t, g, "a"); !strings.HasPrefix(got, want) {
		t.Errorf("it gives %s", got)
	}
	if grown := heap() - before; grown > 16<<20 {
		t.Errorf("%d MiB are kept of a call", grown>>20)
	}
	runtime.KeepAlive(g)
}
