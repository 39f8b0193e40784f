package mqtt_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// steadily writes numbered records one by one until the returned function is called, which
// returns how many there were.
func steadily(t *testing.T, sink plugins.Sink) func() int {
	t.Helper()
	stop := make(chan struct{})
	n := 0
	var wg sync.WaitGroup
	wg.Go(func() {
		var answers []<-chan error
		for {
			select {
			case <-stop:
				for _, a := range answers {
					if err := answered(t, a); err != nil {
						t.Error(err)
					}
				}
				return
			default:
			}
			answers = append(answers, give(t, sink, connectors.Record{Value: fmt.Append(nil, n)}))
			n++
			time.Sleep(time.Millisecond) // so that connections are cut in between
		}
	})
	return func() int {
		close(stop)
		wg.Wait()
		return n
	}
}

// TestQoS2IsExactlyOnceOverCuts cuts the connections of both sides while records flow.
func TestQoS2IsExactlyOnceOverCuts(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	in, out := bustest.NewRelay(t, s.addr()), bustest.NewRelay(t, s.addr())
	got := &bustest.Outlet{}
	bustest.Start(t, reader(t, to(t, out.Addr(), map[string]any{"qos": int64(2)}), connectors.Subscription{Topic: "a.b"}), got)
	bustest.Eventually(t, "the source has subscribed", func() bool { return s.subscriptions() == 1 })
	finish := steadily(t, writer(t, to(t, in.Addr(), map[string]any{"qos": int64(2)}), "a.b"))
	for turn := range 20 {
		before := len(got.Records())
		[]*bustest.Relay{in, out}[turn%2].Cut()
		bustest.Eventually(t, "records come again", func() bool { return len(got.Records()) > before+3 })
	}
	var want []string
	for i := range finish() {
		want = append(want, fmt.Sprint(i))
	}
	got.Brings(t, want...)
}

// TestWhatIsWorkedOnIsNotHandedOverTwice cuts the connection while records wait for their
// acknowledgement, and acknowledges them while there is none.
func TestWhatIsWorkedOnIsNotHandedOverTwice(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	relay := bustest.NewRelay(t, s.addr())
	out := &bustest.Outlet{}
	out.Hold()
	bustest.Start(t, reader(t, to(t, relay.Addr(), nil), connectors.Subscription{Topic: "a.b"}), out)
	bustest.Eventually(t, "the source has subscribed", func() bool { return s.subscriptions() == 1 })
	sink := writer(t, to(t, s.addr(), nil), "a.b")
	write := func(values ...string) {
		for _, v := range values {
			if err := answered(t, give(t, sink, connectors.Record{Value: []byte(v)})); err != nil {
				t.Fatal(err)
			}
		}
	}
	write("one", "two", "three")
	out.Brings(t, "one", "two", "three")
	relay.Cut()
	bustest.Eventually(t, "the source is connected again", func() bool { return s.connections() == 2 && s.greetings() == 3 })
	write("four")
	out.Brings(t, "one", "two", "three", "four")
	relay.Shut()
	bustest.Eventually(t, "the source is cut off", func() bool { return s.connections() == 1 })
	out.Free()
	write("five")
	relay.Open()
	out.Brings(t, "one", "two", "three", "four", "five")
	bustest.Eventually(t, "all is acknowledged", func() bool { return s.unacknowledged() == 0 })
}

func TestHalfOpenConnectionIsNoticed(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	relay := bustest.NewRelay(t, s.addr())
	out := &bustest.Outlet{}
	bus := to(t, relay.Addr(), map[string]any{"keep_alive": time.Second, "connect_timeout": 500 * time.Millisecond})
	bustest.Start(t, reader(t, bus, connectors.Subscription{Topic: "a.b"}), out)
	bustest.Eventually(t, "the source has subscribed", func() bool { return s.subscriptions() == 1 })
	status := bus.(plugins.Monitored).Status
	bustest.Eventually(t, "the source is connected", func() bool { return status().Connected })
	before := status().Reconnects
	relay.Stall()
	bustest.Eventually(t, "the silence is noticed", func() bool {
		st := status()
		return !st.Connected && (strings.Contains(st.Err, "no sign of life") || strings.Contains(st.Err, "no answer within connect_timeout"))
	})
	relay.Resume()
	bustest.Eventually(t, "the source is connected again", func() bool {
		st := status()
		return st.Connected && st.Reconnects > before && st.Err == ""
	})
	if err := answered(t, give(t, writer(t, to(t, s.addr(), nil), "a.b"), connectors.Record{Value: []byte("x")})); err != nil {
		t.Fatal(err)
	}
	out.Brings(t, "x")
}

// patient is a keep_alive for tests in which a connection is to stay: a process may not be
// scheduled for as long.
const patient = 6 * time.Second

