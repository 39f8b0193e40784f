package nats

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// puller takes messages out of a partition of a stream, in order and without a gap, with
// a consumer of its own. It is used by one goroutine.
type puller struct {
	session *session
	stream  string
	name    string // of the consumer
	filters []string
	policy  jetstream.AckPolicy
	config  consumerOptions
	share   int  // how many partitions the stream has
	twofold bool // its consumer's name alternates, so that there always is one
	passing bool // it only looks: its consumer never stays
	kick    chan struct{}

	current  atomic.Pointer[string] // the name of the consumer now
	made     atomic.Int64           // how many consumers were
	request  string                 // where to ask for messages
	sub      *natsgo.Subscription
	messages chan *natsgo.Msg
	asked    int    // messages that were asked for and did not come
	number   uint64 // of the last delivery
	alone    bool   // the next message is larger than what is asked for at once
	silence  *time.Timer
}

const (
	pullRecords = 4096    // asked for at once; twice as many may be on the way
	pullBytes   = 4 << 20 // the same in bytes, by all partitions of a stream
	leastBytes  = 128 << 10
	pullExpires = 30 * time.Second
	pullBeat    = 5 * time.Second // of a server that has nothing to send
	pullSilence = 2*pullBeat + 2*time.Second
)

// errAgain says that the consumer is to be made again.
var errAgain = errors.New("the server has to be asked again")

// beginning is where a consumer begins.
type beginning struct {
	policy jetstream.DeliverPolicy
	seq    uint64
	time   time.Time
}

// open makes the consumer, and returns the number of the record before which it begins,
// less one. Nothing that was asked for before comes any more.
func (p *puller) open(ctx context.Context, b beginning) (before uint64, err error) {
	p.close()
	config := p.consumerConfig(b)
	if before, err = p.replace(ctx, config); err != nil {
		return 0, err
	}
	p.request = p.session.api + "CONSUMER.MSG.NEXT." + p.stream + "." + *p.current.Load()
	p.messages = make(chan *natsgo.Msg, 2*pullRecords+256)
	if p.sub, err = p.session.nc.ChanSubscribe(p.session.nc.NewInbox(), p.messages); err != nil {
		return 0, p.session.conn.explain(err)
	}
	p.asked, p.number, p.alone = 0, 0, false
	p.silence = time.NewTimer(pullSilence)
	p.session.watch(p)
	return before, nil
}

// How long the server keeps a consumer that asks for nothing. One whose records wait
// for a sink asks for nothing, too, and tells meanwhile how much waits.
const (
	inactive        = 24 * time.Hour
	inactivePassing = 5 * time.Minute // of somebody who has a look
)

func (p *puller) consumerConfig(b beginning) jetstream.ConsumerConfig {
	c := jetstream.ConsumerConfig{
		Name: p.name, Description: "onstream", AckPolicy: p.policy, DeliverPolicy: b.policy, MaxWaiting: 16,
		InactiveThreshold: inactive, MemoryStorage: true, Replicas: 1,
	}
	if p.passing {
		c.InactiveThreshold = inactivePassing
	}
	switch b.policy {
	case jetstream.DeliverByStartSequencePolicy:
		c.OptStartSeq = b.seq
	case jetstream.DeliverByStartTimePolicy:
		c.OptStartTime = &b.time
	}
	if len(p.filters) == 1 {
		c.FilterSubject = p.filters[0]
	} else {
		c.FilterSubjects = p.filters
	}
	if p.policy != jetstream.AckNonePolicy {
		c.AckWait, c.MaxDeliver, c.MaxAckPending = p.config.ackWait, p.config.maxDeliver, p.config.maxAckPending
	}
	if p.policy != jetstream.AckNonePolicy || p.config.durable != "" && !p.passing {
		c.Durable, c.InactiveThreshold, c.MemoryStorage, c.Replicas = p.name, 0, false, 0
	}
	return c
}

