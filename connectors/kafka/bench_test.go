package kafka_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

const telemetry = `{"device_id":"d-002305","ts":1700000000000,"temperature":63.45,"humidity":60.4,"vibration":0.021,"status":"ok","site":"plant-5","fw":"1.4.2"}`

// counter is an outlet that counts, and acknowledges at once.
type counter struct {
	pool plugins.Pool
	n    atomic.Int64
	want int64
	full context.CancelFunc
}

func (c *counter) Batch() *plugins.Batch { return c.pool.Batch() }

func (c *counter) Done(plugins.Partition) {}

func (c *counter) Hand(_ context.Context, d plugins.Delivery) error {
	n := c.n.Add(int64(d.Batch.Len))
	d.Batch.Release()
	d.Ack()
	if n >= c.want {
		c.full()
	}
	return nil
}

// source is a cluster that has records without end.
func source(b *testing.B) string {
	b.Helper()
	return cluster(b, kfake.SeedTopics(1, "in"), kfake.SyntheticFetch(kfake.SyntheticBatch{RecordBytes: len(telemetry)})).ListenAddrs()[0]
}

func BenchmarkRead(b *testing.B) {
	bus := connect(b, source(b), nil)
	s, err := bus.Reader(connectors.Subscription{Topic: "in", Group: "g"}, env("source.in"))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(telemetry)))
	b.ReportAllocs()
	b.ResetTimer()
	ctx, cancel := context.WithCancel(b.Context())
	out := &counter{want: int64(b.N), full: cancel}
	if err := s.Run(ctx, out); ctx.Err() == nil {
		b.Fatal(err)
	}
}

// What the driver takes for the same.
func BenchmarkReadByHand(b *testing.B) {
	cl, err := kgo.NewClient(kgo.SeedBrokers(source(b)), kgo.ConsumeTopics("in"), kgo.ConsumerGroup("g"))
	if err != nil {
		b.Fatal(err)
	}
	defer cl.Close()
	b.SetBytes(int64(len(telemetry)))
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; {
		n += cl.PollFetches(b.Context()).NumRecords()
	}
}

func sinkhole(b *testing.B) string {
	b.Helper()
	return cluster(b, kfake.SeedTopics(1, "out"), kfake.BlackholeProduce()).ListenAddrs()[0]
}

const benchBatch = 1000

func BenchmarkWrite(b *testing.B) {
	bus := connect(b, sinkhole(b), nil)
	s, err := bus.Writer(connectors.Publication{Topic: "out"}, env("sink.out"))
	if err != nil {
		b.Fatal(err)
	}
	if err := s.(plugins.Opener).Open(b.Context()); err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := s.(plugins.Closer).Close(b.Context()); err != nil {
			b.Error(err)
		}
	}()
	free := make(chan *plugins.Batch, 64)
	pool := new(plugins.Pool)
	for range cap(free) {
		batch := pool.Batch()
		batch.Values = batch.SpareValues()
		for range benchBatch {
			batch.Values = append(batch.Values, plugins.Span{Off: uint32(len(batch.Data)), Len: uint32(len(telemetry))})
			batch.Data = append(append(batch.Data, telemetry...), '\n')
		}
		batch.SelectAll(benchBatch)
		free <- batch
	}
	b.SetBytes(int64(len(telemetry)))
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += benchBatch {
		batch := <-free
		if err := s.Write(b.Context(), batch, func(err error) {
			if err != nil {
				b.Error(err)
			}
			free <- batch
		}); err != nil {
			b.Fatal(err)
		}
	}
	for range cap(free) {
		<-free
	}
}

// What the driver takes for the same.
func BenchmarkWriteByHand(b *testing.B) {
	cl, err := kgo.NewClient(kgo.SeedBrokers(sinkhole(b)), kgo.DefaultProduceTopic("out"), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err != nil {
		b.Fatal(err)
	}
	defer cl.Close()
	b.SetBytes(int64(len(telemetry)))
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		cl.Produce(b.Context(), &kgo.Record{Value: []byte(telemetry)}, func(_ *kgo.Record, err error) {
			if err != nil {
				b.Error(err)
			}
		})
	}
	if err := cl.Flush(context.Background()); err != nil {
		b.Fatal(err)
	}
}
