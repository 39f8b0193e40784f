package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// kafkaPartitions is how many partitions topics have.
const kafkaPartitions = 4

// kafkaRebalance is how long a group waits for a member in each step of a division of the partitions.
const kafkaRebalance = 3 * time.Second

// kafkaSilence is how long it may take until partitions are another's whose member ends while the group divides them: until it is
// taken for dead, and until nobody waits any more for it to join, for it to ask for its share, and for it to join again.
func kafkaSilence(session time.Duration) time.Duration { return session + 3*kafkaRebalance }

func fakeKafka() Kind {
	return Kind{
		Name: "kafka", Server: "kfake", Source: "in", Shares: true, Transactions: true, Cuts: true, Silence: kafkaSilence(time.Second),
		Forgets:   "kfake does not know after kill -9 which batches a producer has sent it, and ends a transaction in several steps",
		Launch:    func(s site) (command, error) { return selfAs("kafka", s) },
		Connector: func(name, addr string, o Options) string { return kafkaConnector(name, addr, o, time.Second) },
		Connect:   connectKafka,
	}
}

// absentWithout says that a server is missing whose address is in a variable.
func absentWithout(variable, where string) func() string {
	return func() string {
		if where == "" {
			return variable + " has no address"
		}
		return ""
	}
}

func kafkaConnector(name, addr string, o Options, session time.Duration) string {
	var more strings.Builder
	if o.Transactional != "" {
		fmt.Fprintf(&more, "  transactional_id = %q\n", o.Transactional)
	}
	if !o.Shared {
		fmt.Fprintf(&more, "  group_instance_id = %q\n", "chaos")
	}
	return fmt.Sprintf(`connector "kafka" %q {
  bootstrap_servers  = [%q]
  create             = "if_missing"
  session_timeout    = "%s"
  heartbeat_interval = "%s"
  rebalance_timeout  = "%s"
  metadata_max_age   = "500ms"
  connect_timeout    = "2s"
%s  topic {
    partitions = %d
  }
  retry {
    backoff     = "20ms"
    max_backoff = "200ms"
  }
}
`, name, addr, session, session/10, kafkaRebalance, more.String(), kafkaPartitions)
}

// kafka is a client of Kafka. Its producer is idempotent: what it sends again is there
// once.
type kafka struct {
	addr, run string
	producer  *kgo.Client
}

func connectKafka(addr, run string) Client { return &kafka{addr: addr, run: run} }

func (k *kafka) client(opts ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(k.addr), kgo.DialTimeout(2 * time.Second), kgo.RequestTimeoutOverhead(2 * time.Second), kgo.RetryTimeout(time.Hour), kgo.RequestRetries(1 << 20), kgo.AlwaysRetryEOF(),
		kgo.RetryBackoffFn(func(int) time.Duration { return 20 * time.Millisecond }), kgo.MetadataMaxAge(time.Second), kgo.MetadataMinAge(50 * time.Millisecond),
	}, opts...)...)
}

func (k *kafka) topic(name string) string { return k.run + "." + name }

func (k *kafka) Make(ctx context.Context, topic string) error {
	return k.Keep(ctx, []string{topic})
}

func (k *kafka) Keep(ctx context.Context, topics []string) (err error) {
	if k.producer, err = k.client(kgo.ProducerLinger(0)); err != nil {
		return fmt.Errorf("connect to Kafka: %w", err)
	}
	admin := kadm.NewClient(k.producer)
	for _, t := range topics {
		_, err := admin.CreateTopic(ctx, kafkaPartitions, 1, nil, k.topic(t))
		if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			return fmt.Errorf("make topic %s: %w", t, err)
		}
	}
	return nil
}

func (k *kafka) Send(ctx context.Context, topic string, messages []Message) (int, error) {
	records := make([]*kgo.Record, len(messages))
	for i, m := range messages {
		records[i] = &kgo.Record{Topic: k.topic(topic), Key: []byte(m.Key), Value: m.Text}
	}
	return 1, k.producer.ProduceSync(ctx, records...).FirstErr()
}

func (k *kafka) Follow(ctx context.Context, topics []string, f func(topic string, text []byte)) error {
	names := make([]string, len(topics))
	for i, t := range topics {
		names[i] = k.topic(t)
	}
	c, err := k.client(kgo.ConsumeTopics(names...), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchMaxWait(100*time.Millisecond),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return fmt.Errorf("follow topics: %w", err)
	}
	defer c.Close()
	for ctx.Err() == nil {
		fetched := c.PollFetches(ctx)
		fetched.EachRecord(func(r *kgo.Record) { f(strings.TrimPrefix(r.Topic, k.run+"."), r.Value) })
	}
	return nil
}

func (k *kafka) Close() {
	if k.producer != nil {
		k.producer.Close()
	}
}
