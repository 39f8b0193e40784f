package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/onstream/onstream/plugins"
)

// stand is what a transaction stores in the name of a group.
type stand struct {
	group      string
	member     string // of the group, "" for none
	instance   *string
	generation int32
	offsets    map[plugins.Partition]storedAt
	reader     *reader // whose positions these are, nil for the mark
}

type storedAt struct {
	position
	metadata string
}

// stands returns what is to be stored with a transaction. The mark is a
// position, too: of a group that has the name of the transactions and no
// members, in a topic that was written to. Its offset counts the marks. Without
// such a topic nothing was written, and nothing is to be marked.
func (t *transactional) stands(mark string, positions map[string]map[plugins.Partition]plugins.Position) ([]stand, error) {
	var all []stand
	for addr, at := range positions {
		r := t.conn.readerOf(addr)
		if r == nil {
			continue // it reads something else
		}
		s := stand{reader: r, group: r.sub.Group, generation: -1, offsets: map[plugins.Partition]storedAt{}}
		s.member, s.generation = r.client.GroupMetadata()
		if id := t.conn.config.String("group_instance_id"); id != "" {
			s.instance = &id
		}
		for p, text := range at {
			decoded, err := decodePosition(text)
			if err != nil {
				return nil, plugins.Permanent(fmt.Errorf("the position of partition %d of %q: %w", p.ID, p.Name, err))
			}
			s.offsets[p] = storedAt{position: decoded, metadata: r.env.Owner}
		}
		if len(s.offsets) > 0 {
			all = append(all, s)
		}
	}
	if t.marked != "" {
		all = append(all, t.next(mark))
	}
	return all, nil
}

// next returns the next mark.
func (t *transactional) next(mark string) stand {
	t.serial++
	return stand{group: t.markGroup(), generation: -1, offsets: map[plugins.Partition]storedAt{{Name: t.marked}: {position{offset: t.serial, epoch: -1}, mark}}}
}

// mark sees to it, before the first records are written, that there is a mark: where none is
// found afterwards, it is gone.
func (t *transactional) mark(ctx context.Context, b *plugins.Batch) error {
	if t.marked != "" {
		return nil
	}
	topic, err := t.firstTopic(ctx, b)
	if err != nil || topic == "" {
		return err
	}
	_, found, err := t.recall(ctx)
	if err != nil {
		return err
	}
	t.marked = topic
	if found {
		return nil
	}
	if err := t.storePlainly(ctx, []stand{t.next("")}); err != nil {
		t.marked = ""
		return err
	}
	return nil
}

// firstTopic returns the first topic to which records of a batch can be written, "" for none.
func (t *transactional) firstTopic(ctx context.Context, b *plugins.Batch) (string, error) {
	for _, i := range b.Sel {
		text := t.topic
		if text == "" {
			text = string(b.Topic(i))
		}
		to, err := t.destination(ctx, text)
		if err != nil {
			return "", err
		}
		if to.refusal == nil {
			return to.name, nil
		}
		if t.topic != "" {
			break // Write says so
		}
	}
	return "", nil
}

func (t *transactional) markGroup() string { return t.conn.config.String("transactional_id") }

// store adds what is to be stored to the transaction.
func (t *transactional) store(ctx context.Context, stands []stand) error {
	id, epoch, err := t.client.ProducerID(ctx)
	if err != nil {
		return t.conn.judge("commit a transaction at", err)
	}
	for _, s := range stands {
		if err := t.addGroup(ctx, s.group, id, epoch); err != nil {
			return t.conn.judge(fmt.Sprintf("commit the positions of the group %q at", s.group), err)
		}
		if err := t.addOffsets(ctx, s, id, epoch); err != nil {
			return t.conn.judge(fmt.Sprintf("commit the positions of the group %q at", s.group), err)
		}
	}
	return nil
}

