package wasm_test

import (
	"fmt"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/wasmtest"
)

// hot is a module that selects where a column of floats is above 75, as a compiler for C would write it.
func hot() []byte {
	i32, code := wasmtest.I32, wasmtest.Code
	const outAt = 3 << 20
	load := func(offset byte) []byte { return []byte{0x28, 2, offset} }
	store := func(offset byte) []byte { return []byte{0x36, 2, offset} }
	get := func(local byte) []byte { return []byte{0x20, local} }
	set := func(local byte) []byte { return []byte{0x21, local} }
	add, lt := []byte{0x6a}, []byte{0x49}
	bytesOf := code(get(0), load(12), i32(7), add, i32(3), []byte{0x76}) // (rows + 7) / 8
	header := func(offset byte, value []byte) []byte { return code(i32(outAt), value, store(offset)) }
	// Parameter 1 becomes the address of the data; local 2 counts bytes of the bitmap, 3 is one.
	bit := func(k byte) []byte { // data[k] > 75 << k
		return code(get(1), []byte{0x2b, 3, 8 * k}, []byte{0x44, 0, 0, 0, 0, 0, 0xc0, 0x52, 0x40, 0x64}, i32(int32(k)), []byte{0x74})
	}
	bits := bit(0)
	for k := byte(1); k < 8; k++ {
		bits = code(bits, bit(k), []byte{0x72})
	}
	body := code(
		header(0, i32(int32(abi.Magic))), header(4, i32(int32(abi.SelectionFrame))), header(8, code(bytesOf, i32(32), add)),
		header(12, code(get(0), load(12))), header(16, i32(32)), header(20, bytesOf),
		get(0), get(0), load(32+8), add, set(1), i32(0), set(2),
		[]byte{0x03, 0x40},
		bits, set(3), i32(outAt), get(2), add, get(3), []byte{0x3a, 0, 32},
		get(1), i32(64), add, set(1), get(2), i32(1), add, []byte{0x22, 2}, bytesOf, lt, []byte{0x0d, 0, 0x0b},
		wasmtest.I64(outAt<<32), bytesOf, i32(32), add, []byte{0xad, 0x84},
	)
	return wasmtest.Behaviour{
		Manifest: `{"mode": "columns", "returns": "selection", "inputs": [{"name": "t", "type": "float"}]}`,
		Funcs:    []wasmtest.Export{{Name: abi.Process, Params: "ii", Results: "I", Code: body}},
	}.Bytes()
}

// column is a float column of the batch, without a copy.
type column struct{ expr }

func (column) Evaluator(plugins.Env) plugins.Evaluator { return column{} }

func (column) Eval(b *plugins.Batch) *plugins.Column { return b.Column("t") }

func floats() map[string]any {
	return map[string]any{"inputs": []plugins.NamedExpr{named("t", column{expr{typ: plugins.Of(plugins.Float)}})}}
}

func TestHot(t *testing.T) {
	t.Parallel()
	e := start(t, file(t, hot()), floats())
	e.read = func(b *plugins.Batch, i uint32) string { return fmt.Sprint(b.Column("t").Floats[i]) }
	if got := e.process(e.temperatures(80, 75, 76, 1, 2, 3, 4, 5, 6, 99)); got != "80; 76; 99" {
		t.Errorf("it gives %q", got)
	}
}

// sink is an engine that looks at nothing.
type sink struct{}

func (sink) Emit(_ int, b *plugins.Batch) { b.Sel = b.Sel[:0] }
func (sink) Drop(int)                     {}
func (sink) Make(int)                     {}

const benchRows = 1024

// measure runs a batch through a stage over and over.
func measure(b *testing.B, e *engine, batch *plugins.Batch) {
	sel := append([]uint32(nil), batch.Sel...)
	m := batch.Mark()
	run := func() {
		batch.Sel = append(batch.Sel[:0], sel...)
		if err := e.stage.Process(b.Context(), batch, sink{}); err != nil {
			b.Fatal(err)
		}
		batch.Rewind(m)
		batch.TakeFailures(func(f plugins.Failure) { b.Fatal(f.Msg) })
	}
	run()
	b.ReportAllocs()
	for b.Loop() {
		run()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/record")
}

func BenchmarkColumnsToSelection(b *testing.B) {
	e := start(b, file(b, hot()), floats())
	ts := make([]float64, benchRows)
	for i := range ts {
		ts[i] = float64(i % 100)
	}
	measure(b, e, e.temperatures(ts...))
}

func BenchmarkGoColumnsToColumns(b *testing.B) {
	attrs := floats()
	e := start(b, guest(b, columnar), attrs)
	ts := make([]float64, benchRows)
	for i := range ts {
		ts[i] = float64(i % 100)
	}
	measure(b, e, e.temperatures(ts...))
}

// BenchmarkRecordsToNothing is what it costs to give records to a guest that does nothing with them.
func BenchmarkRecordsToNothing(b *testing.B) {
	e := start(b, file(b, behaviour(`{}`)), nil)
	measure(b, e, e.batch(readings()...))
}

// counting is a module that counts the records of each key.
func counting() []byte {
	i32 := wasmtest.I32
	const buf = 64
	row := []byte{0x20, 2}
	code := wasmtest.Code(
		[]byte{0x03, 0x40},
		i32(0), row, i32(0), i32(0), i32(buf), i32(8), wasmtest.CallOf(0), []byte{0x1a},
		i32(buf), i32(buf), []byte{0x29, 3, 0, 0x42, 1, 0x7c, 0x37, 3, 0}, // i64 += 1
		i32(0), row, i32(0), i32(0), i32(buf), i32(8), wasmtest.I64(0), wasmtest.CallOf(1), []byte{0x1a},
		row, i32(1), []byte{0x6a, 0x22, 2, 0x20, 0, 0x28, 2, 12, 0x49, 0x0d, 0, 0x0b}, // until there are no more rows
		wasmtest.I64(0),
	)
	return wasmtest.Behaviour{
		Manifest: "{" + spaces + "}",
		Imports: []wasmtest.HostFunc{
			{Module: abi.Module, Name: "state_get", Params: "iiiiii", Results: "i"},
			{Module: abi.Module, Name: "state_put", Params: "iiiiiiI", Results: "i"},
		},
		Funcs: []wasmtest.Export{{Name: abi.Process, Params: "ii", Results: "I", Code: code}},
	}.Bytes()
}

// BenchmarkState is a read and a write of the state for each record.
func BenchmarkState(b *testing.B) {
	key := expr{typ: plugins.Of(plugins.String)}
	e := start(b, file(b, counting()), map[string]any{"key": keyColumn{key}})
	batch := e.batch(readings()...)
	keys := batch.NewColumn("device", plugins.String)
	for i := range benchRows {
		keys.AppendString(uint32(i), fmt.Sprintf("device-%d", i*7%997))
	}
	measure(b, e, batch)
}

// keyColumn is the column of devices, without a copy.
type keyColumn struct{ expr }

func (keyColumn) Evaluator(plugins.Env) plugins.Evaluator { return keyColumn{} }

func (keyColumn) Eval(b *plugins.Batch) *plugins.Column { return b.Column("device") }

// readings are payloads as devices send them.
func readings() []string {
	rs := make([]string, benchRows)
	for i := range rs {
		rs[i] = fmt.Sprintf(`{"device_id":"d-%06d","ts":1700000000000,"temperature":%d.45,"humidity":60.4,"vibration":0.021,"status":"ok","site":"plant-5","fw":"1.4.2"}`, i, i%100)
	}
	return rs
}
