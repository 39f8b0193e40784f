package bustest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// Telemetry is the record of all measurements.
const Telemetry = `{"device_id":"d-002305","ts":1700000000000,"temperature":63.45,"humidity":60.4,"vibration":0.021,"status":"ok","site":"plant-5","fw":"1.4.2"}`

// Counter is an outlet that counts records and acknowledges them at once. It is safe for
// concurrent use.
type Counter struct {
	Want int64  // records after which Full is called, once
	Full func() // nil for nobody
	pool plugins.Pool
	once sync.Once
	n    atomic.Int64
}

var _ plugins.Outlet = (*Counter)(nil)

// Batch implements [plugins.Outlet].
func (c *Counter) Batch() *plugins.Batch { return c.pool.Batch() }

// Done implements [plugins.Outlet].
func (c *Counter) Done(plugins.Partition) {}

// Hand implements [plugins.Outlet].
func (c *Counter) Hand(_ context.Context, d plugins.Delivery) error {
	n := c.n.Add(int64(len(d.Batch.Sel)))
	d.Batch.Release()
	d.Ack()
	if c.Full != nil && n >= c.Want {
		c.once.Do(c.Full)
	}
	return nil
}

// Count returns how many records came.
func (c *Counter) Count() int64 { return c.n.Load() }

// Bench measures a bus that keeps records for a group that has read the topic before: how fast
// they are written, and how fast they are read.
func Bench(b *testing.B, connect func(testing.TB) connectors.Bus) {
	b.Run("write", func(b *testing.B) {
		bus, topic := connect(b), joined(b, connect)
		measured(b, func() { writeMany(b, bus, topic, b.N) })
	})
	b.Run("read", func(b *testing.B) {
		bus, topic := connect(b), joined(b, connect)
		writeMany(b, bus, topic, b.N)
		measured(b, func() { readMany(b, bus, topic, b.N) })
	})
}

func measured(b *testing.B, what func()) {
	b.SetBytes(int64(len(Telemetry)))
	b.ReportAllocs()
	b.ResetTimer()
	what()
}

// joined returns a topic whose records are kept for the group, as one of them has come to it.
func joined(b *testing.B, connect func(testing.TB) connectors.Bus) string {
	b.Helper()
	bus, topic, out := connect(b), Unused(), &Outlet{}
	r := Read(b, bus, Subscribe(topic), out)
	Eventually(b, "the group reads", func() bool {
		return Put(b, bus, topic, "first") == nil && len(out.Records()) > 0
	})
	r.Stop(b)
	return topic
}

// writeMany returns when n records are confirmed.
func writeMany(b *testing.B, bus connectors.Bus, topic string, n int) {
	b.Helper()
	const each = 1000
	sink := opened(b, bus, topic)
	defer finish(b, sink)
	var open sync.WaitGroup
	for left := n; left > 0; left -= each {
		records := make([]connectors.Record, min(left, each))
		for i := range records {
			records[i].Value = []byte(Telemetry)
		}
		batch := Batch(records...)
		open.Add(1)
		if err := sink.Write(b.Context(), batch, func(err error) {
			batch.Release()
			if err != nil {
				b.Error(err)
			}
			open.Done()
		}); err != nil {
			b.Fatal(err)
		}
	}
	open.Wait()
}

func readMany(b *testing.B, bus connectors.Bus, topic string, n int) {
	b.Helper()
	full := make(chan struct{})
	r := Read(b, bus, Subscribe(topic), &Counter{Want: int64(n), Full: func() { close(full) }})
	select {
	case <-full:
	case <-r.Ended():
	}
	r.Stop(b)
}
