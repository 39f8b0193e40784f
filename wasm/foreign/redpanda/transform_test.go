package redpanda_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/foreign"
	"github.com/onstream/onstream/wasm/foreign/foreigntest"
	"github.com/onstream/onstream/wasm/foreign/redpanda"
	"github.com/onstream/onstream/wasm/host"
	"github.com/onstream/onstream/wasm/wasmtest"
)

// The functions that the transforms of these tests import, by their index.
const (
	checkVersion = iota
	readBatchHeader
	readNextRecord
	writeRecord
	writeWithOptions
)

// Where they have what they read: the fields of the header, those of a record, and the record.
const (
	headerAt = 0
	countAt  = 8
	recordAt = 256
	bufferAt = 4096
	room     = 1 << 20
)

func call(index uint32, args ...[]byte) []byte {
	return wasmtest.Code(wasmtest.Code(args...), wasmtest.CallOf(index))
}

var drop = []byte{0x1a}

// program is a transform that reads batches without end. For each record, whose length is local 0, it does this.
func program(each ...[]byte) wasmtest.Behaviour {
	i32 := wasmtest.I32
	f := func(name, params, results string) wasmtest.HostFunc {
		return wasmtest.HostFunc{Module: redpanda.Module, Name: name, Params: params, Results: results}
	}
	var header [][]byte
	for k := range int32(10) {
		header = append(header, i32(headerAt+8*k))
	}
	const loop, end = "\x03\x40", "\x0b"
	code := wasmtest.Code(
		call(checkVersion), []byte(loop),
		call(readBatchHeader, header...), drop,
		[]byte(loop),
		call(readNextRecord, i32(recordAt), i32(recordAt+8), i32(recordAt+16), i32(bufferAt), i32(room)), []byte{0x21, 0},
		wasmtest.Code(each...),
		i32(countAt), i32(countAt), []byte{0x28, 2, 0}, i32(1), []byte{0x6b, 0x36, 2, 0}, // one less
		i32(countAt), []byte{0x28, 2, 0, 0x0d, 0}, []byte(end),
		[]byte{0x0c, 0}, []byte(end),
	)
	return wasmtest.Behaviour{
		Imports: []wasmtest.HostFunc{
			f("check_abi_version_1", "", ""), f("read_batch_header", "iiiiiiiiii", "i"), f("read_next_record", "iiiii", "i"),
			f("write_record", "ii", "i"), f("write_record_with_options", "iiii", "i"),
		},
		Funcs: []wasmtest.Export{{Name: "_start", Code: code}},
	}
}

// echo writes the record that was read.
var echo = wasmtest.Code(call(writeRecord, wasmtest.I32(bufferAt), []byte{0x20, 0}), drop)

func start(t *testing.T, b wasmtest.Behaviour) func(rows ...string) string {
	t.Helper()
	l := host.DefaultLimits()
	l.Time = 50 * time.Millisecond
	g := foreigntest.Start(t, foreigntest.Load(t, b.Bytes(), redpanda.Interface(), l), redpanda.New, "_start")
	t.Cleanup(g.Discard)
	return func(rows ...string) string { return foreigntest.Give(t, g, rows...) }
}

// Records go through with key, value and headers, batch after batch.
func TestEcho(t *testing.T) {
	t.Parallel()
	give := start(t, program(echo))
	if got := give("k=one", "two", "=three"); got != "3: 0=one[k]{n:0} 1=two[]{n:1} 2=three[]{n:2}" {
		t.Errorf("it gives %s", got)
	}
	if got := give("k=four"); got != "1: 0=four[k]{n:0}" {
		t.Errorf("in the next batch it gives %s", got)
	}
	if got := start(t, program(echo, echo))("a", "b"); got != "2: 0=a[]{n:0} 0=a[]{n:0} 1=b[]{n:1} 1=b[]{n:1}" {
		t.Errorf("twice it gives %s", got)
	}
	if got := start(t, program())("a", "b"); got != "2:" {
		t.Errorf("one that writes nothing gives %s", got)
	}
}

// A record may be written to another topic, if the stage has an output for it.
func TestTopics(t *testing.T) {
	t.Parallel()
	b := program(call(writeWithOptions, wasmtest.I32(bufferAt), []byte{0x20, 0}, wasmtest.I32(512), wasmtest.I32(6)),
		wasmtest.I32(0), []byte{0x48, 0x04, 0x40, 0, 0x0b}) // traps if that is negative
	b.Data = strings.Repeat("\x00", 512) + "\x01\x08side"
	if got := start(t, b)("k=one"); got != "1: 0=one[k]>1{n:0}" {
		t.Errorf("it gives %s", got)
	}
	b.Data = strings.Repeat("\x00", 512) + "\x01\x08else"
	if got, want := start(t, b)("k=one"), `0: !the module trapped: unreachable: the transform writes to the topic "else", for which the stage has no output: write ports = ["else"]`; !strings.HasPrefix(got, want) {
		t.Errorf("another topic gives %s", got)
	}
}

