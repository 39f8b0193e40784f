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
// members, in a topic that was written to. Its offset counts the marks.
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
	if topic := t.markTopic(); topic != "" {
		t.serial++
		all = append(all, stand{group: t.markGroup(), generation: -1, offsets: map[plugins.Partition]storedAt{{Name: topic}: {position{offset: t.serial, epoch: -1}, mark}}})
	}
	return all, nil
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
	// The cluster finishes, or gives up, what a former process has begun.
	if _, _, err := t.client.ProducerID(ctx); err != nil {
		return "", t.conn.judge("take over the transactions of", err)
	}
	for {
		mark, err := t.lastMark(ctx)
		if !errors.Is(err, kerr.UnstableOffsetCommit) {
			return mark, t.conn.judge("ask for the last transaction at", err)
		}
		if err := t.env.Wait(ctx, soonest); err != nil {
			return "", err
		}
	}
}

// lastMark returns the mark with the highest offset.
func (t *transactional) lastMark(ctx context.Context) (string, error) {
	req := kmsg.NewPtrOffsetFetchRequest()
	req.RequireStable = true
	group := kmsg.NewOffsetFetchRequestGroup()
	group.Group = t.markGroup()
	req.Groups = append(req.Groups, group)
	resp, err := req.RequestWith(ctx, t.client)
	if err != nil {
		return "", err
	}
	mark := ""
	t.serial = 0
	for _, g := range resp.Groups {
		if err := kerr.ErrorForCode(g.ErrorCode); err != nil {
			return "", err
		}
		for _, topic := range g.Topics {
			for _, p := range topic.Partitions {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					return "", err
				}
				if p.Offset > t.serial && p.Metadata != nil {
					t.serial, mark = p.Offset, *p.Metadata
				}
			}
		}
	}
	return mark, nil
}
