package nats

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// writer is a sink that publishes records.
type writer struct {
	conn *connection
	env  plugins.Env
	only string // the subject of all records; "" where each has its own

	window   *window
	session  *session // see link
	inbox    *inbox
	subjects map[string]subject // by topic
	rows     []uint32           // of one run, to be published at once
	names    []string

	stop  context.CancelFunc // ends watch
	ended chan struct{}

	mu    sync.Mutex
	wrong map[string]bool // subjects that no stream took: to be looked at again
}

// subject is what a topic is on the bus.
type subject struct {
	name   string
	keyed  *[256]string // by bucket, where the stream has partitions
	failed *plugins.Failure
}

// inbox is where answers come to. A new one is made when what is in flight is given up: what still
// comes to the former is nobody's.
type inbox struct {
	made    int
	replies []string // by slot
	sub     *natsgo.Subscription
}

var (
	_ plugins.Sink   = (*writer)(nil)
	_ plugins.Opener = (*writer)(nil)
	_ plugins.Closer = (*writer)(nil)
	_ watcher        = (*writer)(nil)
)

func newWriter(c *connection, env plugins.Env) *writer {
	return &writer{conn: c, env: env, window: newWindow(max(1, c.options.maxInFlight)), subjects: map[string]subject{}, wrong: map[string]bool{}}
}

// Open implements [plugins.Opener].
func (w *writer) Open(ctx context.Context) error {
	s, err := w.conn.get(ctx)
	if err != nil {
		return err
	}
	if w.only == "" {
		return nil
	}
	_, err = s.streamsOf(ctx, w.only)
	return err
}

var errBehind = errors.New("records in front of these failed, and are to be written again first")

// runRecords is how many records are published between looks at the window.
const runRecords = 256

// Write implements [plugins.Sink].
func (w *writer) Write(ctx context.Context, b *plugins.Batch, done func(error)) error {
	if err := w.connect(ctx); err != nil {
		return err
	}
	sent := w.window.begin(b, done)
	if sent == nil {
		return errBehind
	}
	defer w.window.end(sent)
	for at := 0; at < len(b.Sel); {
		rows := b.Sel[at:min(len(b.Sel), at+runRecords)]
		w.rows, w.names = rows, w.names[:0]
		for _, row := range rows {
			name, err := w.subjectOf(ctx, b, row)
			if err != nil {
				w.window.fail(w.inbox.made, err)
				return nil
			}
			w.names = append(w.names, name)
		}
		n, first, err := w.window.reserve(ctx, sent, rows, w.names)
		if err != nil {
			w.window.fail(w.inbox.made, err)
			return nil
		}
		if n == 0 {
			return nil // given up
		}
		for i, row := range rows[:n] {
			if !w.publish(b, row, w.names[i], first+uint64(i)) {
				return nil
			}
		}
		at += n
	}
	return nil
}

// connect makes sure that there is a connection, and an inbox on it.
func (w *writer) connect(ctx context.Context) error {
	s, err := w.conn.link(ctx)
	if err != nil {
		return forNow(err)
	}
	if w.session != s {
		w.leave()
		w.session = s
		s.watch(w)
	}
	_, _, made := w.window.state()
	if w.inbox != nil && w.inbox.made == made {
		return nil
	}
	if w.inbox != nil {
		_ = w.inbox.sub.Unsubscribe() // its answers are nobody's
	}
	if w.stop == nil {
		var watching context.Context
		watching, w.stop = context.WithCancel(context.Background())
		w.ended = make(chan struct{})
		go w.watch(watching)
	}
	w.inbox, err = w.newInbox(s, made)
	return err
}

// leave gives up the session. What is in flight on it gets no answer.
func (w *writer) leave() {
	if w.session == nil {
		return
	}
	w.session.unwatch(w)
	if w.inbox != nil {
		_ = w.inbox.sub.Unsubscribe() // nothing waits for its answers
	}
	w.inbox = nil
	_, _, made := w.window.state()
	w.window.fail(made, w.conn.explain(natsgo.ErrDisconnected))
}

func (w *writer) newInbox(s *session, made int) (*inbox, error) {
	prefix := s.nc.NewInbox() + "."
	in := &inbox{made: made, replies: make([]string, len(w.window.slots))}
	for i := range in.replies {
		in.replies[i] = prefix + strconv.Itoa(i)
	}
	sub, err := s.nc.Subscribe(prefix+"*", func(m *natsgo.Msg) { w.answer(made, len(prefix), m) })
	if err != nil {
		return nil, w.conn.explain(err)
	}
	if err := sub.SetPendingLimits(-1, -1); err != nil { // the window bounds them
		return nil, w.conn.explain(err)
	}
	in.sub = sub
	return in, nil
}

// answer looks at what the server says about a record.
func (w *writer) answer(made, prefix int, m *natsgo.Msg) {
	index, err := strconv.Atoi(m.Subject[prefix:])
	if err != nil {
		return
	}
	a := readAnswer(m)
	switch {
	case a.err == nil:
		w.window.stored(made, index)
	case a.permanent:
		w.window.refuse(made, index, plugins.Failure{Code: "rejected", Msg: w.conn.explain(a.err).Error()})
	default:
		if a.homeless {
			w.forget(made, index)
		}
		w.window.fail(made, w.conn.explain(a.err))
	}
}

// forget makes the writer look again whether a stream takes the subject of a record.
func (w *writer) forget(made, index int) {
	w.window.mu.Lock()
	known := made == w.window.made && w.window.inFlight(index)
	name := ""
	if known {
		name = w.window.slots[index].subject
	}
	w.window.mu.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wrong[name] = true
}

