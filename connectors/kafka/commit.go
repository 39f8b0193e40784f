package kafka

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/onstream/onstream/plugins"
)

// commit commits where lanes stand, as far as the group does not know it.
func (r *reader) commit(ctx context.Context, lanes []*lane) error {
	r.committing.Lock()
	defer r.committing.Unlock()
	offsets := map[string]map[int32]kgo.EpochOffset{}
	owed := map[*lane]int64{}
	for _, l := range lanes {
		at, owes := l.owes()
		if !owes {
			continue
		}
		if offsets[l.part.Name] == nil {
			offsets[l.part.Name] = map[int32]kgo.EpochOffset{}
		}
		offsets[l.part.Name][l.part.ID] = kgo.EpochOffset{Epoch: at.epoch, Offset: at.offset}
		owed[l] = at.offset
	}
	if len(owed) == 0 {
		return nil
	}
	var failed error
	refused := map[string]map[int32]bool{}
	r.client.CommitOffsetsSync(kgo.PreCommitFnContext(ctx, r.sign), offsets, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, resp *kmsg.OffsetCommitResponse, err error) {
		failed = err
		if err != nil {
			return
		}
		for _, t := range resp.Topics {
			for _, p := range t.Partitions {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					failed = errors.Join(failed, err)
					if refused[t.Topic] == nil {
						refused[t.Topic] = map[int32]bool{}
					}
					refused[t.Topic][p.Partition] = true
				}
			}
		}
	})
	if failed != nil && len(refused) == 0 {
		return failed
	}
	for l, offset := range owed {
		if !refused[l.part.Name][l.part.ID] {
			l.commits(offset)
		}
	}
	return failed
}

// transacted notes that a transaction has committed where a partition stands;
// r.committing is held. There is no reader for a mark.
func (r *reader) transacted(p plugins.Partition, at position) {
	if r == nil {
		return
	}
	r.mu.Lock()
	l := r.lanes[p]
	r.mu.Unlock()
	if l != nil {
		l.transacted(at)
	}
}

// sign says in a commit who has made it.
func (r *reader) sign(req *kmsg.OffsetCommitRequest) error {
	if r.env.Owner == "" {
		return nil
	}
	for i := range req.Topics {
		for j := range req.Topics[i].Partitions {
			req.Topics[i].Partitions[j].Metadata = kmsg.StringPtr(r.env.Owner)
		}
	}
	return nil
}

// commitInterval is how far apart commits are.
const commitInterval = time.Second

// commitSteadily commits what was acknowledged until ctx ends.
func (r *reader) commitSteadily(ctx context.Context) {
	tick := time.NewTicker(commitInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		r.mu.Lock()
		lanes := make([]*lane, 0, len(r.lanes))
		for _, l := range r.lanes {
			lanes = append(lanes, l)
		}
		r.mu.Unlock()
		limited, cancel := context.WithTimeout(ctx, patience)
		err := r.commit(limited, lanes)
		cancel()
		if err = r.conn.judge("commit positions at", err); plugins.IsPermanent(err) {
			r.fail(err)
		} else if err != nil && ctx.Err() == nil {
			r.env.Logger.Debug("positions are committed later", "error", err)
		}
	}
}
