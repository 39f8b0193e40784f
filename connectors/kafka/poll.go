package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/onstream/onstream/plugins"
)

const (
	// fetchBytes is how much a broker sends at once.
	fetchBytes = 16 << 20
	// fetchWait is how long a broker waits for records: so long, too, a partition
	// that was paused or has just come may have to wait.
	fetchWait = 500 * time.Millisecond
)

// poll brings what is fetched into the lanes until ctx ends.
func (r *reader) poll(ctx context.Context) {
	defer context.AfterFunc(ctx, r.look)()
	for ctx.Err() == nil {
		r.client.PollFetches(r.beginPoll(ctx)).EachPartition(r.take)
		r.endPoll()
		r.rewind()
		r.makeRoom(ctx)
	}
}

// beginPoll returns what a poll is to end with.
func (r *reader) beginPoll(ctx context.Context) context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	ctx, r.wake = context.WithCancel(ctx)
	r.busy = true
	if r.woken {
		r.wake()
	}
	return ctx
}

func (r *reader) endPoll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wake()
	r.busy, r.woken, r.wake = false, false, nil
	r.polls++
	r.changed.Broadcast()
}

// look makes the poll loop look around.
func (r *reader) look() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lookLocked()
}

func (r *reader) lookLocked() {
	r.woken = true
	if r.wake != nil {
		r.wake()
	}
	r.changed.Broadcast()
}

// quiesce returns when no record that was fetched before is on its way to a
// lane. The driver has dropped those of partitions that go away: so none of them
// is found in a lane when the partition comes back.
func (r *reader) quiesce() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.busy {
		return
	}
	r.lookLocked()
	for poll := r.polls; r.busy && r.polls == poll; {
		r.changed.Wait()
	}
}

// take brings the records of a partition into its lane.
func (r *reader) take(f kgo.FetchTopicPartition) {
	part := plugins.Partition{Name: f.Topic, ID: f.Partition}
	if f.Err != nil {
		r.fetchFailed(part, f.Err)
	}
	r.mu.Lock()
	l := r.lanes[part]
	r.mu.Unlock()
	if l == nil {
		return
	}
	end := f.HighWatermark
	if f.LastStableOffset >= 0 && f.LastStableOffset < end && r.conn.config.String("isolation_level") != "read_uncommitted" {
		end = f.LastStableOffset
	}
	l.put(f.Records, end)
}

// makeRoom pauses the lanes that are full, so that the others go on; where all
// are, it waits.
func (r *reader) makeRoom(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for ctx.Err() == nil && !r.woken {
		var full []*lane
		for _, l := range r.lanes {
			if l.full() {
				full = append(full, l)
			}
		}
		if len(full) < len(r.lanes) || len(full) == 0 {
			for _, l := range full {
				r.pause(l, true)
			}
			return
		}
		r.changed.Wait()
	}
}

// pause keeps a lane's partition from being fetched, or lets it go on; r.mu is
// held.
func (r *reader) pause(l *lane, yes bool) {
	if l.paused == yes {
		return
	}
	l.paused = yes
	which := map[string][]int32{l.part.Name: {l.part.ID}}
	if yes {
		r.client.PauseFetchPartitions(which)
	} else {
		r.client.ResumeFetchPartitions(which)
	}
}

// roomIn notes that a lane has room again.
func (r *reader) roomIn(l *lane) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pause(l, false)
	r.changed.Broadcast()
}

// readAgain makes a lane's partition be read again from where it stands.
func (r *reader) readAgain(l *lane) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rewinds = append(r.rewinds, l)
	r.lookLocked()
}

// rewind does what readAgain asked for. It is called between polls.
func (r *reader) rewind() {
	r.mu.Lock()
	lanes := r.rewinds
	r.rewinds = nil
	r.mu.Unlock()
	for _, l := range lanes {
		r.client.SetOffsets(map[string]map[int32]kgo.EpochOffset{l.part.Name: {l.part.ID: l.restart()}})
	}
}

// fetchFailed judges what the driver cannot mend itself.
func (r *reader) fetchFailed(part plugins.Partition, err error) {
	if errors.Is(err, context.Canceled) || errors.Is(err, kgo.ErrClientClosed) {
		return
	}
	if group, ok := errors.AsType[*kgo.ErrGroupSession](err); ok {
		err = r.conn.judge(fmt.Sprintf("join the group %q of", r.sub.Group), group.Err)
		if plugins.IsPermanent(err) {
			r.fail(err)
			return
		}
		r.env.Logger.Debug("the group is joined again", "error", err)
		return
	}
	_, lost := errors.AsType[*kgo.ErrDataLoss](err)
	switch {
	case errors.Is(err, kerr.OffsetOutOfRange) && r.beginAgain(part):
	case lost, errors.Is(err, kerr.OffsetOutOfRange):
		r.fail(r.outOfRange(part))
	case errors.Is(err, kerr.UnknownTopicID):
		r.fail(r.anew(part.Name))
	default:
		r.fail(plugins.Permanent(r.conn.judge(fmt.Sprintf("read partition %d of %q from", part.ID, part.Name), err)))
	}
}

// beginAgain makes a partition begin where it begins now, if nothing was read of
// it and it was to be read from its beginning: records that were too old before
// they could be read are not missed.
func (r *reader) beginAgain(part plugins.Partition) bool {
	r.mu.Lock()
	l := r.lanes[part]
	r.mu.Unlock()
	if l == nil || !l.virgin() {
		return false
	}
	start, _, err := r.bounds(part)
	if err != nil {
		return false
	}
	l.moveTo(start)
	r.readAgain(l)
	return true
}

// bounds returns the offset of the first record of a partition, and that after
// its last one.
func (r *reader) bounds(part plugins.Partition) (start, end int64, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return boundsOf(ctx, r.admin, part)
}

func boundsOf(ctx context.Context, admin *kadm.Client, part plugins.Partition) (start, end int64, err error) {
	starts, err := admin.ListStartOffsets(ctx, part.Name)
	if err != nil {
		return 0, 0, err
	}
	ends, err := admin.ListEndOffsets(ctx, part.Name)
	if err != nil {
		return 0, 0, err
	}
	first, _ := starts.Lookup(part.Name, part.ID)
	after, _ := ends.Lookup(part.Name, part.ID)
	return first.Offset, after.Offset, errors.Join(first.Err, after.Err)
}

// outOfRange says which records are missing, and how to go on.
func (r *reader) outOfRange(part plugins.Partition) error {
	r.mu.Lock()
	l := r.lanes[part]
	r.mu.Unlock()
	wanted := "the next record"
	if l != nil {
		wanted = fmt.Sprintf("the record at offset %d", l.wants())
	}
	has := "what it has instead could not be found out"
	if start, end, err := r.bounds(part); err == nil {
		has = fmt.Sprintf("it has those from %d up to, but not including, %d", start, end)
	}
	return plugins.Permanent(fmt.Errorf("partition %d of the topic %q does not have %s, at which reading is to go on: %s; records were deleted before they were read, or the cluster lost some: %s", part.ID, part.Name, wanted, has, r.wayOut()))
}

// anew says that a topic is not the one that was read.
func (r *reader) anew(topic string) error {
	return plugins.Permanent(fmt.Errorf("the topic %q was deleted, and made anew under its name: where to go on in the former one says nothing about it: %s", topic, r.wayOut()))
}

// wayOut says how to go on without what is missing.
func (r *reader) wayOut() string {
	return fmt.Sprintf("to go on without them, forget the positions (onstream state reset, where the pipeline keeps state, and the offsets of the group %q), or read in another group, and set start to where to begin", r.sub.Group)
}