// publish sends a record. It reports false when everything was given up.
func (w *writer) publish(b *plugins.Batch, row uint32, name string, number uint64) bool {
	index := int(number % uint64(len(w.window.slots)))
	if name == "" {
		failure := w.subjects[w.topicOf(b, row)].failed
		w.window.refuse(w.inbox.made, index, *failure)
		return true
	}
	err := w.send(b, row, name, w.inbox.replies[index])
	switch {
	case err == nil:
		return true
	case errors.Is(err, natsgo.ErrMaxPayload):
		most := w.session.nc.MaxPayload()
		w.window.refuse(w.inbox.made, index, plugins.Failure{Code: "too_large", Msg: fmt.Sprintf("the record has %d bytes, and the server takes messages of %d bytes at most with their headers: raise its max_payload, or send less", len(b.Value(row)), most)})
		return true
	case errors.Is(err, natsgo.ErrBadSubject), errors.Is(err, natsgo.ErrHeadersNotSupported):
		w.window.refuse(w.inbox.made, index, plugins.Failure{Code: "rejected", Msg: w.conn.explain(err).Error()})
		return true
	}
	w.window.fail(w.inbox.made, w.conn.explain(err))
	return false
}

func (w *writer) send(b *plugins.Batch, row uint32, name, reply string) error {
	headers := headersOf(b, row)
	if w.conn.options.msgID == "key" && headers != nil {
		headers[msgIDHeader] = keyText(headers)
	}
	if headers == nil {
		return w.session.nc.PublishRequest(name, reply, b.Value(row))
	}
	return w.session.nc.PublishMsg(&natsgo.Msg{Subject: name, Reply: reply, Header: headers, Data: b.Value(row)})
}

func (w *writer) topicOf(b *plugins.Batch, row uint32) string {
	if w.only != "" {
		return w.only
	}
	return string(b.Topic(row))
}

// maxSubjects bounds what is remembered of topics.
const maxSubjects = 1 << 16

// subjectOf returns the subject of a row; "" where it has none, and subjects says why. An error is
// one of the moment.
func (w *writer) subjectOf(ctx context.Context, b *plugins.Batch, row uint32) (string, error) {
	var x subject
	var known bool
	if w.only != "" {
		x, known = w.subjects[w.only]
	} else {
		x, known = w.subjects[string(b.Topic(row))]
	}
	if !known || w.isWrong(x.name) {
		var err error
		if x, err = w.look(ctx, w.topicOf(b, row)); err != nil {
			return "", err
		}
	}
	if key := b.Key(row); x.keyed != nil && len(key) > 0 {
		return x.keyed[bucketOf(key)], nil
	}
	return x.name, nil
}

// isWrong reports whether no stream took a subject.
func (w *writer) isWrong(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.wrong) > 0 && w.wrong[name]
}

// look finds the subject of a topic and the stream that takes it.
func (w *writer) look(ctx context.Context, topic string) (subject, error) {
	x, err := w.find(ctx, topic)
	if err != nil && !plugins.IsPermanent(err) {
		return x, err
	}
	if err != nil {
		x = subject{failed: &plugins.Failure{Code: "topic", Msg: err.Error()}}
	}
	if len(w.subjects) >= maxSubjects {
		clear(w.subjects)
	}
	w.subjects[topic] = x
	w.mu.Lock()
	clear(w.wrong)
	w.mu.Unlock()
	return x, nil
}

func (w *writer) find(ctx context.Context, topic string) (subject, error) {
	parsed, err := connectors.ParseTopic(topic)
	if err != nil {
		return subject{}, plugins.Permanent(err)
	}
	name, err := subjectOf(parsed)
	if err == nil && isPattern(name) {
		err = fmt.Errorf("%q stands for several topics, and a record goes to one", topic)
	}
	if err != nil {
		return subject{}, plugins.Permanent(err)
	}
	s, err := w.conn.get(ctx)
	if err != nil {
		return subject{}, forNow(err)
	}
	streams, err := s.streamsOf(ctx, name)
	if err != nil {
		return subject{}, err
	}
	x := subject{name: name}
	if err := w.conn.checkPartitions(streams[0]); err != nil {
		return subject{}, err
	}
	if partitionsOf(streams[0]) > 1 {
		x.keyed = new([256]string)
		for i := range x.keyed {
			x.keyed[i] = keyed(name, byte(i))
		}
	}
	return x, nil
}

// watch gives up what gets no answer for too long.
func (w *writer) watch(ctx context.Context) {
	defer close(w.ended)
	tick := time.NewTicker(max(w.conn.options.ackTimeout/8, 10*time.Millisecond))
	defer tick.Stop()
	var last uint64
	since := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		waiting, answered, made := w.window.state()
		if waiting == 0 || answered != last {
			last, since = answered, time.Now()
			continue
		}
		if time.Since(since) > w.conn.options.ackTimeout {
			w.window.fail(made, w.conn.explain(fmt.Errorf("no answer to %d records for %s", waiting, w.conn.options.ackTimeout)))
			since = time.Now()
		}
	}
}

// Flush implements [plugins.Sink]: nothing is held back.
func (w *writer) Flush(context.Context) error { return nil }

// Close implements [plugins.Closer].
func (w *writer) Close(context.Context) error {
	w.leave()
	if w.stop != nil {
		w.stop()
		<-w.ended
	}
	return nil
}

// cut implements watcher.
func (w *writer) cut(err error) {
	_, _, made := w.window.state()
	w.window.fail(made, w.conn.explain(err))
}

// restored implements watcher.
func (w *writer) restored() {}

// forbidden implements watcher.
func (w *writer) forbidden(name string, err error) {
	w.window.refuseAll(name, plugins.Failure{Code: "forbidden", Msg: w.conn.explain(err).Error()})
}