// replace makes the consumer in place of the one that there may be. Where the stream
// drops what no consumer waits for, the old one goes when the new one is there.
func (p *puller) replace(ctx context.Context, config jetstream.ConsumerConfig) (before uint64, err error) {
	former := p.name
	if p.twofold {
		if former, err = p.former(ctx); err != nil {
			return 0, err
		}
		config.Name, config.Durable = p.name+"-a", p.name+"-a"
		if former == config.Name {
			config.Name, config.Durable = p.name+"-b", p.name+"-b"
		}
	}
	if !p.twofold {
		if err := p.remove(ctx, former); err != nil {
			return 0, err
		}
	}
	err = p.session.request(ctx, func(ctx context.Context) error {
		made, err := p.session.js.CreateConsumer(ctx, p.stream, config)
		if err == nil {
			before = made.CachedInfo().Delivered.Stream
		}
		return err
	})
	if errors.Is(err, jetstream.ErrConsumerExists) {
		return 0, fmt.Errorf("read stream %s: another member of the group is at it: %w", p.stream, errAgain)
	}
	if err != nil {
		return 0, p.session.judge(fmt.Errorf("read stream %s: %w", p.stream, err))
	}
	p.current.Store(&config.Name)
	p.made.Add(1)
	if p.twofold && former != "" {
		err = p.remove(ctx, former)
	}
	return before, err
}

// former returns which of the two consumers is there, "" for none. Where both are, one
// is removed: either keeps what is not acknowledged.
func (p *puller) former(ctx context.Context) (string, error) {
	there := ""
	for _, name := range []string{p.name + "-a", p.name + "-b"} {
		err := p.session.request(ctx, func(ctx context.Context) error {
			_, err := p.session.js.Consumer(ctx, p.stream, name)
			return err
		})
		switch {
		case errors.Is(err, jetstream.ErrConsumerNotFound):
			continue
		case err != nil:
			return "", err
		case there != "":
			return there, p.remove(ctx, name)
		}
		there = name
	}
	return there, nil
}

func (p *puller) remove(ctx context.Context, name string) error {
	err := p.session.request(ctx, func(ctx context.Context) error { return p.session.js.DeleteConsumer(ctx, p.stream, name) })
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return nil
	}
	return err
}

// forget removes the consumer. Without a connection the server does that, later.
func (p *puller) forget(ctx context.Context) {
	if name := p.current.Load(); name != nil && p.session.nc.IsConnected() {
		_ = p.remove(ctx, *name)
	}
}

// close ends the subscription; the consumer stays.
func (p *puller) close() {
	if p.sub == nil {
		return
	}
	p.session.unwatch(p)
	_ = p.sub.Unsubscribe() // the connection may be gone, and the subscription with it
	p.silence.Stop()
	p.sub = nil
}

// isOpen reports whether there is a consumer.
func (p *puller) isOpen() bool { return p.sub != nil }

// cut, restored and forbidden implement watcher.
func (p *puller) cut(error) {}

func (p *puller) restored() {
	select {
	case p.messages <- nil: // what follows is the answer to nothing that was asked since
	default: // there is so much that a gap will show
	}
}

func (p *puller) forbidden(subject string, _ error) {
	if subject == p.request {
		wake(p.kick)
	}
}

// ask makes sure that messages are on their way.
func (p *puller) ask() error {
	if p.asked > pullRecords {
		return nil
	}
	batch, bytes := pullRecords, max(leastBytes, pullBytes/p.share)
	if p.alone {
		if p.asked > 0 {
			return nil // until it is the only one
		}
		batch, bytes = 1, 0
	}
	body := make([]byte, 0, 96)
	body = append(body, `{"batch":`...)
	body = strconv.AppendInt(body, int64(batch), 10)
	if bytes > 0 {
		body = append(body, `,"max_bytes":`...)
		body = strconv.AppendInt(body, int64(bytes), 10)
	}
	body = append(body, `,"expires":`...)
	body = strconv.AppendInt(body, int64(pullExpires), 10)
	body = append(body, `,"idle_heartbeat":`...)
	body = strconv.AppendInt(body, int64(pullBeat), 10)
	body = append(body, '}')
	if err := p.session.nc.PublishRequest(p.request, p.sub.Subject, body); err != nil {
		return errAgain
	}
	p.asked += batch
	return nil
}

