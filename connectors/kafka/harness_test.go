package kafka_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/connectors/kafka"
	"github.com/onstream/onstream/plugins"
)

// connect makes a connection to a cluster as a pipeline would.
func connect(t testing.TB, addr string, values map[string]any, blocks ...plugins.ConfigBlock) connectors.Bus {
	t.Helper()
	var r plugins.Registry
	if err := kafka.Register(&r); err != nil {
		t.Fatal(err)
	}
	kind, _ := r.Connector("kafka")
	all := map[string]any{"bootstrap_servers": []string{addr}, "connect_timeout": 2 * time.Second, "heartbeat_interval": 100 * time.Millisecond, "metadata_max_age": 200 * time.Millisecond, "startup": "fail"}
	for k, v := range values {
		all[k] = v
	}
	c := bustest.Block(kind.Schema, all, blocks...)
	if err := kind.Check(c); err != nil {
		t.Fatal(err)
	}
	made, err := kind.New(c, env("connector.bus"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := made.Close(context.Background()); err != nil {
			t.Errorf("close the connection: %v", err)
		}
	})
	return made.(connectors.Bus)
}

func env(stage string) plugins.Env {
	return plugins.Env{
		Pipeline: "test", Stage: stage, Now: time.Now, Logger: slog.New(slog.DiscardHandler), Pool: new(plugins.Pool),
		Framing: plugins.Framing{Terminator: []byte("\n")},
	}
}

// nested is a block within the connector's.
func nested(t testing.TB, name string, kv ...any) plugins.ConfigBlock {
	t.Helper()
	values := map[string]any{}
	for i := 0; i < len(kv); i += 2 {
		values[kv[i].(string)] = kv[i+1]
	}
	return bustest.Nested(schema(t), name, values)
}

// running is a source that runs.
type running struct {
	cancel context.CancelFunc
	ended  chan struct{}
	err    error // of Run, once it has ended
}

// read runs a source until the end of the test.
func read(t testing.TB, bus connectors.Bus, s connectors.Subscription, e plugins.Env, from map[plugins.Partition]plugins.Position, out plugins.Outlet) *running {
	t.Helper()
	if s.Group == "" {
		s.Group = "g"
	}
	source, err := bus.Reader(s, e)
	if err != nil {
		t.Fatal(err)
	}
	if from != nil {
		out = alone{out}
		if err := source.(plugins.Seeker).Seek(from); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(r.ended)
		r.err = source.Run(ctx, out)
	}()
	t.Cleanup(func() { r.stop(t) })
	return r
}

// alone is an outlet that knows nothing of groups, so that positions of a
// checkpoint rule.
type alone struct{ plugins.Outlet }

// stop ends the source in order.
func (r *running) stop(t testing.TB) {
	t.Helper()
	r.cancel()
	select {
	case <-r.ended:
	case <-time.After(20 * time.Second):
		t.Error("the source has not stopped")
	}
}

// fails waits until the source ends, with a permanent error that tells all of the
// texts.
func (r *running) fails(t testing.TB, texts ...string) {
	t.Helper()
	select {
	case <-r.ended:
	case <-time.After(30 * time.Second):
		t.Fatal("the source goes on")
	}
	refused(t, r.err, texts...)
}

// refused checks that an error is permanent and tells all of the texts.
func refused(t testing.TB, err error, texts ...string) {
	t.Helper()
	if !plugins.IsPermanent(err) {
		t.Fatalf("not refused for good: %v", err)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("the message does not tell %q: %v", text, err)
		}
	}
	t.Logf("what the user reads: %v", err)
}

// until waits until a condition holds.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	end := time.Now().Add(30 * time.Second)
	for !holds() {
		if time.Now().After(end) {
			t.Fatalf("it is still not so that %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// client returns a client of the driver.
func client(t testing.TB, addr string, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(addr), kgo.MetadataMinAge(10 * time.Millisecond)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

func admin(t testing.TB, addr string) *kadm.Client { return kadm.NewClient(client(t, addr)) }

// produce writes values to a partition, past the connector.
func produce(t testing.TB, addr, topic string, partition int32, values ...string) {
	t.Helper()
	cl := client(t, addr, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	for _, v := range values {
		if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Partition: partition, Value: []byte(v)}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

// consume returns the values of the first n records of a topic, by partition, past
// the connector.
func consume(t testing.TB, addr, topic string, n int, opts ...kgo.Opt) map[int32][]string {
	t.Helper()
	cl := client(t, addr, append([]kgo.Opt{kgo.ConsumeTopics(topic), kgo.FetchMaxWait(50 * time.Millisecond)}, opts...)...)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	read := map[int32][]string{}
	for n > 0 {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("%d records are still missing: %v", n, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			read[r.Partition] = append(read[r.Partition], string(r.Value))
			n--
		})
	}
	return read
}

// valuesOf returns the values of what was handed over.
func valuesOf(out *bustest.Outlet) []string {
	var values []string
	for _, r := range out.Records() {
		values = append(values, r.Value)
	}
	return values
}

// write returns a sink that is closed at the end of the test.
func write(t testing.TB, bus connectors.Bus, topic string) plugins.Sink {
	t.Helper()
	s, err := bus.Writer(connectors.Publication{Topic: connectors.Topic(topic)}, env("sink.out"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.(plugins.Closer).Close(context.Background()); err != nil {
			t.Errorf("close the sink: %v", err)
		}
	})
	return s
}

// row is a record to be written.
type row struct{ topic, key, value string }

func batchOf(rows ...row) *plugins.Batch {
	b := new(plugins.Pool).Batch()
	keep := func(text string) plugins.Span {
		at := len(b.Data)
		b.Data = append(b.Data, text...)
		return plugins.Span{Off: uint32(at), Len: uint32(len(text))}
	}
	for _, r := range rows {
		b.Values = append(b.Values, keep(r.value))
		if r.key != "" || b.Keys != nil {
			b.Keys = append(b.Keys, keep(r.key))
		}
		if r.topic != "" || b.Topics != nil {
			b.Topics = append(b.Topics, keep(r.topic))
		}
	}
	b.SelectAll(len(rows))
	return b
}

// sent is what became of a batch.
type sent struct {
	answered chan struct{}
	err      error
}

// send gives a sink a batch.
func send(t testing.TB, s plugins.Sink, b *plugins.Batch) *sent {
	t.Helper()
	x := &sent{answered: make(chan struct{})}
	var once sync.Once
	answer := func(err error) {
		first := false
		once.Do(func() { first = true })
		if !first {
			t.Error("a batch was answered for twice")
			return
		}
		x.err = err
		close(x.answered)
	}
	if err := s.Write(t.Context(), b, answer); err != nil {
		answer(err)
	}
	return x
}

// wait returns the answer.
func (x *sent) wait(t testing.TB) error {
	t.Helper()
	select {
	case <-x.answered:
	case <-time.After(30 * time.Second):
		t.Fatal("a batch was not answered for")
	}
	return x.err
}

// rowsOf returns the rows that an answer says have failed.
func rowsOf(t testing.TB, err error) []plugins.Failure {
	t.Helper()
	var rows plugins.RowErrors
	if !errors.As(err, &rows) {
		t.Fatalf("no rows failed: %v", err)
	}
	return rows
}
