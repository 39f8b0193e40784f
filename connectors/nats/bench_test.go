package nats_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

const reading = `{"device_id":"d-002305","ts":1700000000000,"temperature":63.45,"humidity":60.4,"vibration":0.021,"status":"ok","site":"plant-5","fw":"1.4.2"}`

// batchOf returns a batch of n equal records.
func batchOf(pool *plugins.Pool, n int) *plugins.Batch {
	w := connectors.NewBuilder(pool.Batch(), plugins.Partition{}, plugins.Framing{Terminator: []byte("\n")})
	for range n {
		w.Add(connectors.Record{Value: []byte(reading)})
	}
	return w.Batch()
}

// counter is an outlet that acknowledges at once, and ends a run after so many records.
type counter struct {
	pool plugins.Pool
	left atomic.Int64
	end  context.CancelFunc
}

func (c *counter) Batch() *plugins.Batch { return c.pool.Batch() }

func (c *counter) Hand(_ context.Context, d plugins.Delivery) error {
	n := len(d.Batch.Sel)
	d.Batch.Release()
	d.Ack()
	if c.left.Add(int64(-n)) <= 0 {
		c.end()
	}
	return nil
}

func (c *counter) Done(plugins.Partition) {}

// write writes n records in batches of 1,000, and waits until they are confirmed.
func write(t testing.TB, bus connectors.Bus, n int) {
	t.Helper()
	sink, err := bus.Writer(connectors.Publication{Topic: "bench.in"}, env("sink.out"))
	if err != nil {
		t.Fatal(err)
	}
	if err := sink.(plugins.Opener).Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	var pool plugins.Pool
	var all sync.WaitGroup
	for n > 0 {
		b := batchOf(&pool, min(n, 1000))
		n -= b.Len
		all.Add(1)
		if err := sink.Write(t.Context(), b, func(err error) {
			if err != nil {
				t.Error(err)
			}
			b.Release()
			all.Done()
		}); err != nil {
			t.Fatal(err)
		}
	}
	all.Wait()
	if err := sink.(plugins.Closer).Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, bus connectors.Bus, group string, n int) {
	t.Helper()
	source, err := bus.Reader(connectors.Subscription{Topic: "bench.in", Group: group, Start: connectors.StartEarliest}, env("source.in"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &counter{end: cancel}
	out.left.Store(int64(n))
	if err := source.Run(ctx, out); ctx.Err() == nil {
		t.Fatal(err)
	}
}

// embedded makes a connection with an embedded server that stores on disk.
func embedded(t testing.TB) connectors.Bus {
	r := newRig(t)
	return r.connect(t, r.config(map[string]any{"store_dir": t.TempDir()}))
}

func BenchmarkWrite(b *testing.B) {
	bus := embedded(b)
	write(b, bus, 1)
	b.SetBytes(int64(len(reading)))
	b.ReportAllocs()
	b.ResetTimer()
	write(b, bus, b.N)
}

func BenchmarkRead(b *testing.B) {
	bus := embedded(b)
	write(b, bus, b.N)
	b.SetBytes(int64(len(reading)))
	b.ReportAllocs()
	b.ResetTimer()
	read(b, bus, "bench", b.N)
}

// byHand is what programs without onstream do, for comparison.
func byHand(b *testing.B) (js jetstream.JetStream, stream jetstream.Stream) {
	s := serve(b, nil)
	nc, err := natsgo.Connect("", natsgo.InProcessServer(s.Server))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(nc.Close)
	if js, err = jetstream.New(nc); err != nil {
		b.Fatal(err)
	}
	if stream, err = js.CreateStream(b.Context(), jetstream.StreamConfig{Name: "bench", Subjects: []string{"bench", "bench.>"}}); err != nil {
		b.Fatal(err)
	}
	return js, stream
}

func publishByHand(b *testing.B, js jetstream.JetStream, n int) {
	for range n {
		for {
			_, err := js.PublishAsync("bench.in", []byte(reading))
			if err == nil {
				break
			}
		}
	}
	<-js.PublishAsyncComplete()
}

func BenchmarkWriteByHand(b *testing.B) {
	js, _ := byHand(b)
	b.ReportAllocs()
	b.ResetTimer()
	publishByHand(b, js, b.N)
}

func BenchmarkReadByHand(b *testing.B) {
	js, stream := byHand(b)
	publishByHand(b, js, b.N)
	b.ReportAllocs()
	b.ResetTimer()
	c, err := stream.CreateConsumer(b.Context(), jetstream.ConsumerConfig{Durable: "bench", AckPolicy: jetstream.AckAllPolicy, MaxAckPending: -1, FilterSubject: "bench.in"})
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	n := 0
	cons, err := c.Consume(func(m jetstream.Msg) {
		if n++; n%5000 == 0 || n == b.N {
			if err := m.Ack(); err != nil {
				b.Error(err)
			}
		}
		if n == b.N {
			close(done)
		}
	}, jetstream.PullMaxMessages(4096))
	if err != nil {
		b.Fatal(err)
	}
	<-done
	cons.Stop()
	<-cons.Closed()
}
