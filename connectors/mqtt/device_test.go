package mqtt_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
)

func TestDeviceIsAcknowledgedWhenTheRecordIsSafe(t *testing.T) {
	t.Parallel()
	for _, qos := range []byte{1, 2} {
		out := &bustest.Outlet{}
		out.Hold()
		_, addr := anyone(t, nil, "plant.*.temp", out)
		d := device(t, "tcp://"+addr, "d1", nil)
		first := d.Publish("plant/d1/temp", qos, false, "one")
		out.Brings(t, "one")
		pending(t, first, "the device got its acknowledgement before the record was safe")
		if r := out.Records()[0]; r.Topic != "plant.d1.temp" || r.Part.Name != "plant/+/temp" {
			t.Errorf("the record is of topic %q and partition %+v", r.Topic, r.Part)
		}
		out.Free()
		acknowledged(t, first)
	}
}

// TestDevicesDoNotWaitForEachOther has each device, and many at once, send on
// while nothing is acknowledged.
func TestDevicesDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	const devices, each = 50, 20
	out := &bustest.Outlet{}
	out.Hold()
	_, addr := anyone(t, nil, "plant.>", out)
	var tokens []paho.Token
	for i := range devices {
		d := device(t, "tcp://"+addr, fmt.Sprintf("d%d", i), nil)
		for k := range each {
			tokens = append(tokens, d.Publish(fmt.Sprintf("plant/d%d", i), 1, false, fmt.Sprintf("%d#%d", i, k)))
		}
	}
	bustest.Eventually(t, "all comes before anything is acknowledged", func() bool { return len(out.Records()) == devices*each })
	next := map[string]int{}
	for _, r := range out.Records() {
		id, n, _ := strings.Cut(r.Value, "#")
		if n != fmt.Sprint(next[id]) {
			t.Fatalf("device %s: message %s came and should be %d", id, n, next[id])
		}
		next[id]++
	}
	out.Free()
	acknowledged(t, tokens...)
}

// TestDeviceOfBeforeMQTT5WaitsAtTheWindow has one send more than may wait: the standard before 5
// does not let the broker say how many.
func TestDeviceOfBeforeMQTT5WaitsAtTheWindow(t *testing.T) {
	t.Parallel()
	out := &bustest.Outlet{}
	out.Hold()
	_, addr := anyone(t, map[string]any{"receive_maximum": int64(5)}, "plant.>", out)
	d := device(t, "tcp://"+addr, "d1", nil)
	var tokens []paho.Token
	var want []string
	for i := range 30 {
		want = append(want, fmt.Sprint(i))
		tokens = append(tokens, d.Publish("plant/d1", 1, false, want[i]))
	}
	out.Brings(t, want[:5]...)
	out.Free()
	acknowledged(t, tokens...)
	out.Brings(t, want...)
}

func TestFullPipelineHoldsDevicesUpAndCountsWhatIsDropped(t *testing.T) {
	t.Parallel()
	out := &bustest.Outlet{}
	out.Block()
	log := &bustest.Journal{}
	env := bustest.Env("connector.bus")
	env.Logger = log.Logger()
	bus := bustest.Connect(t, kindOf(t), block(t, nil, own(t, map[string]any{"anonymous": true})), env)
	source := reader(t, bus, connectors.Subscription{Topic: "plant.>"})
	bustest.Start(t, source, out)
	addr := addressOf(t, source)
	d := device(t, "tcp://"+addr, "d1", nil)
	payload := strings.Repeat("x", 100_000)
	bustest.Eventually(t, "messages with QoS 0 are dropped", func() bool {
		acknowledged(t, d.Publish("plant/d1", 0, false, payload))
		return strings.Contains(log.String(), "messages with QoS 0 are dropped")
	})
	e := device(t, "tcp://"+addr, "d2", nil)
	waiting := e.Publish("plant/d2", 1, false, "safe")
	pending(t, waiting, "a message for which there is no room was acknowledged")
	out.Unblock()
	acknowledged(t, waiting)
	bustest.Eventually(t, "the message comes", func() bool { return slices.Contains(out.Values(), "safe") })
}

func TestDeviceSendsAgainWhatThePipelineDidNotFinish(t *testing.T) {
	t.Parallel()
	out := &bustest.Outlet{}
	out.Hold()
	_, addr := anyone(t, nil, "plant.>", out)
	d := device(t, "tcp://"+addr, "d1", nil)
	tokens := []paho.Token{d.Publish("plant/d1", 1, false, "one"), d.Publish("plant/d1", 1, false, "two")}
	bustest.Eventually(t, "both come", func() bool { return len(out.Records()) == 2 })
	out.Nack(fmt.Errorf("on purpose"))
	out.Free()
	acknowledged(t, tokens...) // the client says so as soon as it has sent again
	bustest.Eventually(t, "all of it comes again", func() bool {
		again := out.Values()[2:]
		return slices.Contains(again, "one") && slices.Contains(again, "two")
	})
}

func TestSourceThatDoesNotRunYetIsWaitedFor(t *testing.T) {
	t.Parallel()
	first := &bustest.Outlet{}
	bus, addr := anyone(t, nil, "plant.first", first)
	later := reader(t, bus, connectors.Subscription{Topic: "plant.later", Group: "later"})
	d := device(t, "tcp://"+addr, "d1", nil)
	waiting := d.Publish("plant/later", 1, false, "early")
	pending(t, waiting, "a message for a source that does not run yet was acknowledged")
	out := &bustest.Outlet{}
	bustest.Start(t, later, out)
	acknowledged(t, waiting)
	out.Brings(t, "early")
}

func TestWillOfADeviceReachesTheSource(t *testing.T) {
	t.Parallel()
	out := &bustest.Outlet{}
	_, addr := anyone(t, nil, "state.>", out)
	relay := bustest.NewRelay(t, addr)
	device(t, "tcp://"+relay.Addr(), "d1", func(o *paho.ClientOptions) {
		o.SetWill("state/d1", "offline", 1, false).SetAutoReconnect(false)
	})
	relay.Shut()
	out.Brings(t, "offline")
}

func TestEmbeddedPropertiesAreHeaders(t *testing.T) {
	t.Parallel()
	out := &bustest.Outlet{}
	_, addr := anyone(t, nil, "plant.>", out)
	client := to(t, addr, nil)
	headers := []connectors.RecordHeader{{Name: "content-type", Value: []byte("text/plain")}, {Name: "mqtt-correlation-data", Value: []byte{0, 255}}, {Name: "mqtt-response-topic", Value: []byte("answers/1")}, {Name: "a", Value: []byte("1")}, {Name: "a", Value: []byte("2")}}
	if err := answered(t, give(t, writer(t, client, "plant.d1"), connectors.Record{Value: []byte("x"), Headers: headers})); err != nil {
		t.Fatal(err)
	}
	out.Brings(t, "x")
	got := out.Records()[0].Headers
	for _, h := range headers {
		if !slices.ContainsFunc(got, func(x bustest.Header) bool {
			return x.Name == h.Name && bytes.Equal([]byte(x.Value), h.Value)
		}) {
			t.Errorf("the header %s is missing: %q", h.Name, got)
		}
	}
	if len(got) != len(headers) {
		t.Errorf("got %q", got)
	}
}
