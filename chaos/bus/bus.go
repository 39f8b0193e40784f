package bus

import (
	"context"
	"errors"
	"time"
)

// Kind is a kind of bus, with the server that stands for it.
type Kind struct {
	Name   string // of the bus, in those of scenarios
	Server string // what answers, for the report
	// Launch makes the command of a server. Nil where the engine is the server, or Where is set.
	Launch func(s site) (command, error)
	// Ready waits until a server that takes connections answers requests, too; nil where that is one.
	Ready func(ctx context.Context, addr string) error
	// Where is the address of a server that runs elsewhere, and is not ours to stop.
	Where string
	// Absent says what is missing on this machine, "" for nothing.
	Absent func() string
	// Source is the topic of the source behind RUN, such as "in" or "in.*".
	Source string
	// Redelivers says that a record may come to the pipeline twice, as the bus cannot
	// tell one that is sent again, or brought again, from another.
	Redelivers bool
	// Spools says that the engine puts on its disk what it takes from a topic, which cannot be read again.
	Spools bool
	// Shares says that several processes divide the partitions of a topic among themselves, and
	// Transactions that a sink has them.
	Shares, Transactions bool
	// Silence is how long a process may be silent before others get its partitions, and how long a division of
	// the partitions may take.
	Silence time.Duration
	// Cuts says that the server cuts its connections when it is told to, Fronted that it has a relay in front of it for that,
	// as it tells its clients where it is, and Relayed that a relay between it and the engine can.
	Cuts, Fronted, Relayed bool
	// Loses is what a server that is killed has confirmed and not kept, "" for nothing.
	Loses string
	// Forgets is why what is sent to a server that is killed, and sent again, is there twice; "" for nothing.
	Forgets string
	// Connector returns the block of a pipeline, of a name, for a server at an address.
	Connector func(name, addr string, o Options) string
	// Connect makes a client for a run, which is what all topics begin with. It need
	// not be there yet.
	Connect func(addr, run string) Client
}

// site is where a server is: what it listens at, how others reach it, which is the same but for a relay,
// and the folder of its data.
type site struct{ addr, public, dir string }

// Options is what differs between the scenarios of a bus.
type Options struct {
	Shared        bool   // by several processes
	Transactional string // the name under which the sink writes in transactions; "" for none
	Run           string // what topics begin with, which is the name of a database
}

// Message is what is sent.
type Message struct {
	Key  string
	Text []byte
}

// Client speaks to a bus for one run.
type Client interface {
	// Make makes a topic that is to be sent to, where the bus has to be told, and Keep sees to it that what comes to
	// topics from then on is there for Follow. Both wait for the server.
	Make(ctx context.Context, topic string) error
	Keep(ctx context.Context, topics []string) error
	// Send returns when the server has confirmed all messages. It tries again until ctx ends, and
	// returns how often each of them may be there.
	Send(ctx context.Context, topic string, messages []Message) (copies int, err error)
	// Follow calls f with what is in the topics and what comes, of each topic in order,
	// until ctx ends, through all outages.
	Follow(ctx context.Context, topics []string, f func(topic string, text []byte)) error
	Close()
}

// Kinds returns all buses of the harness.
func Kinds() []Kind {
	return []Kind{fakeKafka(), realKafka(), natsServer(), embeddedNATS(), mosquitto(), rabbitMQ(), redisServer()}
}

// errNotConfirmed is why something is sent again.
var errNotConfirmed = errors.New("it was not confirmed")
