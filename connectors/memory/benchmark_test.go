package memory_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// discard takes everything and finishes it at once.
type discard struct {
	pool plugins.Pool
	mu   sync.Mutex
	n    int
	want int
	done chan struct{}
}

func (d *discard) Batch() *plugins.Batch  { return d.pool.Batch() }
func (d *discard) Done(plugins.Partition) {}

func (d *discard) Hand(_ context.Context, x plugins.Delivery) error {
	n := len(x.Batch.Sel)
	x.Batch.Release()
	x.Ack()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.n += n
	if d.n >= d.want {
		close(d.done)
		d.want = 1 << 62
	}
	return nil
}

const telemetry = `{"device_id":"d-002305","ts":1700000000000,"temperature":63.45,"humidity":60.4,"vibration":0.021,"status":"ok","site":"plant-5","fw":"1.4.2"}`

// BenchmarkThrough writes records of 143 bytes and reads them, in batches as a file gives
// them, and in such as a window gives; one operation is one record.
func BenchmarkThrough(b *testing.B) {
	for _, c := range []struct{ rows, partitions int }{{1024, 1}, {64, 1}, {1024, 4}} {
		b.Run(fmt.Sprintf("batch=%d/partitions=%d", c.rows, c.partitions), func(b *testing.B) {
			conn := connection(b, map[string]any{"partitions": int64(c.partitions)}, env())
			sink, source := open(b, conn, "bench")
			out := &discard{want: b.N, done: make(chan struct{})}
			ctx, cancel := context.WithCancel(b.Context())
			ended := make(chan error, 1)
			go func() { ended <- source.Run(ctx, out) }()
			var pool plugins.Pool
			w := connectors.NewBuilder(pool.Batch(), plugins.Partition{}, env().Framing)
			for i := range c.rows {
				w.Add(connectors.Record{Value: []byte(telemetry), Key: fmt.Appendf(nil, "d-%06d", i)})
			}
			batch := w.Batch()
			b.SetBytes(int64(len(telemetry)))
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; n += c.rows {
				copied := pool.Batch() // as an encoder makes it
				batch.CopyMeta(copied)
				copied.Grow(len(batch.Data))
				copied.Data = append(copied.Data, batch.Data...)
				copied.Values = append(copied.SpareValues(), batch.Values...)
				copied.Keys = append(copied.SpareKeys(), batch.Keys...)
				if err := sink.Write(ctx, copied, func(error) {}); err != nil {
					b.Fatal(err)
				}
				copied.Release()
			}
			<-out.done
			b.StopTimer()
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				b.Error(err)
			}
		})
	}
}