// TestIdleConnectionStays lets several times keep_alive pass without a record.
func TestIdleConnectionStays(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	bus := to(t, s.addr(), map[string]any{"keep_alive": patient})
	bustest.Start(t, reader(t, bus, connectors.Subscription{Topic: "a.b"}), &bustest.Outlet{})
	bustest.Eventually(t, "the source has subscribed", func() bool { return s.subscriptions() == 1 })
	for n := range 4 {
		bustest.Eventually(t, "another ping is sent", func() bool { return s.pings() > n })
	}
	if n := s.greetings(); n != 1 {
		t.Errorf("%d connections were made", n)
	}
}

// TestBackPressureDoesNotBreakTheConnection holds the pipeline up for longer than keep_alive allows
// silence, with more than fits into what is read ahead.
func TestBackPressureDoesNotBreakTheConnection(t *testing.T) {
	t.Parallel()
	each(t, []string{"5", "3.1.1"}, func(t *testing.T, version string) {
		s := startServer(t)
		out := &bustest.Outlet{}
		out.Block()
		bus := to(t, s.addr(), map[string]any{"keep_alive": patient, "protocol_version": version})
		bustest.Start(t, reader(t, bus, connectors.Subscription{Topic: "a.b"}), out)
		bustest.Eventually(t, "the source has subscribed", func() bool { return s.subscriptions() == 1 })
		sink := writer(t, to(t, s.addr(), nil), "a.b")
		var want []string
		for i := range 300 {
			want = append(want, strings.Repeat("x", 30_000)+fmt.Sprint(i))
			if err := answered(t, give(t, sink, connectors.Record{Value: []byte(want[i])})); err != nil {
				t.Fatal(err)
			}
		}
		before := s.pings()
		bustest.Eventually(t, "time passes", func() bool { return s.pings() > before+3 })
		out.Unblock()
		out.Brings(t, want...)
		if n := s.greetings(); n != 2 {
			t.Errorf("%d connections were made", n)
		}
	})
}

// each runs a test for each version.
func each(t *testing.T, versions []string, f func(t *testing.T, version string)) {
	for _, v := range versions {
		t.Run(v, func(t *testing.T) {
			t.Parallel()
			f(t, v)
		})
	}
}

func TestLostSessionIsTold(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	log := &bustest.Journal{}
	env := bustest.Env("connector.bus")
	env.Logger = log.Logger()
	bus := bustest.Connect(t, kindOf(t), block(t, map[string]any{"url": "mqtt://" + s.addr()}), env)
	out := &bustest.Outlet{}
	bustest.Start(t, reader(t, bus, connectors.Subscription{Topic: "a.b"}), out)
	bustest.Eventually(t, "the source has subscribed", func() bool { return s.subscriptions() == 1 })
	s.forget()
	bustest.Eventually(t, "it is told", func() bool {
		return strings.Contains(log.String(), "the broker has lost the session: what it kept for the source is gone")
	})
	bustest.Eventually(t, "the source has subscribed", func() bool { return s.subscriptions() == 1 })
	if err := answered(t, give(t, writer(t, bus, "a.b"), connectors.Record{Value: []byte("x")})); err != nil {
		t.Fatal(err)
	}
	out.Brings(t, "x")
	if n := strings.Count(log.String(), "the bus cannot be reached: it is tried again until it can"); n != 1 {
		t.Errorf("the outage was told %d times:\n%s", n, log)
	}
	if !strings.Contains(log.String(), "the bus is reached") {
		t.Errorf("its end was not told:\n%s", log)
	}
}

func TestRetainedMessages(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"5", "3.1.1"} {
		s := startServer(t)
		values := map[string]any{"protocol_version": version}
		kept := writer(t, to(t, s.addr(), map[string]any{"retain": true}), "a.b")
		if err := answered(t, give(t, kept, connectors.Record{Value: []byte("old")}, connectors.Record{Value: []byte("kept")})); err != nil {
			t.Fatal(err)
		}
		earliest, latest := &bustest.Outlet{}, &bustest.Outlet{}
		bustest.Start(t, reader(t, to(t, s.addr(), values), connectors.Subscription{Topic: "a.*", Group: "one", Start: connectors.StartEarliest}), earliest)
		bustest.Start(t, reader(t, to(t, s.addr(), values), connectors.Subscription{Topic: "a.*", Group: "two", Start: connectors.StartLatest}), latest)
		bustest.Eventually(t, "the sources have subscribed", func() bool { return s.subscriptions() == 2 })
		if err := answered(t, give(t, kept, connectors.Record{Value: []byte("new")})); err != nil {
			t.Fatal(err)
		}
		earliest.Brings(t, "kept", "new")
		latest.Brings(t, "new")
		r := earliest.Records()
		if !slices.Equal(r[0].Headers, []bustest.Header{{Name: "mqtt-retain", Value: "true"}}) || len(r[1].Headers) > 0 {
			t.Errorf("MQTT %s: the headers are %q and %q", version, r[0].Headers, r[1].Headers)
		}
	}
}

