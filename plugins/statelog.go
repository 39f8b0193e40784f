package plugins

import "context"

// StateLogs is a [Connection] over which the members of a group leave to each
// other what their stages keep: where a partition goes, its state follows.
type StateLogs interface {
	// StateLog opens the log of a partition, and makes it if it is not there.
	// The name is that of the pipeline and the source, the partition one of
	// the source's.
	StateLog(ctx context.Context, name string, p Partition) (StateLog, error)
}

// StateLog is a log of entries of up to [MaxStateEntry] bytes, in one order for
// all who read it. Several processes may append to it at once. Its methods are
// called by one goroutine at a time.
type StateLog interface {
	// Append adds entries, one after the other. When it returns nil, all of them
	// are as durable as the bus can make them; after an error, the first few of
	// them may be in the log.
	Append(ctx context.Context, entries ...[]byte) error
	// Read calls f with each entry, from the oldest to the newest that there is
	// when Read is called, and with its number: numbers grow. An entry is valid during
	// the call; an error of f ends it and is returned.
	Read(ctx context.Context, f func(number int64, entry []byte) error) error
	// Trim forgets the entries whose numbers are below one. Which of them are
	// gone at once is up to the bus.
	Trim(ctx context.Context, below int64) error
	Closer
}

// MaxStateEntry is the most bytes of an entry of a [StateLog].
const MaxStateEntry = 512 << 10
