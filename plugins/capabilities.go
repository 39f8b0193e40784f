package plugins

// Capabilities is what a configured source or sink can promise. The planner
// computes delivery guarantees from it.
type Capabilities struct {
	// Of sources.
	Seekable   bool // resumes at a Position
	Redelivers bool // what was not acknowledged comes again
	Shares     bool // partitions are divided among the members of a group; see [Assignments]
	// Of sinks.
	Idempotent bool // writing a record twice is as writing it once
	// Transactions says that what it writes becomes visible together with a
	// checkpoint: it is [Transactional].
	Transactions bool
	// Of both: that the records of a partition, or those with a key, keep their order.
	Ordered bool
	// Weakens says in one sentence what the configuration loses in which
	// case, "" for nothing.
	Weakens string
}

// Spooled reports whether a source has its records kept on disk between it and
// the pipeline, where there is a place for them: one that cannot be read again
// from a position, but waits until its records are safe.
func (c Capabilities) Spooled() bool { return c.Redelivers && !c.Seekable }
