package plugins

// Capabilities is what a configured source or sink can promise. The planner
// computes delivery guarantees from it.
type Capabilities struct {
	// Of sources.
	Seekable   bool // resumes at a Position
	Redelivers bool // what was not acknowledged comes again
	// Of sinks.
	Idempotent bool // writing a record twice is as writing it once
	// Weakens says in one sentence what the configuration loses in which
	// case, "" for nothing.
	Weakens string
}
