package mqtt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// own returns the block of an embedded broker.
func own(t testing.TB, values map[string]any, blocks ...plugins.ConfigBlock) plugins.ConfigBlock {
	t.Helper()
	for _, b := range kindOf(t).Schema.Blocks {
		if b.Name == "embedded" {
			all := map[string]any{"listen": "127.0.0.1:0"}
			for k, v := range values {
				all[k] = v
			}
			return plugins.ConfigBlock{Name: "embedded", Config: bustest.Block(b.Schema, all, blocks...)}
		}
	}
	t.Fatal("there is no block embedded")
	return plugins.ConfigBlock{}
}

// anyone starts an embedded broker that lets everybody in, with a source of a topic.
func anyone(t testing.TB, values map[string]any, topic connectors.Topic, out *bustest.Outlet) (bus connectors.Bus, addr string) {
	t.Helper()
	bus = bustest.Connect(t, kindOf(t), block(t, values, own(t, map[string]any{"anonymous": true})), bustest.Env("connector.bus"))
	source := reader(t, bus, connectors.Subscription{Topic: topic})
	bustest.Start(t, source, out)
	return bus, addressOf(t, source)
}

// device connects with a client that others wrote.
func device(t testing.TB, url, id string, more func(*paho.ClientOptions)) paho.Client {
	t.Helper()
	o := paho.NewClientOptions().AddBroker(url).SetClientID(id).SetCleanSession(false).SetMaxReconnectInterval(50 * time.Millisecond).SetConnectRetryInterval(20 * time.Millisecond)
	if more != nil {
		more(o)
	}
	c := paho.NewClient(o)
	if token := c.Connect(); !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		t.Fatalf("the device is not let in: %v", token.Error())
	}
	t.Cleanup(func() { c.Disconnect(0) })
	return c
}

func acknowledged(t testing.TB, tokens ...paho.Token) {
	t.Helper()
	for i, token := range tokens {
		if !token.WaitTimeout(20*time.Second) || token.Error() != nil {
			t.Fatalf("message %d is not acknowledged: %v", i, token.Error())
		}
	}
}

