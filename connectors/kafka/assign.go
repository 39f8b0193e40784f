package kafka

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/onstream/onstream/plugins"
)

// offsetsFetched notes what the group has committed of the partitions that come.
func (r *reader) offsetsFetched(_ context.Context, _ *kgo.Client, resp *kmsg.OffsetFetchResponse) error {
	clear(r.fetched)
	for _, group := range resp.Groups {
		for _, t := range group.Topics {
			for _, p := range t.Partitions {
				if p.ErrorCode != 0 || p.Offset < 0 {
					continue
				}
				c := committed{offset: p.Offset, epoch: p.LeaderEpoch}
				if p.Metadata != nil {
					c.owner = *p.Metadata
				}
				r.fetched[plugins.Partition{Name: t.Topic, ID: p.Partition}] = c
			}
		}
	}
	return nil
}

// assigned is called when partitions have come, and says where they begin.
func (r *reader) assigned(ctx context.Context, offsets map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	<-r.ready // the driver may be faster than Run
	var parts []plugins.Partition
	for topic, ps := range offsets {
		for p := range ps {
			parts = append(parts, plugins.Partition{Name: topic, ID: p})
		}
	}
	slices.SortFunc(parts, func(a, b plugins.Partition) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	if len(parts) == 0 {
		return offsets, nil
	}
	begins, err := r.takeOver(ctx, parts)
	if err != nil {
		if ctx.Err() == nil && plugins.IsPermanent(err) {
			r.fail(err)
		}
		return nil, err
	}
	for p, b := range begins {
		offsets[p.Name][p.ID] = kgo.NewOffset().At(b.at.offset).WithEpoch(b.at.epoch)
		r.open(p, b)
	}
	return offsets, nil
}

// takeOver tells the pipeline of partitions, and returns where they begin: its
// positions rule over those of the group.
func (r *reader) takeOver(ctx context.Context, parts []plugins.Partition) (map[plugins.Partition]beginning, error) {
	given := map[plugins.Partition]position{}
	as := make([]plugins.Assignment, len(parts))
	_, generation := r.client.GroupMetadata()
	for i, p := range parts {
		as[i].Partition, as[i].Generation = p, int64(generation)
		if c, ok := r.fetched[p]; ok {
			given[p] = position{offset: c.offset, epoch: c.epoch}
			as[i].Committed, as[i].Owner = given[p].encode(nil), c.owner
		}
		if at, ok := r.seek[p]; ok {
			given[p] = at
		}
	}
	if r.shares != nil {
		answer, err := r.shares.Assigned(ctx, as)
		if err != nil {
			if ctx.Err() == nil {
				err = plugins.Permanent(fmt.Errorf("take over partitions of %q: %w", r.names.topic, err))
			}
			return nil, err
		}
		clear(given)
		for p, text := range answer {
			at, err := decodePosition(text)
			if err != nil {
				return nil, plugins.Permanent(fmt.Errorf("the position of partition %d of %q: %w", p.ID, p.Name, err))
			}
			given[p] = at
		}
	}
	return r.begin(ctx, parts, given)
}

// open makes the lane of a partition.
func (r *reader) open(p plugins.Partition, b beginning) {
	l := newLane(r, p, b)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.leaving || r.lanes[p] != nil {
		l.cancel()
		return
	}
	r.lanes[p] = l
	go l.run() // until end
	r.changed.Broadcast()
}

// revoked is called when partitions are about to be somebody else's.
func (r *reader) revoked(ctx context.Context, _ *kgo.Client, m map[string][]int32) {
	<-r.ready
	lanes := r.close(m)
	if len(lanes) == 0 {
		return
	}
	parts := partsOf(lanes)
	if r.shares != nil {
		limited, cancel := context.WithTimeout(ctx, r.conn.config.Duration("rebalance_timeout")*2/3)
		defer cancel()
		if err := r.shares.Revoking(limited, parts); err != nil {
			r.env.Logger.Warn("partitions go to another member of the group before all of them was finished: that comes again there", "partitions", len(parts), "error", err)
			r.shares.Lost(parts)
		}
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := r.commit(limited, lanes); err != nil {
		r.env.Logger.Warn("the last positions could not be committed before partitions went to another member: some records come again", "error", err)
	}
	for _, l := range lanes {
		l.forget()
	}
}

// lost is called when partitions already are somebody else's.
func (r *reader) lost(_ context.Context, _ *kgo.Client, m map[string][]int32) {
	<-r.ready
	lanes := r.close(m)
	for _, l := range lanes {
		l.forget()
	}
	if r.shares != nil && len(lanes) > 0 {
		r.shares.Lost(partsOf(lanes))
	}
}

// close ends the lanes of partitions, and returns them.
func (r *reader) close(m map[string][]int32) []*lane {
	ps := []plugins.Partition{}
	for topic, ids := range m {
		for _, id := range ids {
			ps = append(ps, plugins.Partition{Name: topic, ID: id})
		}
	}
	r.mu.Lock()
	lanes := r.takeLanes(ps)
	r.mu.Unlock()
	if len(lanes) > 0 {
		r.quiesce()
	}
	for _, l := range lanes {
		l.end()
	}
	return lanes
}

func partsOf(lanes []*lane) []plugins.Partition {
	parts := make([]plugins.Partition, len(lanes))
	for i, l := range lanes {
		parts[i] = l.part
	}
	return parts
}
