package kafka

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// watch reads all partitions of the topics without joining a group, and those
// that come later, until ctx ends.
func (r *reader) watch(ctx context.Context) {
	pause := r.conn.config.Duration("metadata_max_age")
	for {
		if err := r.lookForPartitions(ctx); err != nil && ctx.Err() == nil {
			if plugins.IsPermanent(err) {
				r.fail(err)
				return
			}
			r.env.Logger.Debug("topics are looked for again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// lookForPartitions begins with the partitions that are not read yet.
func (r *reader) lookForPartitions(ctx context.Context) error {
	var which []string
	if r.names.pattern == nil {
		which = []string{r.names.topic}
	}
	topics, err := r.admin.ListTopics(ctx, which...)
	if err != nil {
		return fmt.Errorf("list topics: %w", err)
	}
	var parts []plugins.Partition
	r.mu.Lock()
	for _, t := range topics.Sorted() {
		if t.Err != nil || r.names.pattern != nil && !r.names.pattern.MatchString(t.Topic) {
			continue
		}
		for _, id := range t.Partitions.Numbers() {
			if p := (plugins.Partition{Name: t.Topic, ID: id}); r.lanes[p] == nil {
				parts = append(parts, p)
			}
		}
	}
	r.mu.Unlock()
	if len(parts) == 0 {
		return nil
	}
	given, err := r.whereGroupStands(ctx, parts)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if at, ok := r.seek[p]; ok {
			given[p] = at
		}
	}
	begins, err := r.begin(ctx, parts, given)
	if err != nil {
		return err
	}
	add := map[string]map[int32]kgo.Offset{}
	for p, b := range begins {
		if add[p.Name] == nil {
			add[p.Name] = map[int32]kgo.Offset{}
		}
		add[p.Name][p.ID] = kgo.NewOffset().At(b.at.offset).WithEpoch(b.at.epoch)
		r.open(p, b)
	}
	r.client.AddConsumePartitions(add)
	return nil
}

// whereGroupStands returns what the group has committed, where reading is to
// begin there.
func (r *reader) whereGroupStands(ctx context.Context, parts []plugins.Partition) (map[plugins.Partition]position, error) {
	given := map[plugins.Partition]position{}
	if r.sub.Start != connectors.StartCommitted {
		return given, nil
	}
	stands, err := r.admin.FetchOffsets(ctx, r.sub.Group)
	if err != nil {
		return nil, r.conn.judge(fmt.Sprintf("ask for the positions of the group %q at", r.sub.Group), err)
	}
	for _, p := range parts {
		if at, ok := stands.Lookup(p.Name, p.ID); ok && at.Err == nil && at.At >= 0 {
			given[p] = position{offset: at.At, epoch: at.LeaderEpoch}
		}
	}
	return given, nil
}
