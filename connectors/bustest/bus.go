package bustest

import (
	"testing"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// Bus is one to be tested, with a server that runs. What it promises is what its
// kind declares for a stage ([plugins.Capabilities]), and Features.
type Bus struct {
	// Register adds the kind. It is called once: what connections of one
	// registry share, those of the test share.
	Register func(*plugins.Registry) error
	Kind     string // its name
	// Server says what it is tested against: "in process", "RabbitMQ 4.0".
	Server string
	// Addr is HOST:PORT of the server; "" where it is reached without a socket. Then
	// what is about connections is skipped.
	Addr string
	// Config returns the connector's block for a server at an address, which is
	// Addr or that of a relay before it. [Block] makes one. Each call stands
	// for another process. Attempts to connect should be quick: a back-off
	// of some milliseconds.
	Config func(t testing.TB, addr string) plugins.Config
	// Restart stops the server in order, and Kill with kill -9; both start it
	// again at the same address. Nil where that cannot be done. Both may be
	// called while readers and writers run.
	Restart, Kill func(t testing.TB)
	// Poison puts into a topic what no reader can make a record of, past the
	// writer. Nil where that is impossible.
	Poison   func(t testing.TB, topic string)
	Features Features
	// Patience is how long something may take that is to happen; a minute where 0.
	Patience time.Duration
}

// Features are what a bus can do beyond its [plugins.Capabilities]. The zero value is one
// that can do nothing but carry values.
type Features struct {
	Keys    bool // a record keeps its key
	Headers bool // a record keeps its headers, in order
	// DuplicateHeaders says that a name may repeat, and BinaryHeaders that values may be any bytes.
	DuplicateHeaders, BinaryHeaders bool
	Times                           bool // a record says when it was written
	// Partitions is how many a topic has that the connector of Config makes; 0
	// where the bus has none.
	Partitions int
	Patterns   bool // a source may read plant.*.temp and plant.>
	// Starts are the places where a reader may begin. Without
	// [connectors.StartEarliest], what was written before a group was first joined
	// is not expected.
	Starts []connectors.Start
	// Groups says that what was acknowledged does not come to the group again,
	// what was not does, and another group gets everything.
	Groups bool
	// Rewinds says that what was not acknowledged ([plugins.Delivery.Nack]) comes
	// again in the same run; otherwise with the next one.
	Rewinds bool
	// ClosingDuplicates is how many records that were acknowledged just before a source
	// was stopped may come again, where the bus cannot be asked whether it has noted them.
	ClosingDuplicates int
	// Window is how many records may at least wait for their acknowledgement; 1
	// for a bus that brings one after the other, 1,000 where 0.
	Window int
	// MaxReadAhead is how many bytes a reader may take from its server beyond
	// what is handed over; 16 MiB where 0.
	MaxReadAhead int64
	// AckWait is after which time the server, so configured, would bring again what
	// is not acknowledged: the reader must see to it that it does not.
	AckWait time.Duration
	// TooLarge is the size of a record that is refused for good, in bytes; 0
	// where there is none.
	TooLarge int
	Browse   bool // Subscription.Browse, and connectors.Browser
	// State says that a connection is a [plugins.StateLogs].
	State bool
	// Durable says that what was confirmed survives Restart, and Crashproof that it survives
	// Kill.
	Durable, Crashproof bool
}
