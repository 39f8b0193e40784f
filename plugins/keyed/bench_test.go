package keyed_test

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
)

// reading is a value of 48 bytes.
type reading struct {
	at   int64
	sums [5]int64
}

func readings() *keyed.Table[reading] {
	return keyed.NewTable(keyed.Config[reading]{
		Encode:  func(dst []byte, v *reading) []byte { return binary.LittleEndian.AppendUint64(dst, uint64(v.at)) },
		Decode:  func(src []byte, v *reading) error { v.at = int64(binary.LittleEndian.Uint64(src)); return nil },
		Due:     func(e *keyed.Entry[reading]) (event, wall int64) { return e.V.at, plugins.Never },
		MaxKeys: 2_000_000,
	})
}

func key(dst []byte, n int) []byte {
	return fmt.Appendf(dst[:0], "\x05k%07d", n)
}

func BenchmarkOpenHotKey(b *testing.B) {
	t := readings()
	keys := make([][]byte, 10_000)
	for i := range keys {
		keys[i] = key(nil, i)
		if _, _, err := t.Open(keys[i]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		e, _, err := t.Open(keys[n])
		if err != nil {
			b.Fatal(err)
		}
		e.V.sums[0]++
		if n++; n == len(keys) {
			n = 0
		}
	}
}

func BenchmarkMemoryOfAMillionKeys(b *testing.B) {
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		t := readings()
		var k []byte
		for i := range 1_000_000 {
			k = key(k, i)
			e, _, err := t.Open(k)
			if err != nil {
				b.Fatal(err)
			}
			e.V.at = int64(i)
			t.Schedule(e)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "B/key")
		runtime.KeepAlive(t)
	}
}
