package kafka_test

import (
	"context"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// source is a cluster that has records without end.
func source(b *testing.B) string {
	b.Helper()
	return cluster(b, kfake.SeedTopics(1, "in"), kfake.SyntheticFetch(kfake.SyntheticBatch{RecordBytes: len(bustest.Telemetry)})).ListenAddrs()[0]
}

func BenchmarkRead(b *testing.B) {
	bus := connect(b, source(b), nil)
	s, err := bus.Reader(connectors.Subscription{Topic: "in", Group: "g"}, bustest.Env("source.in"))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(bustest.Telemetry)))
	b.ReportAllocs()
	b.ResetTimer()
	ctx, cancel := context.WithCancel(b.Context())
	out := &bustest.Counter{Want: int64(b.N), Full: cancel}
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
	b.SetBytes(int64(len(bustest.Telemetry)))
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
	s, err := bus.Writer(connectors.Publication{Topic: "out"}, bustest.Env("sink.out"))
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
			batch.Values = append(batch.Values, plugins.Span{Off: uint32(len(batch.Data)), Len: uint32(len(bustest.Telemetry))})
			batch.Data = append(append(batch.Data, bustest.Telemetry...), '\n')
		}
		batch.SelectAll(benchBatch)
		free <- batch
	}
	b.SetBytes(int64(len(bustest.Telemetry)))
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
	b.SetBytes(int64(len(bustest.Telemetry)))
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		cl.Produce(b.Context(), &kgo.Record{Value: []byte(bustest.Telemetry)}, func(_ *kgo.Record, err error) {
			if err != nil {
				b.Error(err)
			}
		})
	}
	if err := cl.Flush(context.Background()); err != nil {
		b.Fatal(err)
	}
}
