package mqtt_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// BenchmarkThroughABroker writes records of 143 bytes with QoS 1 and reads them again, the
// broker's work included.
func BenchmarkThroughABroker(b *testing.B) {
	addr := bustest.Server(b, "ONSTREAM_TEST_MQTT")
	for _, version := range []string{"5", "3.1.1"} {
		b.Run(version, func(b *testing.B) {
			topic := connectors.Topic(fmt.Sprintf("bench.t%d", time.Now().UnixNano()))
			out := &bustest.Counter{}
			values := map[string]any{"protocol_version": version}
			bustest.Start(b, reader(b, to(b, addr, values), connectors.Subscription{Topic: topic, Group: string(topic)}), out)
			sink := writer(b, to(b, addr, values), topic)
			const each = 1000
			w := connectors.NewBuilder(new(plugins.Pool).Batch(), plugins.Partition{}, bustest.Env("").Framing)
			for range each {
				w.Add(connectors.Record{Value: []byte(bustest.Telemetry)})
			}
			batch := w.Batch()
			bustest.Eventually(b, "the source reads", func() bool {
				return answered(b, give(b, sink, connectors.Record{Value: []byte(bustest.Telemetry)})) == nil && out.Count() > 0
			})
			began := out.Count()
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
			bustest.Eventually(b, "all comes", func() bool { return out.Count()-began >= sent })
			b.ReportMetric(float64(sent)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkDriverThroughABroker does the same with paho's client, for comparison.
func BenchmarkDriverThroughABroker(b *testing.B) {
	addr := bustest.Server(b, "ONSTREAM_TEST_MQTT")
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
		tokens <- out.Publish(topic, 1, false, bustest.Telemetry)
	}
	close(tokens)
	<-done
	bustest.Eventually(b, "all comes", func() bool { return n.Load() >= int64(b.N) })
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkDevices has devices publish to the embedded broker with QoS 1; each sends on without
// waiting, and is acknowledged when the source is.
func BenchmarkDevices(b *testing.B) {
	for _, devices := range []int{1, 100} {
		b.Run(fmt.Sprint(devices), func(b *testing.B) {
			out := &bustest.Counter{}
			bus := bustest.Connect(b, kindOf(b), block(b, nil, own(b, map[string]any{"anonymous": true})), bustest.Env("connector.bus"))
			source := reader(b, bus, connectors.Subscription{Topic: "plant.>"})
			bustest.Start(b, source, out)
			addr := addressOf(b, source)
			var sinks []plugins.Sink
			for i := range devices {
				sinks = append(sinks, writer(b, to(b, addr, nil), connectors.Topic(fmt.Sprintf("plant.d%d", i))))
			}
			w := connectors.NewBuilder(new(plugins.Pool).Batch(), plugins.Partition{}, bustest.Env("").Framing)
			const each = 100
			for range each {
				w.Add(connectors.Record{Value: []byte(bustest.Telemetry)})
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
			b.ReportMetric(float64(out.Count())/b.Elapsed().Seconds(), "records/s")
		})
	}
}