// addGroup makes a group's positions part of the transaction.
func (t *transactional) addGroup(ctx context.Context, group string, id int64, epoch int16) error {
	req := kmsg.NewPtrAddOffsetsToTxnRequest()
	req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Group = t.markGroup(), id, epoch, group
	for {
		resp, err := req.RequestWith(ctx, t.client)
		if err != nil {
			return err
		}
		err = kerr.ErrorForCode(resp.ErrorCode)
		if !errors.Is(err, kerr.ConcurrentTransactions) { // the last one is about to end
			return err
		}
		if err := t.env.Wait(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

func (t *transactional) addOffsets(ctx context.Context, s stand, id int64, epoch int16) error {
	req := kmsg.NewPtrTxnOffsetCommitRequest()
	req.TransactionalID, req.Group, req.ProducerID, req.ProducerEpoch = t.markGroup(), s.group, id, epoch
	req.Generation, req.MemberID, req.InstanceID = s.generation, s.member, s.instance
	topics := map[string]*kmsg.TxnOffsetCommitRequestTopic{}
	for p, at := range s.offsets {
		topic := topics[p.Name]
		if topic == nil {
			x := kmsg.NewTxnOffsetCommitRequestTopic()
			x.Topic = p.Name
			topic = &x
			topics[p.Name] = topic
		}
		x := kmsg.NewTxnOffsetCommitRequestTopicPartition()
		x.Partition, x.Offset, x.LeaderEpoch, x.Metadata = p.ID, at.offset, at.epoch, &at.metadata
		topic.Partitions = append(topic.Partitions, x)
	}
	for name, topic := range topics {
		found, err := describe(ctx, t.admin, name)
		if err != nil {
			return err
		}
		topic.TopicID = found.id
		req.Topics = append(req.Topics, *topic)
	}
	resp, err := req.RequestWith(ctx, t.client)
	if err != nil {
		return err
	}
	for _, topic := range resp.Topics {
		for _, p := range topic.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return err
			}
		}
	}
	return nil
}

// storePlainly stores the mark where there is nothing that it would have to be
// in one step with. The positions of sources their sources commit.
func (t *transactional) storePlainly(ctx context.Context, stands []stand) error {
	for _, s := range stands {
		if s.group != t.markGroup() {
			continue
		}
		var offsets kadm.Offsets
		for p, at := range s.offsets {
			offsets.Add(kadm.Offset{Topic: p.Name, Partition: p.ID, At: at.offset, LeaderEpoch: at.epoch, Metadata: at.metadata})
		}
		if err := t.admin.CommitAllOffsets(ctx, s.group, offsets); err != nil {
			return t.conn.judge("store the mark of a transaction at", err)
		}
	}
	return nil
}

// Committed implements [plugins.Transactional].
func (t *transactional) Committed(ctx context.Context) (string, error) {
	if err := t.connect(); err != nil {
		return "", err
	}
	mark, found, err := t.recall(ctx)
	if err == nil && !found {
		err = plugins.Permanent(fmt.Errorf("it cannot be told whether the last transaction of %q was committed, as %s has its mark no more: that is kept as a position of the group %[1]q, which was deleted, or has expired (offsets.retention.minutes, 7 days unless the brokers say otherwise) while the pipeline stood still, or transactional_id was changed: write the former one again, or look whether the topic has what came last, and begin anew with onstream state reset --all", t.markGroup(), t.conn.place()))
	}
	return mark, err
}

// recall returns the last mark, once the cluster has finished, or given up, what a former
// process has begun.
func (t *transactional) recall(ctx context.Context) (mark string, found bool, err error) {
	if _, _, err := t.client.ProducerID(ctx); err != nil {
		return "", false, t.conn.judge("take over the transactions of", err)
	}
	for {
		mark, found, err := t.lastMark(ctx)
		if !errors.Is(err, kerr.UnstableOffsetCommit) {
			return mark, found, t.conn.judge("ask for the last transaction at", err)
		}
		if err := t.env.Wait(ctx, soonest); err != nil {
			return "", false, err
		}
	}
}

// lastMark returns the mark with the highest offset.
func (t *transactional) lastMark(ctx context.Context) (mark string, found bool, err error) {
	req := kmsg.NewPtrOffsetFetchRequest()
	req.RequireStable = true
	group := kmsg.NewOffsetFetchRequestGroup()
	group.Group = t.markGroup()
	req.Groups = append(req.Groups, group)
	resp, err := req.RequestWith(ctx, t.client)
	if err != nil {
		return "", false, err
	}
	t.serial = 0
	for _, g := range resp.Groups {
		err := kerr.ErrorForCode(g.ErrorCode)
		if errors.Is(err, kerr.GroupIDNotFound) { // other clusters say that it has no positions
			continue
		}
		if err != nil {
			return "", false, err
		}
		for _, topic := range g.Topics {
			for _, p := range topic.Partitions {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					return "", false, err
				}
				if p.Offset <= t.serial {
					continue
				}
				t.serial, mark, found = p.Offset, "", true
				if p.Metadata != nil {
					mark = *p.Metadata
				}
			}
		}
	}
	return mark, found, nil
}
