package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// answerTime bounds how long the broker may take to answer at all.
const answerTime = 10 * time.Second

// kafkaTopics are the topics of P5 over Kafka. Each run has an output topic and
// a group of its own.
type kafkaTopics struct {
	broker  *broker
	client  *kgo.Client
	admin   *kadm.Client
	prefix  string
	records int
	run     int
}

// overKafka is P5 over Kafka's protocol.
func (b *bench) overKafka(ctx context.Context) (err error) {
	server, err := newBroker(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	t, err := newKafkaTopics(ctx, server, max(1, b.records/kafkaShare))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close(context.WithoutCancel(ctx))) }()
	in, err := b.input(t.records)
	if err != nil {
		return err
	}
	if err := t.fill(ctx, in); err != nil {
		return err
	}
	c := &contest{
		name: "P5-kafka", records: t.records, prepare: t.prepare, collect: t.collect, verify: sameContent,
		programs: []*program{{name: "by hand", byHand: true, run: func(ctx context.Context, _ string) error { return t.byHand(ctx) }}},
	}
	if b.engine != nil {
		c.programs = append(c.programs, b.oursUntil(c, func(string) string {
			return busHCL(t.connector(), t.group(), t.in(), t.out())
		}))
	}
	if err := b.contend(ctx, c); err != nil {
		return err
	}
	b.printContest(c)
	fmt.Fprintf(b.stdout, "broker: %s, which is not measured\n", server.what)
	b.judgeCost(c, "engine", 1600)
	b.judgeRatio(c, "engine", "by hand", 1.5)
	if b.engine == nil {
		return nil
	}
	return b.flushes(ctx, t)
}

func newKafkaTopics(ctx context.Context, server *broker, records int) (*kafkaTopics, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(server.addr), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err != nil {
		return nil, fmt.Errorf("reach the broker: %w", err)
	}
	pinging, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	if err := client.Ping(pinging); err != nil {
		client.Close()
		return nil, fmt.Errorf("reach the broker at %s: %w: start it, or unset %s to do without a real one", server.addr, err, kafkaServer)
	}
	t := &kafkaTopics{
		broker: server, client: client, admin: kadm.NewClient(client), records: records,
		prefix: "onstream-bench-" + strconv.FormatInt(time.Now().UnixNano(), 36),
	}
	if err := t.create(ctx, t.in()); err != nil {
		client.Close()
		return nil, err
	}
	return t, nil
}

func (t *kafkaTopics) in() string    { return t.prefix + "-in" }
func (t *kafkaTopics) out() string   { return fmt.Sprintf("%s-out-%d", t.prefix, t.run) }
func (t *kafkaTopics) group() string { return fmt.Sprintf("%s-%d", t.prefix, t.run) }

// connector is the block with which the engine reaches the broker.
func (t *kafkaTopics) connector() string {
	return fmt.Sprintf("connector \"kafka\" \"bus\" {\n  bootstrap_servers = [%q]\n}\n", t.broker.addr)
}

// fill writes the lines of a file to the input topic.
func (t *kafkaTopics) fill(ctx context.Context, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("fill the input topic: %w", err)
	}
	var failed kgo.FirstErrPromise
	_ = eachLine(data, func(line []byte) error {
		t.client.Produce(ctx, &kgo.Record{Topic: t.in(), Value: line}, failed.Promise())
		return nil
	})
	if err := errors.Join(t.client.Flush(ctx), failed.Err()); err != nil {
		return fmt.Errorf("fill the input topic: %w", err)
	}
	return nil
}

// prepare makes the next output topic in place of the last.
func (t *kafkaTopics) prepare(ctx context.Context) error {
	if t.run > 0 {
		if _, err := t.admin.DeleteTopic(ctx, t.out()); err != nil {
			return fmt.Errorf("delete the output topic: %w", err)
		}
	}
	t.run++
	return t.create(ctx, t.out())
}

// create makes a topic with one partition and waits until it can be used.
func (t *kafkaTopics) create(ctx context.Context, topic string) error {
	if _, err := t.admin.CreateTopic(ctx, 1, 1, nil, topic); err != nil {
		return fmt.Errorf("make the topic %s: %w", topic, err)
	}
	return await(ctx, time.Millisecond, func(ctx context.Context) (bool, error) {
		ends, err := t.admin.ListEndOffsets(ctx, topic)
		end, ok := ends.Lookup(topic, 0)
		return ok && end.Err == nil, err
	})
}

// collect makes a file of the output topic.
func (t *kafkaTopics) collect(ctx context.Context, path string) (err error) {
	ends, err := t.admin.ListEndOffsets(ctx, t.out())
	if err != nil {
		return fmt.Errorf("read the output topic: %w", err)
	}
	end, _ := ends.Lookup(t.out(), 0)
	cl, err := kgo.NewClient(kgo.SeedBrokers(t.broker.addr), kgo.ConsumeTopics(t.out()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return fmt.Errorf("read the output topic: %w", err)
	}
	defer cl.Close()
	var text []byte
	for next := int64(0); next < end.Offset; {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("read the output topic: %w", err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			text = append(append(text, r.Value...), '\n')
			next = r.Offset + 1
		})
	}
	return os.WriteFile(path, text, 0o600)
}

// close deletes the topics and the groups.
func (t *kafkaTopics) close(ctx context.Context) error {
	defer t.client.Close()
	names := []string{t.in()}
	if t.run > 0 {
		names = append(names, t.out())
	}
	var groups []string
	for ; t.run > 0; t.run-- {
		groups = append(groups, t.group())
	}
	if _, err := t.admin.DeleteTopics(ctx, names...); err != nil {
		return fmt.Errorf("delete the topics: %w", err)
	}
	if _, err := t.admin.DeleteGroups(ctx, groups...); err != nil {
		return fmt.Errorf("delete the groups: %w", err)
	}
	return nil
}
