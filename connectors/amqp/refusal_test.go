package amqp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// says checks a message that a user reads.
func says(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("there is no error")
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v\ndoes not say: %s", err, part)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the message tells a password: %v", err)
	}
}

func subscription(topic string) connectors.Subscription {
	return connectors.Subscription{Topic: connectors.Topic(topic), Group: "g", Start: connectors.StartEarliest}
}

// listen answers each connection with a text, and closes it.
func listen(t testing.TB, text string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, text) // whoever reads it
			_, _ = c.Read(make([]byte, 64))
			c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close() // nobody connects any more
		<-gone
	})
	return l.Addr().String()
}

func TestServerThatSpeaksSomethingElse(t *testing.T) {
	t.Parallel()
	bus := open(t, config(t, listen(t, "\x15\x03\x01\x00\x02\x02\x0a"), nil, nil)) // an alert of TLS
	says(t, fails(t, bus, subscription("a.b")), "what answers does not speak AMQP 0-9-1: use another port, or write amqps:// in url if it expects TLS")
	addr := listen(t, "AMQP\x00\x00\x09\x01")
	bus = open(t, config(t, addr, map[string]any{"url": "amqps://" + addr}, nil))
	says(t, fails(t, bus, subscription("a.b")), "the server's certificate is not trusted, or it speaks no TLS there", "amqp:// in url")
}

func TestAbsentServerAtStart(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	bus := open(t, config(t, addr, map[string]any{"startup": "fail"}, nil))
	says(t, fails(t, bus, subscription("a.b")), "connect at "+addr, "connection refused", `startup = "wait" would wait for it`)
	sink, err := bus.Writer(connectors.Publication{Topic: "a.b"}, environment())
	if err != nil {
		t.Fatal(err)
	}
	if err := sink.(plugins.Opener).Open(t.Context()); !plugins.IsPermanent(err) {
		t.Errorf("the sink opens with %v", err)
	}
	bus = open(t, config(t, addr, nil, nil)) // it waits
	ended, stop := run(t, bus, subscription("a.b"), &bustest.Outlet{})
	select {
	case err := <-ended:
		t.Errorf("the source ended: %v", err)
	case <-time.After(100 * time.Millisecond): // a mistake may go unseen
	}
	if s := bus.(plugins.Monitored).Status(); s.Connected || s.Err == "" {
		t.Errorf("the connection is said to be %+v", s)
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	addr := server(t)
	secret := plugins.NewSecret("hunter2")
	for name, c := range map[string]struct {
		values, queue map[string]any
		topic         string
		want          []string
	}{
		"credentials":   {values: map[string]any{"username": "nobody", "password": secret}, want: []string{`the credentials of "nobody" are not accepted: check username and password`}},
		"virtual host":  {values: map[string]any{"vhost": "nowhere"}, want: []string{"the user has no access to the virtual host", "correct it in url or vhost, or grant it"}},
		"no queue":      {values: map[string]any{"create": "never"}, topic: unused(), want: []string{"queue g:test.n", "NOT_FOUND", `make it, correct its name, or write create = "if_missing"`}},
		"bad arguments": {queue: map[string]any{"arguments": map[string]string{"x-max-length": "many"}}, topic: unused(), want: []string{"queue g:test.n", "the server does not take the queue's arguments: correct them"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			topic := c.topic
			if topic == "" {
				topic = "a.b"
			}
			says(t, fails(t, open(t, config(t, addr, c.values, c.queue)), subscription(topic)), append(c.want, addr)...)
		})
	}
}

func TestRefusalsOfExchanges(t *testing.T) {
	t.Parallel()
	addr := server(t)
	exchange := func(values map[string]any) plugins.ConfigBlock {
		return bustest.Nested(kindOf(t).Schema, "exchange", values)
	}
	name := unused()
	opens := func(c plugins.Config) error {
		t.Helper()
		sink, err := open(t, c).Writer(connectors.Publication{Topic: "a.b"}, environment())
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := sink.(plugins.Closer).Close(t.Context()); err != nil {
				t.Error(err)
			}
		}()
		return sink.(plugins.Opener).Open(t.Context())
	}
	says(t, opens(config(t, addr, map[string]any{"create": "never"}, nil, exchange(map[string]any{"name": name}))), "exchange "+name, `make it, correct its name, or write create = "if_missing"`)
	if err := opens(config(t, addr, nil, nil, exchange(map[string]any{"name": name}))); err != nil {
		t.Fatal(err)
	}
	err := opens(config(t, addr, nil, nil, exchange(map[string]any{"name": name, "type": "fanout"})))
	says(t, err, "exchange "+name, "inequivalent arg 'type'", "it is there, and was made in another way")
	if !plugins.IsPermanent(err) {
		t.Error("it is not permanent")
	}
	says(t, opens(config(t, addr, nil, nil, exchange(map[string]any{"name": unused(), "type": "x-nonsense"}))), "the server has no exchanges of that type: correct exchange.type")
}
