package plugins

import "context"

// Assignments is an [Outlet] for sources whose partitions come and go, because
// they are shared among the members of a group. A source for which that is so
// ([Capabilities.Shares]) asserts its outlet to it and tells it of each change,
// from one goroutine at a time, beside its calls of Hand. Such a source has 0
// for the Epoch of its partitions.
type Assignments interface {
	// Assigned says that partitions are this source's now, and returns where to
	// start each of them: a partition that is not in the answer starts where
	// the source is configured to. It blocks until what the stages keep
	// of the partitions is here. No Hand of theirs comes before it has
	// returned; an error means that they are not to be read.
	Assigned(ctx context.Context, as []Assignment) (map[Partition]Position, error)
	// Revoking says that partitions are about to be somebody else's. No Hand of
	// theirs comes any more. It blocks until all that was handed over is
	// finished, stored and acknowledged, so that the source can commit it, or
	// until ctx ends: how long it may take is for the source to say. An error means that
	// something of them is not finished, or not known to be stored; of that nothing may be
	// committed but what was acknowledged. Timers of theirs rest from the call on, so
	// after an error the source says that they are Lost, or ends.
	Revoking(ctx context.Context, ps []Partition) error
	// Lost says that partitions already are somebody else's: what was handed
	// over of them is neither acknowledged nor stored any more.
	Lost(ps []Partition)
}

// Assignment is a partition that has become the source's.
type Assignment struct {
	Partition Partition
	// Committed is what the bus keeps as the group's position, nil for none;
	// Owner is the [Env.Owner] of who committed it, "" where that is not known or
	// nobody has.
	Committed Position
	Owner     string
	// Generation grows each time that the partitions are divided anew: of two
	// members that take a partition for theirs, the one with the higher is right. A
	// group that the bus has forgotten, with its owners, may begin at low ones.
	Generation int64
}
