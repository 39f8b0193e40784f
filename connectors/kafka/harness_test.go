package kafka_test

import (
	"context"
	"errors"
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
	kind := bustest.Kind(t, kafka.Register, "kafka")
	all := map[string]any{"bootstrap_servers": []string{addr}, "connect_timeout": time.Minute, "heartbeat_interval": 100 * time.Millisecond, "metadata_max_age": 200 * time.Millisecond, "startup": "fail"}
	for k, v := range values {
		all[k] = v
	}
	c := bustest.Block(kind.Schema, all, blocks...)
	if err := kind.Check(c); err != nil {
		t.Fatal(err)
	}
	return bustest.Connect(t, kind, c, bustest.Env("connector.bus"))
}

// onBoth runs a test against the fake, and against a real server where there is one. Topics and
// ids are of the test alone.
func onBoth(t *testing.T, test func(t *testing.T, addr, unique string)) {
	t.Helper()
	unique := bustest.Unused()
	t.Run("fake", func(t *testing.T) {
		t.Parallel()
		test(t, cluster(t).ListenAddrs()[0], unique)
	})
	t.Run("real", func(t *testing.T) {
		t.Parallel()
		test(t, bustest.Server(t, "ONSTREAM_TEST_KAFKA"), unique)
	})
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

// read runs a source until the end of the test.
func read(t testing.TB, bus connectors.Bus, s connectors.Subscription, e plugins.Env, from map[plugins.Partition]plugins.Position, out plugins.Outlet) *bustest.Running {
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
	return bustest.Start(t, source, out)
}

// alone is an outlet that knows nothing of groups, so that positions of a
// checkpoint rule.
type alone struct{ plugins.Outlet }

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

// made makes topics, past the connector.
func made(t testing.TB, addr string, partitions int32, configs map[string]string, topics ...string) {
	t.Helper()
	settings := map[string]*string{}
	for name, value := range configs {
		settings[name] = &value
	}
	results, err := admin(t, addr).CreateTopics(t.Context(), partitions, 1, settings, topics...)
	if err == nil {
		err = results.Error()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// produce writes values to a partition, past the connector.
func produce(t testing.TB, addr, topic string, partition int32, values ...string) {
	t.Helper()
	cl := client(t, addr, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.UnknownTopicRetries(-1)) // it may just have been made
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

// write returns a sink that is closed at the end of the test.
func write(t testing.TB, bus connectors.Bus, topic string) plugins.Sink {
	t.Helper()
	s, err := bus.Writer(connectors.Publication{Topic: connectors.Topic(topic)}, bustest.Env("sink.out"))
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
func rowsOf(t testing.TB, err error) plugins.RowErrors {
	t.Helper()
	var rows plugins.RowErrors
	if !errors.As(err, &rows) {
		t.Fatalf("no rows failed: %v", err)
	}
	return rows
}
