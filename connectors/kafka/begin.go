package kafka

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// beginning is where a lane begins.
type beginning struct {
	at       position
	stored   int64 // the offset that the group has committed, -1 for none
	earliest bool  // it is where the partition begins
}

// committed is what the group has committed of a partition.
type committed struct {
	offset int64
	epoch  int32
	owner  string
}

// begin returns where partitions are to be read from: at the positions that are
// given, or where the subscription says.
func (r *reader) begin(ctx context.Context, parts []plugins.Partition, given map[plugins.Partition]position) (map[plugins.Partition]beginning, error) {
	ids, err := r.identities(ctx, parts)
	if err != nil {
		return nil, err
	}
	begins := map[plugins.Partition]beginning{}
	var open []plugins.Partition
	for _, p := range parts {
		at, ok := given[p]
		if !ok {
			open = append(open, p)
			continue
		}
		if id := ids[p.Name]; at.topic != id && at.topic != ([16]byte{}) && id != ([16]byte{}) {
			return nil, r.anew(p.Name)
		}
		at.topic = ids[p.Name]
		begins[p] = beginning{at: at, stored: r.storedOf(p)}
	}
	if len(open) == 0 {
		return begins, nil
	}
	offsets, err := r.startOffsets(ctx, open)
	if err != nil {
		return nil, err
	}
	for _, p := range open {
		start, earliest := r.startOf(p)
		listed, ok := offsets[start].Lookup(p.Name, p.ID)
		if !ok {
			listed.Err = kerr.UnknownTopicOrPartition
		}
		if listed.Err != nil {
			return nil, r.conn.judge(fmt.Sprintf("find out where partition %d of %q begins at", p.ID, p.Name), listed.Err)
		}
		begins[p] = beginning{at: position{offset: listed.Offset, epoch: -1, topic: ids[p.Name]}, stored: -1, earliest: earliest}
	}
	return begins, nil
}

// startOf returns where the subscription says to begin a partition. One that is
// made while the source runs is read wholly.
func (r *reader) startOf(p plugins.Partition) (start connectors.Start, earliest bool) {
	start = r.sub.Start
	if start == "" || start == connectors.StartLatest && int(p.ID) >= r.known[p.Name] {
		start = connectors.StartEarliest
	}
	return start, start == connectors.StartEarliest
}

// startOffsets asks for the offsets at which partitions without position begin.
func (r *reader) startOffsets(ctx context.Context, parts []plugins.Partition) (map[connectors.Start]kadm.ListedOffsets, error) {
	topics := map[connectors.Start]map[string]bool{}
	for _, p := range parts {
		start, _ := r.startOf(p)
		if topics[start] == nil {
			topics[start] = map[string]bool{}
		}
		topics[start][p.Name] = true
	}
	offsets := map[connectors.Start]kadm.ListedOffsets{}
	for start, names := range topics {
		which := slices.Sorted(maps.Keys(names))
		var err error
		switch start {
		case connectors.StartLatest:
			offsets[start], err = r.admin.ListEndOffsets(ctx, which...)
		case connectors.StartTimestamp:
			offsets[start], err = r.admin.ListOffsetsAfterMilli(ctx, r.sub.Since.UnixMilli(), which...)
		case connectors.StartCommitted:
			return nil, plugins.Permanent(fmt.Errorf("the group %q has no position in partition %d of the topic %q, and start = \"committed\" begins nowhere else: commit one, or set start to \"earliest\" or \"latest\"", r.sub.Group, parts[0].ID, parts[0].Name))
		default:
			offsets[start], err = r.admin.ListStartOffsets(ctx, which...)
		}
		if err != nil {
			return nil, r.conn.judge("find out where topics begin at", err)
		}
	}
	return offsets, nil
}

// identities asks for the identities of the topics of partitions.
func (r *reader) identities(ctx context.Context, parts []plugins.Partition) (map[string][16]byte, error) {
	names := map[string]bool{}
	for _, p := range parts {
		names[p.Name] = true
	}
	topics, err := r.admin.ListTopics(ctx, slices.Sorted(maps.Keys(names))...)
	if err != nil {
		return nil, r.conn.judge("describe the topics of", err)
	}
	ids := map[string][16]byte{}
	for name, t := range topics {
		ids[name] = t.ID
	}
	return ids, nil
}

// storedOf returns the offset that the group has committed of a partition, -1
// for none.
func (r *reader) storedOf(p plugins.Partition) int64 {
	if c, ok := r.fetched[p]; ok {
		return c.offset
	}
	return -1
}
