package nats

import (
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/onstream/onstream/plugins"
)

// dividing is the first version of servers that write the partition into subjects.
const dividing = "2.10"

// checkDivides reports, before a stream is made, a server that is too old to divide it: it would make one
// without partitions, and say so afterwards.
func (s *session) checkDivides(name string) error {
	version := s.nc.ConnectedServerVersion()
	var major, minor int
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err != nil {
		return nil // it tells itself
	}
	if major > 2 || major == 2 && minor >= 10 {
		return nil
	}
	return plugins.Permanent(fmt.Errorf("stream %s is to have %s, and the server at %s is NATS %s, which has none before %s: nothing was made; write partitions = 1, or run a newer server", name, plural(s.conn.options.partitions, "partition"), s.conn.place(), version, dividing))
}

// undivided says what became of a stream that a server has made which is too old to divide it, where another
// one, to which the client is connected, is not; other errors it returns as they are.
func undivided(err error, name string) error {
	if !errors.Is(err, jetstream.ErrStreamSubjectTransformNotSupported) {
		return err
	}
	return plugins.Permanent(fmt.Errorf("stream %s has 1 partition, as the server that keeps it is older than NATS %s: write partitions = 1, or run a newer server there and delete the stream (nats stream rm %s)", name, dividing, name))
}
