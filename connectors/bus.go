package connectors

import (
	"context"
	"time"

	"github.com/onstream/onstream/plugins"
)

// Service is the [plugins.ConnectorKind.Service] of every bus.
const Service = "topic"

// Bus is a connection that has topics. Opening one does no input or output.
type Bus interface {
	plugins.Connection
	// Reader returns a source of the records of a topic.
	Reader(Subscription, plugins.Env) (plugins.Source, error)
	// Writer returns a sink that adds records to topics.
	Writer(Publication, plugins.Env) (plugins.Sink, error)
}

// Subscription says what is to be read.
type Subscription struct {
	Topic Topic // may be a pattern, where the bus has them
	// Group names those who divide the records among themselves. It is never
	// empty: where the pipeline names none, it is of the pipeline and the stage.
	Group string
	// Start is where to begin what the group, and the checkpoint, have no
	// position for.
	Start Start
	Since time.Time // for [StartTimestamp]
	// Browse says that the records are only to be looked at: no group is joined, nothing is
	// acknowledged, and nobody else misses a record.
	Browse bool
	// MaxRecords is how many records a batch may have, 0 for as many as is good. What
	// was handed over is acknowledged batch by batch, so who wants to acknowledge
	// single records asks for 1. A bus may take no notice of it.
	MaxRecords int
}

// Publication says what is to be written.
type Publication struct {
	// Topic is where records go that have none of their own; empty where all
	// have ([plugins.Batch.Topics]), which are then to be parsed by
	// [ParseTopic].
	Topic Topic
}

// Start is where to begin to read.
type Start string

// The places where one can begin.
const (
	StartEarliest  Start = "earliest"  // with the oldest record that the bus has
	StartLatest    Start = "latest"    // with the next that is written
	StartCommitted Start = "committed" // only where the group stands; it is an error if it stands nowhere
	StartTimestamp Start = "timestamp" // with the first that was written at or after a time
)

// Browser is a bus that can tell which topics there are.
type Browser interface {
	// Topics returns the topics that there are, sorted by name.
	Topics(ctx context.Context) ([]TopicInfo, error)
}

// TopicInfo is what a bus tells about a topic.
type TopicInfo struct {
	Name       string // as pipelines write it ([TopicOf])
	Partitions int    // 0 where the bus has none
	Records    int64  // that the bus keeps; -1 where it does not tell
}
