package mqtt_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

func TestSinkPublishesToDevicesAndSources(t *testing.T) {
	t.Parallel()
	out := &bustest.Outlet{}
	out.Hold()
	bus, addr := anyone(t, map[string]any{"retain": true}, "cmd.>", out)
	got := make(chan paho.Message, 10)
	d := device(t, "tcp://"+addr, "d1", nil)
	acknowledged(t, d.Subscribe("cmd/#", 1, func(_ paho.Client, m paho.Message) { got <- m }))
	sink := writer(t, bus, "")
	answer := give(t, sink,
		connectors.Record{Value: []byte("on"), Topic: "cmd.d1", Headers: []connectors.RecordHeader{{Name: "why", Value: []byte("hot")}}},
		connectors.Record{Value: []byte("x"), Topic: "cmd.*"},
		connectors.Record{Value: []byte("off"), Topic: "cmd.d2"},
	)
	out.Brings(t, "on", "off")
	if h := out.Records()[0].Headers; len(h) != 1 || h[0] != (bustest.Header{Name: "why", Value: "hot"}) {
		t.Errorf("the record came with the headers %v", h)
	}
	last := ""
	for _, want := range []string{"on", "off"} {
		m := <-got
		for string(m.Payload()) == last { // with QoS 1 a message may come twice
			m = <-got
		}
		if last = string(m.Payload()); last != want || m.Qos() != 1 {
			t.Errorf("the device got %q with QoS %d", m.Payload(), m.Qos())
		}
	}
	select {
	case err := <-answer:
		t.Fatalf("the batch was answered (%v) before the source had the records safe", err)
	case <-time.After(50 * time.Millisecond): // only a mistake is seen by waiting
	}
	out.Free()
	var failed plugins.RowErrors
	if !errors.As(answered(t, answer), &failed) || len(failed) != 1 || failed[0].Row != 1 || failed[0].Msg != `topic "cmd.*": it stands for several topics, and a record goes to one: write a name without wildcards` {
		t.Errorf("the batch was answered with %v", failed)
	}
	later, kept := device(t, "tcp://"+addr, "d2", nil), make(chan paho.Message, 10)
	acknowledged(t, later.Subscribe("cmd/d1", 1, func(_ paho.Client, m paho.Message) { kept <- m }))
	if m := <-kept; string(m.Payload()) != "on" || !m.Retained() {
		t.Errorf("the later device got %q, retained %v", m.Payload(), m.Retained())
	}
}

// A device that reads all the time misses nothing, however fast records come; what
// one that is away misses is told.
func TestSinkWaitsForDevices(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		quota         map[string]any
		records, size int
	}{
		"as it comes":     {map[string]any{}, 20_000, 5},
		"few messages":    {map[string]any{"max_queued_messages": int64(100)}, 3000, 5},
		"few bytes":       {map[string]any{"max_session_bytes": int64(1 << 20)}, 2000, 20_000},
		"all is used up":  {map[string]any{"max_queued_bytes": int64(2 << 20)}, 3000, 5},
		"used up by size": {map[string]any{"max_queued_bytes": int64(2 << 20)}, 2000, 20_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.quota["anonymous"] = true
			sinkWaits(t, c.quota, c.records, c.size)
		})
	}
}

// sinkWaits writes records of a size to a device that reads and one that is away.
func sinkWaits(t *testing.T, quota map[string]any, records, size int) {
	const batch = 1000
	log := &bustest.Journal{}
	env := bustest.Env("connector.bus")
	env.Logger = log.Logger()
	bus := bustest.Connect(t, kindOf(t), block(t, nil, own(t, quota)), env)
	source := reader(t, bus, connectors.Subscription{Topic: "other"})
	bustest.Start(t, source, &bustest.Outlet{})
	addr := addressOf(t, source)
	away := device(t, "tcp://"+addr, "away", nil)
	acknowledged(t, away.Subscribe("cmd/#", 1, nil))
	away.Disconnect(0)
	var mu sync.Mutex
	got := map[string]bool{}
	d := device(t, "tcp://"+addr, "d1", nil)
	acknowledged(t, d.Subscribe("cmd/#", 1, func(_ paho.Client, m paho.Message) {
		mu.Lock()
		defer mu.Unlock()
		got[string(m.Payload())] = true
	}))
	sink := writer(t, bus, "cmd.x")
	for from := 0; from < records; from += batch {
		var rs []connectors.Record
		for n := range batch {
			rs = append(rs, connectors.Record{Value: fmt.Appendf(nil, "%0*d", size, from+n)})
		}
		if err := answered(t, give(t, sink, rs...)); err != nil {
			t.Fatal(err)
		}
	}
	bustest.Eventually(t, "all come", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(got) == records
	})
	bustest.Eventually(t, "what is dropped is told", func() bool { return strings.Contains(log.String(), "messages to devices are dropped") })
}
