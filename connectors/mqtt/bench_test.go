package mqtt_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

var reading = []byte(`{"device_id":"d-002305","ts":1700000000000,"temperature":63.45,"humidity":60.4,"vibration":0.021,"status":"ok","site":"plant-5","fw":"1.4.2"}`)

// benchServer returns the address of the broker that is up.
func benchServer(b *testing.B) string {
	b.Helper()
	addr := os.Getenv("ONSTREAM_TEST_MQTT")
	if addr == "" {
		b.Skip("ONSTREAM_TEST_MQTT is not set: start a broker and set it to its address, such as 127.0.0.1:1883")
	}
	return addr
}

// counter takes records and counts them.
type counter struct {
	pool plugins.Pool
	n    atomic.Int64
}

func (c *counter) Batch() *plugins.Batch { return c.pool.Batch() }

func (c *counter) Done(plugins.Partition) {}

func (c *counter) Hand(_ context.Context, d plugins.Delivery) error {
	c.n.Add(int64(d.Batch.Len))
	d.Batch.Release()
	d.Ack()
	return nil
}

// BenchmarkThroughABroker writes records of 143 bytes with QoS 1 and reads them again, the
// broker's work included.
func BenchmarkThroughABroker(b *testing.B) {
	addr := benchServer(b)
	for _, version := range []string{"5", "3.1.1"} {
		b.Run(version, func(b *testing.B) {
			topic := connectors.Topic(fmt.Sprintf("bench.t%d", time.Now().UnixNano()))
			out := &counter{}
			values := map[string]any{"protocol_version": version}
			run(b, reader(b, to(b, addr, values), connectors.Subscription{Topic: topic, Group: string(topic)}), out)
			sink := writer(b, to(b, addr, values), topic)
			const each = 1000
			w := connectors.NewBuilder(new(plugins.Pool).Batch(), plugins.Partition{}, environment("").Framing)
			for range each {
				w.Add(connectors.Record{Value: reading})
			}
			batch := w.Batch()
			eventually(b, "the source reads", func() bool {
				return answered(b, give(b, sink, connectors.Record{Value: reading})) == nil && out.n.Load() > 0
			})
			began := out.n.Load()
			b.ReportAllocs()
			b.ResetTimer()
			var open sync.WaitGroup
			for n := 0; n < b.N; n += each {
				open.Add(1)
				if err := sink.Write(b.Context(), batch, func(err error) {
					if err != nil {
						b.Error(err)
					}
					open.Done()
				}); err != nil {
					b.Fatal(err)
				}
			}
			open.Wait()
			sent := int64((b.N + each - 1) / each * each)
			eventually(b, "all comes", func() bool { return out.n.Load()-began >= sent })
			b.ReportMetric(float64(sent)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkDriverThroughABroker does the same with paho's client, for comparison.
func BenchmarkDriverThroughABroker(b *testing.B) {
	addr := benchServer(b)
	topic := fmt.Sprintf("bench/t%d", time.Now().UnixNano())
	var n atomic.Int64
	in := device(b, "tcp://"+addr, topic+"-in", nil)
	acknowledged(b, in.Subscribe(topic, 1, func(paho.Client, paho.Message) { n.Add(1) }))
	out := device(b, "tcp://"+addr, topic+"-out", nil)
	b.ReportAllocs()
	b.ResetTimer()
	tokens := make(chan paho.Token, 1024)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for t := range tokens {
			<-t.Done()
		}
	}()
	for range b.N {
		tokens <- out.Publish(topic, 1, false, reading)
	}
	close(tokens)
	<-done
	eventually(b, "all comes", func() bool { return n.Load() >= int64(b.N) })
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkDevices has devices publish to the embedded broker with QoS 1; each sends on without
// waiting, and is acknowledged when the source is.
func BenchmarkDevices(b *testing.B) {
	for _, devices := range []int{1, 100} {
		b.Run(fmt.Sprint(devices), func(b *testing.B) {
			out := &counter{}
			bus := connect(b, kindOf(b), block(b, nil, own(b, map[string]any{"anonymous": true})), environment("connector.bus"))
			source := reader(b, bus, connectors.Subscription{Topic: "plant.>"})
			run(b, source, out)
			addr := addressOf(b, source)
			var sinks []plugins.Sink
			for i := range devices {
				sinks = append(sinks, writer(b, to(b, addr, nil), connectors.Topic(fmt.Sprintf("plant.d%d", i))))
			}
			w := connectors.NewBuilder(new(plugins.Pool).Batch(), plugins.Partition{}, environment("").Framing)
			const each = 100
			for range each {
				w.Add(connectors.Record{Value: reading})
			}
			batch := w.Batch()
			b.ReportAllocs()
			b.ResetTimer()
			var open sync.WaitGroup
			for n, i := 0, 0; n < b.N; n, i = n+each, i+1 {
				open.Add(1)
				if err := sinks[i%devices].Write(b.Context(), batch, func(err error) {
					if err != nil {
						b.Error(err)
					}
					open.Done()
				}); err != nil {
					b.Fatal(err)
				}
			}
			open.Wait()
			b.ReportMetric(float64(out.n.Load())/b.Elapsed().Seconds(), "records/s")
		})
	}
}

var _ plugins.Outlet = (*counter)(nil)
