package plugins

import "time"

// Capabilities is what a configured source or sink can promise. The planner
// computes delivery guarantees from it.
type Capabilities struct {
	// Of sources.
	PartitionOrder bool // records of a partition come in one order, always
	Seekable       bool // resumes at a Position
	Assignments    bool // partitions come and go
	Redelivers     bool // what was not acknowledged comes again
	// Of sinks.
	Idempotent   bool // writing a record twice is as writing it once
	Transactions bool
	ServerDedup  time.Duration // the server drops repeats for so long
	// Weakens says in one sentence what the configuration loses in which
	// case, "" for nothing.
	Weakens string
}
