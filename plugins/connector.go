package plugins

// ConnectorKind is a kind of named connection, such as to a bus or a database,
// that stages name with `via`.
type ConnectorKind struct {
	Name   string
	Schema Schema
	// Service is what can be done over it, such as "topic": a stage may name a
	// connection whose kind has for its Service what the stage's kind has for
	// its Via.
	Service string
	// Check is as in [SourceKind].
	Check func(Config) error
	// Reads and Writes say what a source or a sink of the configuration can
	// promise over the connection, which is its [Config.Connector]. An error, a
	// [ConfigError] of the stage, says that the two do not go together. Nil
	// means that nothing can be read or written over it.
	Reads, Writes func(stage Config) (Capabilities, error)
	// Partitions is into how many partitions the configuration, and nothing
	// else, divides what is read: what stages keep by partition is of no use
	// where it is another number. Nil where the other end says so.
	Partitions func(Config) int64
	New        func(Config, Env) (Connection, error)
}

// Connection is what a connector block stands for in a pipeline that runs. The
// engine makes one for each block that a stage names, gives it to those stages
// in [Env.Connection], and closes it after the last of them; a reload keeps it
// where the block is the same. Making it does no input or output: it connects
// when a stage first needs it, and again when it was cut off. It is safe for
// concurrent use.
type Connection interface{ Closer }

// Monitored is a connection that knows how it is.
type Monitored interface{ Status() ConnectionStatus }

// ConnectionStatus is how a connection is. It holds no secrets.
type ConnectionStatus struct {
	Connected bool
	// Reconnects is how many times it was made again after it was lost.
	Reconnects int64
	// Dropped is how many messages were dropped for want of room before those had them for
	// whom they were: at most, where that is not known.
	Dropped int64
	// Err is why it is not connected, "" where it is, or was never asked to be.
	Err string
}

// Lagging is a source that knows how much waits for it. Lag is called from any
// goroutine while Run runs, and does no input or output.
type Lagging interface {
	// Lag returns how many records are in the source's partitions beyond what
	// was handed over; ok is false where that is not known.
	Lag() (records int64, ok bool)
}
