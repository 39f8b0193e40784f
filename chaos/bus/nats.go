package bus

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func natsServer() Kind {
	return Kind{
		Name: "nats", Server: "nats-server", Source: "in.*", Shares: true, Relayed: true, Silence: time.Second,
		Launch: func(s site) (command, error) { return selfAs("nats", s) },
		Connector: func(name, addr string, _ Options) string {
			return natsConnector(name, fmt.Sprintf("servers = [%q]\n  partitions = 4", "nats://"+addr))
		},
		Connect: connectNATS,
	}
}

// embeddedNATS is the server in the engine: whoever kills the one kills the other.
func embeddedNATS() Kind {
	return Kind{
		Name: "nats-embedded", Server: "in the engine", Source: "in.*",
		Connector: func(name, addr string, _ Options) string {
			return natsConnector(name, fmt.Sprintf("listen = %q", addr))
		},
		Connect: connectNATS,
	}
}

func natsConnector(name, where string) string {
	return fmt.Sprintf(`connector "nats" %q {
  %s
  session_timeout = "1s"
  connect_timeout = "2s"
  retry {
    backoff     = "20ms"
    max_backoff = "200ms"
  }
}
`, name, where)
}

// nats is a client of NATS. The server drops what it sends again.
type nats struct {
	addr, run string
	sent      int // messages, for their ids
	conn      *natsgo.Conn
}

func connectNATS(addr, run string) Client { return &nats{addr: addr, run: run} }

// connect waits for the server. A connection that is lost is not made again: what was sent
// over it comes before all that is sent over the next.
func (n *nats) connect(ctx context.Context) (*natsgo.Conn, jetstream.JetStream, error) {
	for {
		c, err := natsgo.Connect("nats://"+n.addr, natsgo.NoReconnect(), natsgo.Timeout(time.Second))
		if err == nil {
			js, err := jetstream.New(c)
			return c, js, err
		}
		if err := pause(ctx); err != nil {
			return nil, nil, err
		}
	}
}

// tryAgain is how long a client waits after a failure.
const tryAgain = 20 * time.Millisecond

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(tryAgain):
		return nil
	}
}

// Make implements [Client]: the engine makes the stream.
func (n *nats) Make(context.Context, string) error { return nil }

// Keep implements [Client]: the stream keeps everything.
func (n *nats) Keep(context.Context, []string) error { return nil }

func (n *nats) Send(ctx context.Context, topic string, messages []Message) (int, error) {
	first := n.sent
	n.sent += len(messages)
	for {
		err := n.try(ctx, topic, messages, first)
		if err == nil {
			return 1, nil
		}
		if n.conn != nil {
			n.conn.Close()
			n.conn = nil
		}
		if err := pause(ctx); err != nil {
			return 0, err
		}
	}
}

func (n *nats) try(ctx context.Context, topic string, messages []Message, first int) error {
	var err error
	var js jetstream.JetStream
	if n.conn == nil {
		if n.conn, js, err = n.connect(ctx); err != nil {
			return err
		}
	} else if js, err = jetstream.New(n.conn); err != nil {
		return err
	}
	msg := func(i int) *natsgo.Msg {
		return &natsgo.Msg{Subject: n.run + "." + topic + "." + messages[i].Key, Data: messages[i].Text, Header: natsgo.Header{"Nats-Msg-Id": {fmt.Sprint(first + i)}}}
	}
	// The stream may not be there yet. When it has the first one, it is there for the
	// others: none of them comes before.
	confirming, stop := context.WithTimeout(ctx, confirmLimit)
	defer stop()
	if _, err := js.PublishMsg(confirming, msg(0), jetstream.WithRetryAttempts(0)); err != nil {
		return err
	}
	var futures []jetstream.PubAckFuture
	for i := range messages[1:] {
		f, err := js.PublishMsgAsync(msg(i + 1))
		if err != nil {
			return err
		}
		futures = append(futures, f)
	}
	for _, f := range futures {
		select {
		case <-f.Ok():
		case err := <-f.Err():
			return err
		case <-confirming.Done():
			return errNotConfirmed
		}
	}
	return nil
}

// confirmLimit is how long a server may take to confirm what was sent.
const confirmLimit = 2 * time.Second

// stored finds the topic in a subject as a stream has it, with a partition before and the mark
// of a key behind it.
var stored = regexp.MustCompile(`^(?:\d+\.)?[^.]+\.(.*?)(?:\.=[0-9a-f]{2})?$`)

func (n *nats) Follow(ctx context.Context, topics []string, f func(topic string, text []byte)) error {
	wanted := map[string]bool{}
	for _, t := range topics {
		wanted[t] = true
	}
	for seen := uint64(0); ctx.Err() == nil; {
		if err := n.follow(ctx, wanted, &seen, f); err != nil && ctx.Err() == nil {
			_ = pause(ctx) // and then it is looked at ctx
		}
	}
	return nil
}

// follow reads over one connection behind what was seen before.
func (n *nats) follow(ctx context.Context, wanted map[string]bool, seen *uint64, f func(topic string, text []byte)) error {
	c, js, err := n.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	lost := make(chan struct{})
	var once sync.Once
	c.SetClosedHandler(func(*natsgo.Conn) { once.Do(func() { close(lost) }) })
	stream, err := js.StreamNameBySubject(ctx, n.run+".in.d")
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = js.StreamNameBySubject(ctx, n.run+".>")
	}
	if err != nil {
		return err
	}
	consumer, err := js.OrderedConsumer(ctx, stream, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: *seen + 1})
	if err != nil {
		return err
	}
	consuming, err := consumer.Consume(func(m jetstream.Msg) {
		meta, err := m.Metadata()
		if err != nil || meta.Sequence.Stream <= *seen {
			return
		}
		*seen = meta.Sequence.Stream
		if found := stored.FindStringSubmatch(m.Subject()); found != nil && wanted[found[1]] {
			f(strings.Clone(found[1]), m.Data())
		}
	})
	if err != nil {
		return err
	}
	defer func() {
		consuming.Stop()
		<-consuming.Closed()
	}()
	select {
	case <-ctx.Done():
	case <-lost:
	}
	return nil
}

func (n *nats) Close() {
	if n.conn != nil {
		n.conn.Close()
	}
}