func TestWill(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	relay := bustest.NewRelay(t, s.addr())
	out := &bustest.Outlet{}
	bustest.Start(t, reader(t, to(t, s.addr(), nil), connectors.Subscription{Topic: "gateways.*.state"}), out)
	bustest.Eventually(t, "the source has subscribed", func() bool { return s.subscriptions() == 1 })
	wills := func() plugins.ConfigBlock {
		return bustest.Nested(kindOf(t).Schema, "will", map[string]any{"topic": "gateways.7.state", "payload": "offline"})
	}
	cut := bustest.Connect(t, kindOf(t), block(t, map[string]any{"url": "mqtt://" + relay.Addr()}, wills()), bustest.Env("connector.cut"))
	writer(t, cut, "a")
	bustest.Start(t, reader(t, cut, connectors.Subscription{Topic: "a.b"}), &bustest.Outlet{}) // does not carry the will, too
	bustest.Eventually(t, "both are connected", func() bool { return s.greetings() == 3 })
	relay.Shut()
	out.Brings(t, "offline")
	orderly, err := kindOf(t).New(block(t, map[string]any{"url": "mqtt://" + s.addr()}, wills()), bustest.Env("connector.orderly"))
	if err != nil {
		t.Fatal(err)
	}
	writer(t, orderly.(connectors.Bus), "a")
	if err := orderly.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	out.Brings(t, "offline")
}

func TestSharedSubscription(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	outs := []*bustest.Outlet{{}, {}}
	for i, out := range outs {
		bus := to(t, s.addr(), map[string]any{"share_name": "team", "client_id": fmt.Sprintf("member-%d", i)})
		bustest.Start(t, reader(t, bus, connectors.Subscription{Topic: "a.*"}), out)
	}
	bustest.Eventually(t, "both have subscribed", func() bool { return s.subscriptions() == 2 })
	sink := writer(t, to(t, s.addr(), nil), "")
	var records []connectors.Record
	var want []string
	for i := range 200 {
		want = append(want, fmt.Sprint(i))
		records = append(records, connectors.Record{Value: []byte(want[i]), Topic: fmt.Sprintf("a.d%d", i%7)})
	}
	if err := answered(t, give(t, sink, records...)); err != nil {
		t.Fatal(err)
	}
	bustest.Eventually(t, "all come", func() bool { return len(outs[0].Records())+len(outs[1].Records()) >= 200 })
	got := append(outs[0].Values(), outs[1].Values()...)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d records came instead of each of 200 once", len(got))
	}
	if s.subscribed("$share/team/a/+") != 2 {
		t.Error("they are no members of a shared subscription")
	}
}

func TestBrowsing(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	out, beside := &bustest.Outlet{}, &bustest.Outlet{}
	bus := to(t, s.addr(), nil)
	bustest.Start(t, reader(t, bus, connectors.Subscription{Topic: "a.b"}), out)
	bustest.Start(t, reader(t, bus, connectors.Subscription{Topic: "a.b", Browse: true}), beside)
	bustest.Eventually(t, "both have subscribed", func() bool { return s.subscriptions() == 2 })
	if err := answered(t, give(t, writer(t, bus, "a.b"), connectors.Record{Value: []byte("x")})); err != nil {
		t.Fatal(err)
	}
	out.Brings(t, "x")
	beside.Brings(t, "x")
}

func TestQoS0(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	bus := to(t, s.addr(), map[string]any{"qos": int64(0)})
	out := &bustest.Outlet{}
	bustest.Start(t, reader(t, bus, connectors.Subscription{Topic: "a.b"}), out)
	bustest.Eventually(t, "the source has subscribed", func() bool { return s.subscriptions() == 1 })
	sink := writer(t, bus, "a.b")
	var want []string
	var records []connectors.Record
	for i := range 5000 {
		want = append(want, fmt.Sprint(i))
		records = append(records, connectors.Record{Value: []byte(want[i])})
	}
	if err := answered(t, give(t, sink, records...)); err != nil {
		t.Fatal(err)
	}
	out.Brings(t, want...)
}

// TestCredentialsAreSent also sees that they stand in no log.
func TestCredentialsAreSent(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"5", "3.1.1"} {
		s := startServer(t)
		var user, password string
		s.connack = func(pk packets.Packet) byte {
			user, password = string(pk.Connect.Username), string(pk.Connect.Password)
			return 0
		}
		log := &bustest.Journal{}
		env := bustest.Env("connector.bus")
		env.Logger = log.Logger()
		bus := bustest.Connect(t, kindOf(t), block(t, map[string]any{"url": "mqtt://" + s.addr(), "protocol_version": version, "username": "gateway", "password": plugins.NewSecret("s3cret")}), env)
		writer(t, bus, "a.b")
		s.hangUpAll()
		bustest.Eventually(t, "it is connected again", func() bool { return s.greetings() >= 2 })
		if user != "gateway" || password != "s3cret" {
			t.Errorf("MQTT %s: the broker got %q and %q", version, user, password)
		}
		if strings.Contains(log.String(), "s3cret") {
			t.Errorf("the log holds the password:\n%s", log)
		}
	}
}
