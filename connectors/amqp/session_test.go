package amqp_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// joined has a source of a group make its queue, and returns when it has.
func joined(t testing.TB, bus connectors.Bus, s connectors.Subscription, out *bustest.Outlet) *bustest.Running {
	t.Helper()
	r := bustest.Read(t, bus, s, out)
	bustest.Eventually(t, "the source makes its queue", func() bool { // so that a probe is not returned any more
		return bustest.Put(t, bus, string(s.Topic), "probe") == nil
	})
	return r
}

// What is acknowledged after the source has ended counts, too.
func TestLateAcknowledgement(t *testing.T) {
	t.Parallel()
	addr := server(t)
	bus := open(t, config(t, addr, nil, nil))
	s := bustest.Subscribe(bustest.Unused())
	out := &bustest.Outlet{}
	reading := joined(t, bus, s, out)
	out.Hold()
	if err := bustest.Put(t, bus, string(s.Topic), "1", "2", "3"); err != nil {
		t.Fatal(err)
	}
	out.Await(t, 3)
	reading.Stop(t)
	out.Free()
	next := &bustest.Outlet{}
	bustest.Read(t, bus, s, next)
	if err := bustest.Put(t, bus, string(s.Topic), "4"); err != nil {
		t.Fatal(err)
	}
	if values := next.Await(t, 1); !slices.Equal(values, []string{"4"}) {
		t.Errorf("%q came to the next source", values)
	}
}

// What comes again says so.
func TestRedelivered(t *testing.T) {
	t.Parallel()
	bus := open(t, config(t, server(t), nil, nil))
	s := bustest.Subscribe(bustest.Unused())
	out := &bustest.Outlet{}
	joined(t, bus, s, out)
	out.Hold()
	if err := bustest.Put(t, bus, string(s.Topic), "1", "2"); err != nil {
		t.Fatal(err)
	}
	out.Await(t, 2)
	out.Nack(errors.New("not now"))
	out.Free()
	if values := out.Await(t, 4); !slices.Equal(values, []string{"1", "2", "1", "2"}) {
		t.Fatalf("%q came", values)
	}
	for i, r := range out.Records() {
		if again := slices.Contains(r.Headers, bustest.Header{Name: "amqp-redelivered", Value: "true"}); again != (i >= 2) {
			t.Errorf("record %d has the headers %q", i, r.Headers)
		}
	}
}

// raw is a channel past the connector.
func raw(t testing.TB, addr string) *amqp091.Channel {
	t.Helper()
	c, err := amqp091.Dial("amqp://guest:guest@" + addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // the test is over
	ch, err := c.Channel()
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

// A queue that is deleted is not made again as if nothing were lost.
func TestDeletedQueue(t *testing.T) {
	t.Parallel()
	addr := server(t)
	bus := open(t, config(t, addr, nil, nil))
	s := bustest.Subscribe(bustest.Unused())
	reading := joined(t, bus, s, &bustest.Outlet{})
	if _, err := raw(t, addr).QueueDelete("g:"+string(s.Topic), false, false, false); err != nil {
		t.Fatal(err)
	}
	bustest.Says(t, reading.Err(t), "queue g:"+string(s.Topic), "was deleted while it was read: what was in it is lost; start again to have it made anew")
}

// Headers of others come as text, whatever they are.
func TestHeadersOfOthers(t *testing.T) {
	t.Parallel()
	addr := server(t)
	bus := open(t, config(t, addr, nil, nil))
	s := bustest.Subscribe(bustest.Unused())
	out := &bustest.Outlet{}
	joined(t, bus, s, out)
	err := raw(t, addr).PublishWithContext(t.Context(), "amq.topic", string(s.Topic), false, false, amqp091.Publishing{
		Body: []byte("x"), ContentType: "text/plain", CorrelationId: "c7",
		Headers: amqp091.Table{
			"n": int32(7), "yes": true, "raw": []byte{0, 1}, "at": time.Unix(1700000000, 0), "deep": amqp091.Table{"a": "b"}, "list": []any{int32(1), "x"},
			"texts": []any{"p", "q"}, "Onstream-Headers": []any{"forged"}, "nothing": nil,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	out.Await(t, 1)
	var got []string
	for _, h := range out.Records()[0].Headers {
		got = append(got, h.Name+"="+h.Value)
	}
	want := []string{"content-type=text/plain", "amqp-correlation-id=c7", "at=2023-11-14T22:13:20Z", `deep={"a":"b"}`, `list=[1,"x"]`, "n=7", "nothing=", "raw=\x00\x01", "texts=p", "texts=q", "yes=true"}
	if !slices.Equal(got, want) {
		t.Errorf("the headers are %q", got)
	}
}

func TestUnroutable(t *testing.T) {
	t.Parallel()
	addr := server(t)
	bus := open(t, config(t, addr, nil, nil))
	topic := bustest.Unused()
	var rows plugins.RowErrors
	if err := bustest.Put(t, bus, topic, "1", "2"); !errors.As(err, &rows) || len(rows) != 2 {
		t.Fatalf("the sink says %v", err)
	}
	bustest.Says(t, rows, "no queue of the exchange amq.topic takes records of the topic "+topic, "start who reads it before, bind a queue, or set mandatory = false")
	if err := bustest.Put(t, open(t, config(t, addr, map[string]any{"mandatory": false}, nil)), topic, "1"); err != nil {
		t.Errorf("with mandatory = false, the sink says %v", err)
	}
}

// A name that cannot be a topic fails its record alone.
func TestBadTopics(t *testing.T) {
	t.Parallel()
	bus := open(t, config(t, server(t), map[string]any{"mandatory": false}, nil))
	sink, err := bus.Writer(connectors.Publication{}, bustest.Env("test"))
	if err != nil {
		t.Fatal(err)
	}
	var pool plugins.Pool
	w := connectors.NewBuilder(pool.Batch(), plugins.Partition{}, bustest.Env("test").Framing)
	for _, topic := range []string{"a.b", "a..b", "a.*", strings.Repeat("x", 300), "a/b"} {
		w.Add(connectors.Record{Value: []byte("x"), Topic: topic})
	}
	done := make(chan error, 1)
	if err := sink.Write(t.Context(), w.Batch(), func(err error) { done <- err }); err != nil {
		t.Fatal(err)
	}
	var rows plugins.RowErrors
	if err := <-done; !errors.As(err, &rows) || len(rows) != 3 || rows[0].Row != 1 || rows[1].Row != 2 || rows[2].Row != 3 {
		t.Errorf("the sink says %v: %+v", err, rows)
	}
	if err := sink.(plugins.Closer).Close(context.Background()); err != nil {
		t.Error(err)
	}
}
