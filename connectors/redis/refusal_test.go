package redis_test

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

func subscription(topic string) connectors.Subscription {
	return connectors.Subscription{Topic: connectors.Topic(topic), Group: "g", Start: connectors.StartEarliest}
}

// raw is a client past the connector.
func raw(t testing.TB, addr string) *goredis.Client {
	t.Helper()
	c := goredis.NewClient(&goredis.Options{Addr: addr, DB: database})
	t.Cleanup(func() { _ = c.Close() }) // the test is over
	return c
}

func opens(t testing.TB, bus connectors.Bus, topic string) error {
	t.Helper()
	sink, err := bus.Writer(connectors.Publication{Topic: connectors.Topic(topic)}, environment())
	if err != nil {
		t.Fatal(err)
	}
	return sink.(plugins.Opener).Open(t.Context())
}

func TestAbsentServerAtStart(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	bus := open(t, config(t, addr, map[string]any{"startup": "fail"}))
	says(t, fails(t, bus, subscription("a")), "connect at "+addr, "connection refused", `startup = "wait" would wait for it`)
	if err := opens(t, bus, "a"); !plugins.IsPermanent(err) {
		t.Errorf("the sink opens with %v", err)
	}
	bus = open(t, config(t, addr, nil)) // it waits
	ended, stop := run(t, bus, subscription("a"), &bustest.Outlet{})
	select {
	case err := <-ended:
		t.Errorf("the source ended: %v", err)
	case <-time.After(100 * time.Millisecond): // a mistake may go unseen
	}
	if s := bus.(plugins.Monitored).Status(); s.Connected || s.Err == "" {
		t.Errorf("the connection is said to be %+v", s)
	}
	stop()
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	addr := server(t)
	secret := plugins.NewSecret("hunter2")
	says(t, fails(t, open(t, config(t, addr, map[string]any{"username": "nobody", "password": secret})), subscription("a")), addr, "the credentials are not accepted: check username and password")
	says(t, fails(t, open(t, config(t, addr, map[string]any{"db": int64(60000)})), subscription("a")), addr, "the server does not have that many databases: correct db")
	tls := bustest.Nested(kindOf(t).Schema, "tls", nil)
	says(t, fails(t, open(t, config(t, addr, map[string]any{"connect_timeout": 300 * time.Millisecond}, tls)), subscription("a")), addr, "the server speaks no TLS there: use another port, or leave the block tls out")

	never := open(t, config(t, addr, map[string]any{"create": "never"}))
	topic := unused()
	says(t, fails(t, never, subscription(topic)), "there is no stream test:n", addr, `make it, correct the topic, or write create = "if_missing"`)
	says(t, opens(t, never, topic), "there is no stream test:n", `make it, correct the topic, or write create = "if_missing"`)
	var rows plugins.RowErrors
	if err := put(t, never, topic, "x"); !errors.As(err, &rows) {
		t.Errorf("the sink says %v", err)
	}
	says(t, rows, "there is no stream test:n")
}

func TestKeyOfSomethingElse(t *testing.T) {
	t.Parallel()
	addr := server(t)
	topic := unused()
	client := raw(t, addr)
	key := "test:" + topic[len("test."):]
	if err := client.Set(t.Context(), key, "x", time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	bus := open(t, config(t, addr, nil))
	says(t, fails(t, bus, subscription(topic)), "the key holds something that is not a stream: delete it, or choose another topic")
	says(t, opens(t, bus, topic), "the key "+key, "holds something that is not a stream (string): delete it, or choose another topic")
	var rows plugins.RowErrors
	if err := put(t, bus, topic, "x", "y"); !errors.As(err, &rows) || len(rows) != 2 {
		t.Errorf("the sink says %v", err)
	}
	says(t, rows, "the key "+key+" holds something that is not a stream")
}

// Streams that would not be read are an error, not silence.
func TestOtherPartitions(t *testing.T) {
	t.Parallel()
	addr := server(t)
	topic := unused()
	four := open(t, config(t, addr, map[string]any{"partitions": int64(4)}))
	out := &bustest.Outlet{}
	_, stop := run(t, four, subscription(topic), out)
	if err := put(t, four, topic, "x"); err != nil {
		t.Fatal(err)
	}
	comes(t, out, 1)
	says(t, fails(t, open(t, config(t, addr, map[string]any{"partitions": int64(2)})), subscription(topic)), "has 3 partitions", "the connector says partitions = 2: not all of it would be read")
	says(t, fails(t, open(t, config(t, addr, nil)), subscription(topic)), "has at least one partitions", "partitions = 1")
	says(t, fails(t, open(t, config(t, addr, map[string]any{"partitions": int64(8)})), subscription(topic)), "the group has members that read the topic with 4 partitions, and this connector says 8")
	stop()
	single := unused()
	if err := put(t, open(t, config(t, addr, nil)), single, "x"); err != nil {
		t.Fatal(err)
	}
	says(t, fails(t, four, subscription(single)), "there is a stream test:n", "with partitions = 4 only those with a number behind that are read")
}

func TestServerThatExpectsTLS(t *testing.T) {
	t.Parallel()
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	addr := srv.Listener.Addr().String()
	says(t, fails(t, open(t, config(t, addr, nil)), subscription("a")), addr, "the server expects TLS there: write a block tls, or use another port")
	tls := bustest.Nested(kindOf(t).Schema, "tls", nil)
	says(t, fails(t, open(t, config(t, addr, nil, tls)), subscription("a")), addr, "the server's certificate is not trusted", "set tls.ca_file to the authority that signed it")
}
