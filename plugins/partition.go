package plugins

import "strconv"

// Partition names one ordered part of a source's records: a file, a topic's
// partition, a server's stream of requests.
type Partition struct {
	Name  string
	ID    int32
	Epoch int64 // grows when the partition is assigned anew
}

// String names the partition to people, and tells it from the others of its
// source: its name, and behind the first partition of a name the number.
func (p Partition) String() string {
	if p.ID == 0 {
		return p.Name
	}
	return p.Name + "/" + strconv.FormatInt(int64(p.ID), 10)
}

// Position is where to resume a partition: opaque to all but the source that
// made it.
type Position []byte
