package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/onstream/onstream/plugins"
)

// detail is what the cluster tells about a topic.
type detail struct {
	id         [16]byte // zero where the cluster gives none
	partitions int
}

// ensure returns what a topic is like, and makes it where it does not exist and
// the connector says so.
func (c *connection) ensure(ctx context.Context, admin *kadm.Client, topic string) (detail, error) {
	found, err := describe(ctx, admin, topic)
	if !errors.Is(err, kerr.UnknownTopicOrPartition) || c.config.String("create") != "if_missing" {
		return found, err
	}
	if err := c.create(ctx, admin, topic); err != nil {
		return detail{}, err
	}
	return c.await(ctx, admin, topic)
}

// look returns what a topic is like for who only looks: nothing is made.
func (c *connection) look(ctx context.Context, admin *kadm.Client, topic string) (detail, error) {
	found, err := describe(ctx, admin, topic)
	if errors.Is(err, kerr.UnknownTopicOrPartition) {
		err = plugins.Permanent(fmt.Errorf("there is no topic %q at %s, and to look at one makes none: correct its name (onstream topic ls tells which there are), or write something to it first", topic, c.place()))
	}
	return found, err
}

// await waits until the cluster knows a topic that was made.
func (c *connection) await(ctx context.Context, admin *kadm.Client, topic string) (detail, error) {
	for attempt := 1; ; attempt++ {
		found, err := describe(ctx, admin, topic)
		if !errors.Is(err, kerr.UnknownTopicOrPartition) {
			return found, err
		}
		if err := c.env.Wait(ctx, min(c.backoff.Before(attempt), soonest)); err != nil {
			return detail{}, fmt.Errorf("wait until the topic %q is there: %w", topic, err)
		}
	}
}

func describe(ctx context.Context, admin *kadm.Client, topic string) (detail, error) {
	topics, err := admin.ListTopics(ctx, topic)
	if err != nil {
		return detail{}, fmt.Errorf("describe the topic %q: %w", topic, err)
	}
	t, ok := topics[topic]
	if !ok {
		return detail{}, fmt.Errorf("the topic %q: %w", topic, kerr.UnknownTopicOrPartition)
	}
	if t.Err != nil {
		return detail{}, fmt.Errorf("the topic %q: %w", topic, t.Err)
	}
	return detail{id: t.ID, partitions: len(t.Partitions)}, nil
}

// create makes a topic as the connector says.
func (c *connection) create(ctx context.Context, admin *kadm.Client, topic string) error {
	block := c.config.Block("topic")
	partitions := int32(-1) // what the cluster says
	if n := block.Int("partitions"); n > 0 {
		partitions = int32(n)
	}
	configs := map[string]*string{}
	if d := block.Duration("retention"); d > 0 {
		configs["retention.ms"] = kadm.StringPtr(strconv.FormatInt(d.Milliseconds(), 10))
	}
	if p := block.String("cleanup_policy"); p != "" {
		configs["cleanup.policy"] = &p
	}
	return c.createAs(ctx, admin, topic, partitions, configs)
}

// createAs makes a topic. One that another process has just made is as good.
func (c *connection) createAs(ctx context.Context, admin *kadm.Client, topic string, partitions int32, configs map[string]*string) error {
	block := c.config.Block("topic")
	replicas := int16(-1) // what the cluster says
	if n := block.Int("replication_factor"); n > 0 {
		replicas = int16(n)
	}
	if n := block.Int("min_insync_replicas"); n > 0 {
		configs["min.insync.replicas"] = kadm.StringPtr(strconv.FormatInt(n, 10))
	}
	made, err := admin.CreateTopic(ctx, partitions, replicas, configs, topic)
	if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
		if made.ErrMessage != "" {
			err = fmt.Errorf("%w (%s)", err, made.ErrMessage)
		}
		return fmt.Errorf("make the topic %q: %w", topic, err)
	}
	if err == nil {
		c.env.Logger.Info("topic made", "topic", topic)
	}
	return nil
}

// largest returns the size of the largest batch that a topic takes; 0 where the
// cluster does not tell.
func largest(ctx context.Context, admin *kadm.Client, topic string) int {
	all, err := admin.DescribeTopicConfigs(ctx, topic)
	if err != nil {
		return 0
	}
	one, err := all.On(topic, nil)
	if err != nil || one.Err != nil {
		return 0 // it may be secret
	}
	for _, c := range one.Configs {
		if c.Key == "max.message.bytes" && c.Value != nil {
			if n, err := strconv.Atoi(*c.Value); err == nil {
				return n
			}
		}
	}
	return 0
}
