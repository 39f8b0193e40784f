package opcua_test

import (
	"math"
	"testing"
	"time"

	"github.com/gopcua/opcua/ua"
	"go.uber.org/goleak"

	"github.com/onstream/onstream/examples/plugins/opcua/simulator"
)

// The simulated server forgets subscriptions whose connection was cut when something changes, and so some never.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/gopcua/opcua/server.(*Subscription).run"))
}

func TestChanges(t *testing.T) {
	t.Parallel()
	server := serve(t, simulator.Config{})
	server.Set("Temperature", 20.5)
	server.Set("Running", true)
	r := newRig()
	stop := r.start(t, attrs{"endpoint": server.Endpoint(), "server": "line-1"},
		node("temperature", attrs{"id": "ns=1;s=Temperature"}), node("running", attrs{"id": "ns=1;s=Running"}))
	first := r.out.until(t, "the temperature", is("20.5"))
	for name, want := range map[string]string{"server": `"line-1"`, "node": `"temperature"`, "quality": `"good"`, "status": `"Good"`, "gap": "false"} {
		if first[name].String() != want {
			t.Errorf("%s is %v, want %s", name, first[name], want)
		}
	}
	if first["ts"] != first["source_time"] || first["server_time"].Int == 0 {
		t.Errorf("the times are %v", first)
	}
	for _, v := range []float64{21, 22, 23} {
		server.Set("Temperature", v)
		if got := r.out.until(t, "the new temperature", func(r row) bool { return r["value"].Float == v }); got["node"].Text != "temperature" {
			t.Errorf("the record is %v", got)
		}
	}
	server.Set("Running", false)
	r.out.until(t, "the new state", is("false"))
	server.SetData("Temperature", &ua.DataValue{Status: ua.StatusBadSensorFailure})
	got := r.out.until(t, "a failure", func(r row) bool { return r["quality"].Text == "bad" })
	if _, has := got["value"]; has || got["status"].Text != "BadSensorFailure" {
		t.Errorf("the record is %v", got)
	}
	if r.metric("server_connected") != 1 || r.metric("server_gaps") != 0 {
		t.Error("the metrics do not say that all is well")
	}
	stop()
	if r.metric("server_connected") != 0 {
		t.Error("the source is still connected")
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	server := serve(t, simulator.Config{})
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	values := map[string]struct {
		value any
		typ   string
		want  string // or the failure
	}{
		"int8":         {int8(-1), "int", "-1"},
		"byte":         {byte(200), "int", "200"},
		"int64":        {int64(math.MinInt64), "int", "-9223372036854775808"},
		"uint64":       {uint64(math.MaxUint64), "int", "type: node uint64: 18446744073709551615 is more than an int holds"},
		"float32":      {float32(0.5), "float", "0.5"},
		"int as float": {int32(7), "float", "7"},
		"too exact":    {int64(math.MaxInt64), "float", `type: node too exact: the server sends a value of type int, and type says float: write what it is, or "any"`},
		"other type":   {"7", "int", `type: node other type: the server sends a value of type string, and type says int: write what it is, or "any"`},
		"text":         {"näher", "string", `"näher"`},
		"bytes":        {[]byte{0, 255}, "bytes", `"\x00\xff"`},
		"time":         {at, "time", `"2026-01-02T03:04:05Z"`},
		"localized":    {ua.NewLocalizedText("hello"), "any", `"hello"`},
		"status":       {ua.StatusBadTimeout, "any", `"BadTimeout"`},
		"node id":      {ua.MustParseNodeID("ns=1;s=x"), "any", `"ns=1;s=x"`},
		"list":         {[]int32{1, 2}, "any", "[1,2]"},
		"matrix":       {[][]float64{{1, 2}, {3, 4}}, "any", "[[1,2],[3,4]]"},
		"no numbers":   {[]float64{1, math.NaN()}, "any", "[1,null]"},
	}
	r := newRig()
	config := attrs{"endpoint": server.Endpoint()}
	nodes := make([]string, 0, len(values))
	for name, v := range values {
		server.Set(name, v.value)
		nodes = append(nodes, name)
	}
	blocks := nodesOf(nodes, func(name string) attrs { return attrs{"id": "ns=1;s=" + name, "type": values[name].typ} })
	r.start(t, config, blocks...)
	seen := map[string]bool{}
	for len(seen) < len(values) {
		got := r.out.until(t, "another node", whatever)
		name := got["node"].Text
		seen[name] = true
		text := got["value"].String()
		if failure, failed := got["failure"]; failed {
			text = failure.Text
		}
		if text != values[name].want {
			t.Errorf("%s is %s, want %s", name, text, values[name].want)
		}
	}
}

// TestNoFiniteNumber has what sensors send that measure nothing.
func TestNoFiniteNumber(t *testing.T) {
	t.Parallel()
	server := serve(t, simulator.Config{})
	server.Set("x", math.NaN())
	r := newRig()
	r.start(t, attrs{"endpoint": server.Endpoint()}, node("x", attrs{"id": "ns=1;s=x", "type": "float"}))
	got := r.out.until(t, "anything", whatever)
	if _, has := got["value"]; has || got["quality"].Text != "bad" || got["status"].Text != "NoFiniteNumber" {
		t.Errorf("the record is %v", got)
	}
}

func TestOverflowIsTold(t *testing.T) {
	t.Parallel()
	server := serve(t, simulator.Config{})
	server.Set("x", 1.0)
	r := newRig()
	r.start(t, attrs{"endpoint": server.Endpoint()}, node("x", attrs{"id": "ns=1;s=x"}))
	r.out.until(t, "the first value", is("1"))
	server.SetData("x", &ua.DataValue{EncodingMask: ua.DataValueValue, Value: ua.MustVariant(2.0), Status: 0x480})
	if got := r.out.until(t, "the next", is("2")); got["gap"].Int != 1 || got["quality"].Text != "good" || got["status"].Text != "Good" {
		t.Errorf("the record is %v", got)
	}
	server.Set("x", 3.0)
	if got := r.out.until(t, "the next", is("3")); got["gap"].Int != 0 {
		t.Errorf("the record is %v", got)
	}
	if r.metric("server_overflows") != 1 {
		t.Error("the overflow was not counted")
	}
	r.journal.until(t, "values are missing: a node changes more often than the server keeps")
}

func TestConnectionIsCut(t *testing.T) {
	t.Parallel()
	server, relay := behind(t)
	server.Set("x", 1.0)
	r := newRig()
	r.start(t, attrs{"endpoint": relay.endpoint()}, node("x", attrs{"id": "ns=1;s=x"}))
	r.out.until(t, "the first value", is("1"))
	relay.cut()
	r.journal.until(t, "the server cannot be read: it is tried again until it can")
	server.Set("x", 2.0)
	if got := r.out.until(t, "the next", is("2")); got["gap"].Int != 1 {
		t.Errorf("what was missed is not told: %v", got)
	}
	server.Set("x", 3.0)
	if got := r.out.until(t, "the one after", is("3")); got["gap"].Int != 0 {
		t.Errorf("the record is %v", got)
	}
	if r.metric("server_outages") != 1 || r.metric("server_gaps") != 1 {
		t.Errorf("%v outages and %v gaps", r.metric("server_outages"), r.metric("server_gaps"))
	}
	if n := r.journal.count("the server is read again"); n != 1 {
		t.Errorf("the end of the outage was logged %d times", n)
	}
}

// TestServerFallsSilent has a connection over which nothing comes any more: the keep-alive is missed.
func TestServerFallsSilent(t *testing.T) {
	t.Parallel()
	server, relay := behind(t)
	server.Set("x", 1.0)
	r := newRig()
	r.start(t, attrs{"endpoint": relay.endpoint(), "keep_alive": 100 * time.Millisecond, "timeout": 400 * time.Millisecond}, node("x", attrs{"id": "ns=1;s=x"}))
	r.out.until(t, "the first value", is("1"))
	relay.held.Lock()
	r.journal.until(t, "the server was silent for longer than 100ms")
	relay.held.Unlock()
	server.Set("x", 2.0)
	r.out.until(t, "the next", func(r row) bool { return r["value"].Float == 2 && r["gap"].Int == 1 })
}

// TestQuietServerIsAlive has nothing that changes for many keep-alives.
func TestQuietServerIsAlive(t *testing.T) {
	t.Parallel()
	server, relay := behind(t)
	server.Set("x", 1.0)
	r := newRig()
	r.start(t, attrs{"endpoint": relay.endpoint(), "keep_alive": 20 * time.Millisecond}, node("x", attrs{"id": "ns=1;s=x"}))
	r.out.until(t, "the first value", is("1"))
	relay.answers(t, 20)
	server.Set("x", 2.0)
	if got := r.out.until(t, "the next", is("2")); got["gap"].Int != 0 || r.metric("server_outages") != 0 {
		t.Errorf("the record is %v", got)
	}
}

// TestServerIsAwayAtFirst starts before its server does.
func TestServerIsAwayAtFirst(t *testing.T) {
	t.Parallel()
	relay := newRelay(t)
	r := newRig()
	r.start(t, attrs{"endpoint": relay.endpoint()}, node("x", attrs{"id": "ns=1;s=x"}))
	r.journal.until(t, "the server cannot be read: it is tried again until it can")
	server := serve(t, simulator.Config{Others: []string{relay.l.Addr().String()}})
	server.Set("x", 1.0)
	relay.to(server.Endpoint())
	if got := r.out.until(t, "the first value", is("1")); got["gap"].Int != 0 {
		t.Errorf("nothing was missed yet, and the record is %v", got)
	}
}

func TestStopWhileNothingChanges(t *testing.T) {
	t.Parallel()
	server := serve(t, simulator.Config{})
	server.Set("x", 1.0)
	r := newRig()
	stop := r.start(t, attrs{"endpoint": server.Endpoint(), "keep_alive": time.Hour}, node("x", attrs{"id": "ns=1;s=x"}))
	r.out.until(t, "the first value", is("1"))
	stop()
}

func TestStopWhileTheServerDoesNotAnswer(t *testing.T) {
	t.Parallel()
	_, relay := behind(t)
	relay.held.Lock()
	r := newRig()
	stop := r.start(t, attrs{"endpoint": relay.endpoint()}, node("x", attrs{"id": "ns=1;s=x"}))
	stop()
	relay.held.Unlock()
}
