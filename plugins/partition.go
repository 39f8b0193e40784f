package plugins

// Partition names one ordered part of a source's records: a file, a topic's
// partition, a server's stream of requests.
type Partition struct {
	Name  string
	ID    int32
	Epoch int64 // grows when the partition is assigned anew
}

// Position is where to resume a partition: opaque to all but the source that
// made it.
type Position []byte