func pending(t testing.TB, token paho.Token, why string) {
	t.Helper()
	if token.WaitTimeout(50 * time.Millisecond) { // only a mistake is seen by waiting
		t.Fatal(why)
	}
}

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
		if r := out.Records()[0]; r.Topic != "plant/d1/temp" || r.Part.Name != "plant/+/temp" {
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
	const records, batch = 20_000, 1000
	log := &bustest.Journal{}
	env := bustest.Env("connector.bus")
	env.Logger = log.Logger()
	bus := bustest.Connect(t, kindOf(t), block(t, nil, own(t, map[string]any{"anonymous": true})), env)
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
			rs = append(rs, connectors.Record{Value: strconv.AppendInt(nil, int64(from+n), 10)})
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

func TestEmbeddedUsers(t *testing.T) {
	t.Parallel()
	log := &bustest.Journal{}
	env := bustest.Env("connector.bus")
	env.Logger = log.Logger()
	user := func(name, password string, publish, subscribe []string) plugins.ConfigBlock {
		v := map[string]any{"password": plugins.NewSecret(password)}
		if publish != nil {
			v["publish"] = publish
		}
		if subscribe != nil {
			v["subscribe"] = subscribe
		}
		return plugins.ConfigBlock{Name: "user", Label: name, Config: plugins.NewConfig(v)}
	}
	bus := bustest.Connect(t, kindOf(t), block(t, nil, own(t, nil, user("sensor", "s3cret-1", []string{"plant.*.temp"}, []string{"cmd.>"}), user("admin", "s3cret-2", nil, nil))), env)
	out := &bustest.Outlet{}
	source := reader(t, bus, connectors.Subscription{Topic: "plant.>"})
	bustest.Start(t, source, out)
	addr := addressOf(t, source)
	for _, c := range [][2]string{{"", ""}, {"sensor", "s3cret-2"}, {"sensor", ""}, {"nobody", "s3cret-1"}} {
		o := paho.NewClientOptions().AddBroker("tcp://" + addr).SetUsername(c[0]).SetPassword(c[1]).SetConnectRetry(false)
		token := paho.NewClient(o).Connect()
		if !token.WaitTimeout(10*time.Second) || token.Error() == nil {
			t.Errorf("%q with password %q was let in", c[0], c[1])
		}
	}
	as := func(name, password string) func(*paho.ClientOptions) {
		return func(o *paho.ClientOptions) { o.SetUsername(name).SetPassword(password) }
	}
	admin := device(t, "tcp://"+addr, "admin", as("admin", "s3cret-2"))
	got := make(chan string, 10)
	sensor := device(t, "tcp://"+addr, "sensor", as("sensor", "s3cret-1"))
	acknowledged(t, sensor.Subscribe("#", 1, func(_ paho.Client, m paho.Message) { got <- m.Topic() }))
	acknowledged(t, admin.Publish("plant/d1/secret", 1, false, "a"), admin.Publish("cmd/d1", 1, false, "b"))
	select {
	case topic := <-got:
		if topic != "cmd/d1" {
			t.Errorf("a user read %s, which it may not", topic)
		}
	case <-time.After(100 * time.Millisecond): // it may be refused as a whole
	}
	sensor.Publish("plant/d1/hum", 0, false, "not allowed")
	acknowledged(t, sensor.Publish("plant/d1/temp", 1, false, "allowed"))
	out.Brings(t, "a", "allowed")
	if strings.Contains(log.String(), "s3cret") {
		t.Errorf("the log holds a password:\n%s", log)
	}
	if !strings.Contains(log.String(), "a device was not let in: its user name or password is wrong") {
		t.Errorf("the log does not tell of those who were not let in:\n%s", log)
	}
}

func TestDevicesOverWebSockets(t *testing.T) {
	t.Parallel()
	web := freeAddr(t)
	bus := bustest.Connect(t, kindOf(t), block(t, nil, own(t, map[string]any{"anonymous": true, "websocket": web})), bustest.Env("connector.bus"))
	out := &bustest.Outlet{}
	bustest.Start(t, reader(t, bus, connectors.Subscription{Topic: "plant.>"}), out)
	bustest.Eventually(t, "the port is open", func() bool {
		conn, err := net.Dial("tcp", web)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	acknowledged(t, device(t, "ws://"+web+"/mqtt", "d1", nil).Publish("plant/d1", 1, false, "other's client"))
	client := bustest.Connect(t, kindOf(t), block(t, map[string]any{"url": "ws://" + web}), bustest.Env("connector.out"))
	if err := answered(t, give(t, writer(t, client, "plant.d2"), connectors.Record{Value: []byte("own client")})); err != nil {
		t.Fatal(err)
	}
	out.Brings(t, "other's client", "own client")
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	bus := bustest.Connect(t, kindOf(t), block(t, map[string]any{"startup": "fail"}, own(t, map[string]any{"anonymous": true, "listen": l.Addr().String()})), bustest.Env("connector.bus"))
	err = reader(t, bus, connectors.Subscription{Topic: "a"}).Run(t.Context(), &bustest.Outlet{})
	want := "address already in use: free the address, or choose another one in the block embedded"
	if err == nil || !plugins.IsPermanent(err) || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v, want ... %s", err, want)
	}
}

// TestConnectionsOfEqualBlocksShareABroker is what makes it possible to start a pipeline anew in
// a running process.
func TestConnectionsOfEqualBlocksShareABroker(t *testing.T) {
	t.Parallel()
	kind := kindOf(t)
	c := block(t, nil, own(t, map[string]any{"anonymous": true, "listen": freeAddr(t)}))
	out := &bustest.Outlet{}
	bustest.Start(t, reader(t, bustest.Connect(t, kind, c, bustest.Env("connector.a")), connectors.Subscription{Topic: "a.b"}), out)
	sink := writer(t, bustest.Connect(t, kind, c, bustest.Env("connector.b")), "a.b")
	bustest.Eventually(t, "the source runs", func() bool {
		return answered(t, give(t, sink, connectors.Record{Value: []byte("x")})) == nil && len(out.Records()) > 0
	})
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

func TestEmbeddedStatus(t *testing.T) {
	t.Parallel()
	bus := bustest.Connect(t, kindOf(t), block(t, nil, own(t, map[string]any{"anonymous": true})), bustest.Env("connector.bus"))
	status := bus.(plugins.Monitored).Status
	if s := status(); s.Connected {
		t.Errorf("before it is used: %+v", s)
	}
	if err := writer(t, bus, "a").Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	if s := status(); !s.Connected || s.Err != "" {
		t.Errorf("while it is used: %+v", s)
	}
}
