package memory_test

import (
	"fmt"
	"testing"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// BenchmarkThrough writes records of 143 bytes and reads them, in batches as a file gives
// them, and in such as a window gives; one operation is one record.
func BenchmarkThrough(b *testing.B) {
	for _, c := range []struct{ rows, partitions int }{{1024, 1}, {64, 1}, {1024, 4}} {
		b.Run(fmt.Sprintf("batch=%d/partitions=%d", c.rows, c.partitions), func(b *testing.B) {
			conn := connection(b, map[string]any{"partitions": int64(c.partitions)}, env())
			sink, source := open(b, conn, "bench")
			full := make(chan struct{})
			reading := bustest.Start(b, source, &bustest.Counter{Want: int64(b.N), Full: func() { close(full) }})
			var pool plugins.Pool
			w := connectors.NewBuilder(pool.Batch(), plugins.Partition{}, env().Framing)
			for i := range c.rows {
				w.Add(connectors.Record{Value: []byte(bustest.Telemetry), Key: fmt.Appendf(nil, "d-%06d", i)})
			}
			batch := w.Batch()
			b.SetBytes(int64(len(bustest.Telemetry)))
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; n += c.rows {
				copied := pool.Batch() // as an encoder makes it
				batch.CopyMeta(copied)
				copied.Grow(len(batch.Data))
				copied.Data = append(copied.Data, batch.Data...)
				copied.Values = append(copied.SpareValues(), batch.Values...)
				copied.Keys = append(copied.SpareKeys(), batch.Keys...)
				if err := sink.Write(b.Context(), copied, func(error) {}); err != nil {
					b.Fatal(err)
				}
				copied.Release()
			}
			<-full
			b.StopTimer()
			reading.Stop(b)
		})
	}
}