// What was made of the records before the one that is to blame counts.
func TestBlame(t *testing.T) {
	t.Parallel()
	const third = "k=3"
	// It traps for the record at the offset 102.
	trap := wasmtest.Code(wasmtest.I32(recordAt+16), []byte{0x28, 2, 0}, wasmtest.I32(102), []byte{0x46, 0x04, 0x40, 0, 0x0b})
	if got := start(t, program(echo, trap))("k=1", "k=2", third, "k=4"); !strings.HasPrefix(got, "2: 0=1[k]{n:0} 1=2[k]{n:1} !the module trapped: unreachable") {
		t.Errorf("it gives %s", got)
	}
	loop := wasmtest.Code([]byte{0x03, 0x40, 0x0c, 0, 0x0b})
	if got := start(t, program(echo, loop))("k=1", "k=2"); got != "0: !the module took longer than 50ms: raise limits.time, or give it less to do at a time" {
		t.Errorf("an endless loop gives %s", got)
	}
}

// A batch whose output is long is dealt with in parts.
func TestParts(t *testing.T) {
	t.Parallel()
	var each []byte
	for range 10 {
		each = append(each, echo...)
	}
	b := program(each)
	l := host.DefaultLimits()
	g := foreigntest.Start(t, foreigntest.Load(t, b.Bytes(), redpanda.Interface(), l), redpanda.New, "_start")
	t.Cleanup(g.Discard)
	rows := make(foreigntest.Rows, 20)
	for k := range rows {
		rows[k] = fmt.Sprint(k, "=", strings.Repeat("x", 100_000))
	}
	var parts, records int
	for len(rows) > 0 {
		var out abi.OutputWriter
		n, err := g.Give(host.Call{}, rows, &out)
		if err != nil || n == 0 {
			t.Fatal(n, err)
		}
		frame, err := abi.ParseRecords(out.Frame(n), uint32(n), 1, 1<<30, nil)
		if err != nil {
			t.Fatal(err)
		}
		rows, parts, records = rows[n:], parts+1, records+frame.Len()
	}
	if parts < 3 || records != 200 {
		t.Errorf("there are %d parts with %d records", parts, records)
	}
}

// Records count as a whole, also empty ones: they have to be remembered.
func TestManyRecords(t *testing.T) {
	t.Parallel()
	// An empty record again and again, of no key, no value and no headers.
	forever := wasmtest.Code([]byte{0x03, 0x40}, call(writeRecord, wasmtest.I32(512), wasmtest.I32(3)), drop, []byte{0x0c, 0, 0x0b})
	b := program(forever)
	b.Data = strings.Repeat("\x00", 512) + "\x01\x01\x00"
	l := host.DefaultLimits()
	l.Calls, l.Output = 20_000, 64<<10 // which 20,000 records of three bytes are not
	g := foreigntest.Start(t, foreigntest.Load(t, b.Bytes(), redpanda.Interface(), l), redpanda.New, "_start")
	t.Cleanup(g.Discard)
	if got, want := foreigntest.Give(t, g, "k=1"), "0: !the transform writes more than 65536 bytes for a record: raise limits.output, or write less"; got != want {
		t.Errorf("it gives %s, not %s", got, want)
	}
}

// What a transform does that it should not ends it.
func TestMisbehaviour(t *testing.T) {
	t.Parallel()
	for want, each := range map[string][]byte{
		"the module gave 100 bytes at 0xffffffff, which are outside":                                  wasmtest.Code(call(writeRecord, wasmtest.I32(-1), wasmtest.I32(100)), drop),
		"the transform asks for the next batch, and has not read 1 records of the last one: read all": wasmtest.Code(wasmtest.I32(countAt), wasmtest.I32(1), []byte{0x36, 2, 0}),
		"the module trapped: unreachable":                                                             wasmtest.Code(call(writeRecord, wasmtest.I32(bufferAt), wasmtest.I32(1)), wasmtest.I32(0), []byte{0x48, 0x04, 0x40, 0, 0x0b}), // half a record is refused
	} {
		if got := start(t, program(each))("k=1", "k=2"); !strings.HasPrefix(got, "0: !"+want) {
			t.Errorf("it gives %s, not %s", got, want)
		}
	}
	ends := program()
	ends.Funcs[0].Code = call(checkVersion)
	m := foreigntest.Load(t, ends.Bytes(), redpanda.Interface(), host.DefaultLimits())
	_, err := redpanda.New(foreign.Config{Module: m, Log: host.NewLog(slog.New(slog.DiscardHandler), 100)})
	if err == nil || err.Error() != "the transform has ended, and should ask for records for ever: call OnRecordWritten in main" {
		t.Errorf("one that ends gives %v", err)
	}
}
