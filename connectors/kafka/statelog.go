package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/onstream/onstream/plugins"
)

var _ plugins.StateLogs = (*connection)(nil)

// stateLog is a partition of a topic that has as many as the source's.
type stateLog struct {
	conn      *connection
	topic     string
	partition int32
}

// StateLog implements [plugins.StateLogs]. The topic is NAME.TOPIC.state, after
// the source's name and the topic that it reads.
func (c *connection) StateLog(ctx context.Context, name string, p plugins.Partition) (plugins.StateLog, error) {
	l := &stateLog{conn: c, topic: fmt.Sprintf("%s.%s.state", name, p.Name), partition: p.ID}
	if err := checkName(l.topic); err != nil {
		return nil, plugins.Permanent(fmt.Errorf("keep state in the topic %q: %w", l.topic, err))
	}
	cl, err := c.logClient()
	if err != nil {
		return nil, err
	}
	if err := l.make(ctx, kadm.NewClient(cl), p); err != nil {
		return nil, c.judge(fmt.Sprintf("keep state in the topic %q of", l.topic), err)
	}
	return l, nil
}

// logClient returns the client that all logs of the connection append with.
func (c *connection) logClient() (*kgo.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.logs != nil {
		return c.logs, nil
	}
	cl, err := c.client(append(c.lasting(), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0))...)
	c.logs = cl
	return cl, err
}

// make sees to it that the topic is there, with the partition.
func (l *stateLog) make(ctx context.Context, admin *kadm.Client, p plugins.Partition) error {
	source, err := describe(ctx, admin, p.Name)
	if err != nil {
		return err
	}
	wanted := max(source.partitions, int(p.ID)+1)
	found, err := describe(ctx, admin, l.topic)
	if errors.Is(err, kerr.UnknownTopicOrPartition) {
		forever := "-1"
		configs := map[string]*string{"retention.ms": &forever, "retention.bytes": &forever, "cleanup.policy": kadm.StringPtr("delete")}
		if err := l.conn.createAs(ctx, admin, l.topic, int32(wanted), configs); err != nil {
			return err
		}
		found, err = l.conn.await(ctx, admin, l.topic)
	}
	if err != nil || found.partitions >= wanted {
		return err
	}
	all, err := admin.UpdatePartitions(ctx, wanted, l.topic)
	if err == nil {
		err = all.Error()
	}
	if errors.Is(err, kerr.InvalidPartitions) {
		return nil // another member was faster
	}
	return err
}

// Append implements [plugins.StateLog].
func (l *stateLog) Append(ctx context.Context, entries ...[]byte) error {
	cl, err := l.conn.logClient()
	if err != nil {
		return err
	}
	records := make([]*kgo.Record, len(entries))
	for i, e := range entries {
		records[i] = &kgo.Record{Topic: l.topic, Partition: l.partition, Value: e}
	}
	return l.conn.judge(fmt.Sprintf("append to the topic %q of", l.topic), cl.ProduceSync(ctx, records...).FirstErr())
}

// Read implements [plugins.StateLog].
func (l *stateLog) Read(ctx context.Context, f func(int64, []byte) error) error {
	doing := fmt.Sprintf("read the topic %q of", l.topic)
	cl, err := l.conn.client(append(l.conn.lasting(), kgo.ConsumeResetOffset(kgo.NoResetOffset()), kgo.ConsumePartitions(nil))...)
	if err != nil {
		return err
	}
	defer cl.Close()
	start, end, err := boundsOf(ctx, kadm.NewClient(cl), plugins.Partition{Name: l.topic, ID: l.partition})
	if err != nil || start >= end {
		return l.conn.judge(doing, err)
	}
	cl.AddConsumePartitions(map[string]map[int32]kgo.Offset{l.topic: {l.partition: kgo.NewOffset().At(start)}})
	for {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return l.conn.judge(doing, err)
		}
		for it := fetches.RecordIter(); !it.Done(); {
			rec := it.Next()
			if rec.Offset >= end {
				return nil
			}
			if err := f(rec.Offset, rec.Value); err != nil {
				return err
			}
			if rec.Offset == end-1 {
				return nil
			}
		}
	}
}

// Trim implements [plugins.StateLog].
func (l *stateLog) Trim(ctx context.Context, below int64) error {
	cl, err := l.conn.logClient()
	if err != nil {
		return err
	}
	var offsets kadm.Offsets
	offsets.AddOffset(l.topic, l.partition, below, -1)
	all, err := kadm.NewClient(cl).DeleteRecords(ctx, offsets)
	if err == nil {
		err = all.Error()
	}
	if errors.Is(err, kerr.OffsetOutOfRange) {
		return nil // they are gone already
	}
	return l.conn.judge(fmt.Sprintf("trim the topic %q of", l.topic), err)
}

// Close implements [plugins.Closer].
func (l *stateLog) Close(context.Context) error { return nil }
