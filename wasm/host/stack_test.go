package host_test

import (
	"log/slog"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/onstream/onstream/wasm/host"
	"github.com/onstream/onstream/wasm/wasmtest"
)

// Whatever functions keep while they call each other, the stack that they take is about what they may. It does not run
// beside others, since it looks at what is allocated.
func TestStackIsBounded(t *testing.T) { //nolint:paralleltest // see above
	const (
		many    = 700
		marker  = 0 // a function that does nothing
		itself  = 2
		x       = 2 // locals
		sum     = 3
		vectors = 0xfd
		// most is a stack of four times 8 MiB, and the smaller ones that it has grown from.
		most = 64 << 20
	)
	times := func(n int, code func(int) []byte) []byte {
		var all []byte
		for k := range n {
			all = append(all, code(k)...)
		}
		return all
	}
	same := func(n int, code ...byte) []byte { return slices.Repeat(code, n) }
	read := func(k int) []byte { return wasmtest.Code(wasmtest.I32(int32(4*k)), []byte{0x28, 2, 0}) } // i32.load
	recurse := wasmtest.Code(wasmtest.I32(0), wasmtest.I32(0), wasmtest.CallOf(itself), []byte{0x1a})
	add, addTo := []byte{0x6a}, []byte{0x20, sum, 0x6a, 0x21, sum}
	for name, code := range map[string][]byte{
		"nothing":  recurse,
		"operands": wasmtest.Code(times(many, read), recurse, slices.Repeat(add, many-1), []byte{0x21, sum}),
		"locals": wasmtest.Code(times(many, func(k int) []byte {
			return wasmtest.Code(read(k), []byte{0x21, x}, wasmtest.CallOf(marker), []byte{0x20, x}, addTo)
		}), recurse),
		"an operand at a time": wasmtest.Code(times(many, func(k int) []byte {
			return wasmtest.Code(read(k), wasmtest.CallOf(marker), addTo)
		}), recurse),
		"blocks": wasmtest.Code(times(many, func(k int) []byte {
			return wasmtest.Code([]byte{0x02, 0x40}, read(k), []byte{0x0d, 0}, read(k), []byte{0x21, sum, 0x0b}, wasmtest.CallOf(marker)) // br_if over a local.set
		}), recurse),
		"nested blocks": wasmtest.Code(same(many, 0x02, 0x40), read(1), []byte{0x21, sum}, times(many, func(k int) []byte {
			return wasmtest.Code(read(k), []byte{0x0d}, []byte{0}, read(k), []byte{0x21, x, 0x0b}, wasmtest.CallOf(marker), []byte{0x20, x}, addTo)
		}), recurse),
		"values of blocks": wasmtest.Code(times(many, func(k int) []byte {
			return wasmtest.Code(read(k), []byte{0x04, 0x7f}, read(k), []byte{0x05}, read(k+1), []byte{0x0b}, wasmtest.CallOf(marker)) // if (result i32)
		}), recurse, slices.Repeat(add, many-1), []byte{0x21, sum}),
		"pressure without calls": wasmtest.Code(times(many/7, func(k int) []byte {
			return wasmtest.Code(times(40, func(i int) []byte { return read(40*k + i) }), same(39, 0x6a), addTo)
		}), recurse),
		"vectors": wasmtest.Code(times(many, func(k int) []byte {
			return wasmtest.Code(wasmtest.I32(int32(16*k)), []byte{vectors, 0, 4, 0}) // v128.load
		}), recurse, same(many-1, vectors, 0x50), []byte{vectors, 83, 0x21, sum}), // v128.or, v128.any_true
	} {
		t.Run(name, func(t *testing.T) {
			c := host.Config{Limits: host.DefaultLimits()}
			c.Limits.Time = time.Hour
			i, err := load(t, processing(code, []byte{0x20, sum, 0xad}).Bytes(), c).Instantiate(host.NewLog(slog.New(slog.DiscardHandler), 100), 0, nil)
			if err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err = process(i, "in")
			runtime.ReadMemStats(&after)
			took := after.TotalAlloc - before.TotalAlloc
			if err == nil || err.Error() != "the module calls itself too deeply" {
				t.Errorf("it ends with %v", err)
			}
			if took > most {
				t.Errorf("it allocates %d MiB for its stack", took>>20)
			}
		})
	}
}