// first waits for a message; it returns nil where something else is to be looked at.
func (p *puller) first(ctx context.Context) (*natsgo.Msg, stamp, error) {
	for {
		if err := p.ask(); err != nil {
			return nil, stamp{}, err
		}
		p.silence.Reset(pullSilence)
		select {
		case m := <-p.messages:
			s, ok, err := p.look(m)
			if ok || err != nil {
				return m, s, err
			}
		case <-p.kick:
			return nil, stamp{}, p.session.err()
		case <-p.silence.C:
			return nil, stamp{}, errAgain
		case <-ctx.Done():
			return nil, stamp{}, ctx.Err()
		}
	}
}

// more returns a message that is here already, nil for none.
func (p *puller) more() (*natsgo.Msg, stamp, error) {
	for {
		select {
		case m := <-p.messages:
			s, ok, err := p.look(m)
			if ok || err != nil {
				return m, s, err
			}
		default:
			return nil, stamp{}, nil
		}
	}
}

// look tells records from what the server says about requests.
func (p *puller) look(m *natsgo.Msg) (stamp, bool, error) {
	if m == nil {
		return stamp{}, false, errAgain
	}
	if s, ok := parseStamp(m.Reply); ok {
		p.asked--
		if s.delivery != p.number+1 {
			return s, false, errAgain
		}
		p.number = s.delivery
		p.alone = false
		return s, true, nil
	}
	return stamp{}, false, p.status(m.Header)
}

// status looks at what became of a request.
func (p *puller) status(h natsgo.Header) error {
	code, why := h.Get("Status"), strings.ToLower(h.Get("Description"))
	tooLarge := strings.Contains(why, "exceeds maxbytes")
	switch {
	case code == "100":
		return nil
	case code == "408", code == "404", code == "409" && (tooLarge || strings.Contains(why, "batch completed")):
		left, err := strconv.Atoi(h.Get("Nats-Pending-Messages"))
		if err != nil || left < 0 {
			return errAgain
		}
		p.alone = p.alone || tooLarge && left == pullRecords
		p.asked = max(0, p.asked-left)
		return nil
	}
	return errAgain
}

// info asks the server about the consumer; nil where there is none yet. It may be called from
// any goroutine.
func (p *puller) info(ctx context.Context) (*jetstream.ConsumerInfo, error) {
	name := p.current.Load()
	if name == nil {
		return nil, nil
	}
	var info *jetstream.ConsumerInfo
	err := p.session.request(ctx, func(ctx context.Context) error {
		c, err := p.session.js.Consumer(ctx, p.stream, *name)
		if err == nil {
			info = c.CachedInfo()
		}
		return err
	})
	return info, err
}

// acknowledge tells a server that keeps track what is committed. It may be called from any
// goroutine.
func (p *puller) acknowledge(acked []ackedRange) {
	if p.policy == jetstream.AckAllPolicy {
		last := acked[len(acked)-1]
		if last.made == p.made.Load() { // a new consumer begins behind what the old one has brought
			_ = p.session.nc.Publish(last.reply, ackBody)
		}
		return
	}
	for _, a := range acked {
		for _, seq := range a.seqs {
			p.acknowledgeOne(a.reply, seq)
		}
	}
}

// acknowledgeOne acknowledges a record that came with another of the given reply, maybe from
// a former consumer. An acknowledgement that is lost is made up for when the record is
// brought again.
func (p *puller) acknowledgeOne(reply string, seq uint64) {
	if name := p.current.Load(); name != nil {
		_ = p.session.nc.Publish(ackSubject(reply, *name, seq), ackBody)
	}
}

// ackBody acknowledges a message, or all up to one.
var ackBody = []byte("+ACK")

var _ watcher = (*puller)(nil)
