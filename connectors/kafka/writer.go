package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

const (
	// maxWaiting is how many records wait for their confirmation at most.
	maxWaiting = 1 << 17
	// usualLargest is what brokers take where they do not tell.
	usualLargest = 1_000_012
	// batchOverhead is what a batch of one record has besides the record's key
	// and value, at least.
	batchOverhead = 68
)

// writer is a sink that adds records to topics.
//
// Batches are in flight side by side; the driver keeps the order in each
// partition and tries again for as long as it takes. Where it gives up all the
// same, what is in flight fails with it, and a later batch is refused until
// those were written again: keys keep their order.
type writer struct {
	conn  *connection
	env   plugins.Env
	topic string // "" where each record has its own

	// Of the goroutine that writes:
	client   *kgo.Client
	admin    *kadm.Client
	dynamic  map[string]*destination
	names    map[string]string // of headers
	sequence int64

	limits  sync.Map  // the largest batch of a topic, int32
	tickets sync.Pool // *ticket

	mu      sync.Mutex
	room    sync.Cond // of mu: something is answered
	open    int       // tickets without an answer
	telling int       // that were answered, and whose answers are being passed on
	records int       // of those
	bytes   int
	reached reached          // where the last record is that was written
	failing error            // why what is in flight fails
	redo    []refused        // batches that are to be written again, in order
	alone   []*plugins.Batch // of which each record is to be written alone
}

// destination is a topic that records of a sink go to.
type destination struct {
	name    string
	refusal error     // why nothing can be written there
	until   time.Time // when that is to be looked at again; zero for never
}

// reached is a partition that a record was written to, of no topic for none.
type reached struct {
	topic     string
	partition int32
}

// refused is a batch that the engine was asked to write again.
type refused struct {
	sequence int64
	batch    *plugins.Batch
}

var (
	_ plugins.Sink   = (*writer)(nil)
	_ plugins.Opener = (*writer)(nil)
	_ plugins.Closer = (*writer)(nil)
)

var errOrder = errors.New("records before these are to be written again first")

// Writer implements [connectors.Bus].
func (c *connection) Writer(p connectors.Publication, env plugins.Env) (plugins.Sink, error) {
	w := &writer{conn: c, env: env, dynamic: map[string]*destination{}, names: map[string]string{}}
	w.room.L = &w.mu
	if p.Topic != "" {
		name, err := nameOf(p.Topic)
		if err != nil {
			return nil, plugins.ConfigErrorf("topic", "%v", err)
		}
		w.topic = name
	}
	if c.config.Has("transactional_id") {
		return &transactional{writer: w}, nil
	}
	return w, nil
}

// Open implements [plugins.Opener].
func (w *writer) Open(ctx context.Context) error {
	err := w.conn.attempt(ctx, func(ctx context.Context, admin *kadm.Client) error {
		if w.topic == "" {
			return nil
		}
		if err := w.meet(ctx, admin, w.topic); err != nil {
			return w.conn.judge("write to", err)
		}
		w.dynamic[w.topic] = &destination{name: w.topic}
		return nil
	})
	if err != nil && !plugins.IsPermanent(err) && w.conn.config.String("startup") == "fail" {
		err = plugins.Permanent(fmt.Errorf("%w: start it, correct bootstrap_servers, or write startup = \"wait\"", err))
	}
	if err != nil {
		return err
	}
	return w.connect()
}

// connect makes the client.
func (w *writer) connect() error {
	if w.client != nil {
		return nil
	}
	cl, err := w.conn.client(append(w.conn.lasting(), w.options()...)...)
	if err != nil {
		return err
	}
	w.client, w.admin = cl, kadm.NewClient(cl)
	return nil
}

// options are what the client is told for writing.
func (w *writer) options() []kgo.Opt {
	c := w.conn.config
	opts := []kgo.Opt{
		kgo.ProducerBatchMaxBytesFn(w.limitOf),
		kgo.MaxBufferedRecords(2 * maxWaiting), // the writer has bounds of its own
		kgo.ProducerLinger(c.Duration("linger")),
		kgo.RecordPartitioner(kgo.UniformBytesPartitioner(64<<10, true, true, nil)),
	}
	switch c.String("compression_type") {
	case "gzip":
		opts = append(opts, kgo.ProducerBatchCompression(kgo.GzipCompression()))
	case "snappy":
		opts = append(opts, kgo.ProducerBatchCompression(kgo.SnappyCompression()))
	case "lz4":
		opts = append(opts, kgo.ProducerBatchCompression(kgo.Lz4Compression()))
	case "zstd":
		opts = append(opts, kgo.ProducerBatchCompression(kgo.ZstdCompression()))
	default:
		opts = append(opts, kgo.ProducerBatchCompression(kgo.NoCompression()))
	}
	switch c.String("acks") {
	case "1":
		opts = append(opts, kgo.RequiredAcks(kgo.LeaderAck()))
	case "0":
		opts = append(opts, kgo.RequiredAcks(kgo.NoAck()))
	default:
		opts = append(opts, kgo.RequiredAcks(kgo.AllISRAcks()))
	}
	if !c.Bool("enable_idempotence") {
		opts = append(opts, kgo.DisableIdempotentWrite())
	}
	if id := c.String("transactional_id"); id != "" {
		opts = append(opts, kgo.TransactionalID(id), kgo.TransactionTimeout(c.Duration("transaction_timeout")))
	}
	return opts
}

// meet sees to it that a topic is there, and how large its records may be.
func (w *writer) meet(ctx context.Context, admin *kadm.Client, topic string) error {
	if _, err := w.conn.ensure(ctx, admin, topic); err != nil {
		return err
	}
	if w.conn.config.Has("max_message_bytes") {
		return nil
	}
	if n := largest(ctx, admin, topic); n > 0 {
		w.limits.Store(topic, int32(min(max(n, 1024), 1<<30)))
	}
	return nil
}

// limitOf returns the largest batch that a topic takes.
func (w *writer) limitOf(topic string) int32 {
	if n := w.conn.config.Int("max_message_bytes"); n > 0 {
		return int32(n)
	}
	if n, ok := w.limits.Load(topic); ok {
		return n.(int32)
	}
	return usualLargest
}

// Write implements [plugins.Sink].
func (w *writer) Write(ctx context.Context, b *plugins.Batch, done func(error)) error {
	if err := w.connect(); err != nil {
		return err
	}
	if w.topic != "" {
		to, err := w.destination(ctx, w.topic)
		if err != nil {
			return err
		}
		if to.refusal != nil {
			return to.refusal
		}
	}
	t := newTicket(w, b, done)
	if err := w.admit(ctx, t); err != nil {
		return err
	}
	w.produce(ctx, t)
	return nil
}

// admit waits until a batch may be in flight, and refuses one that would pass
// another that is to be written again.
func (w *writer) admit(ctx context.Context, t *ticket) error {
	defer context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.room.Broadcast()
	})()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sequence++
	t.sequence = w.sequence
	for w.open > 0 && w.failing == nil && ctx.Err() == nil && (w.records+len(t.records) > maxWaiting || w.bytes+t.bytes > int(w.conn.config.Int("buffer_memory"))) {
		w.room.Wait()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if w.failing != nil {
		w.ask(t.sequence, t.batch)
		return w.failing
	}
	if i := slices.IndexFunc(w.redo, func(r refused) bool { return r.batch == t.batch }); i >= 0 {
		w.redo = slices.Delete(w.redo, 0, i+1) // those before it were given up
	} else if len(w.redo) > 0 {
		w.ask(t.sequence, t.batch)
		return errOrder
	}
	if i := slices.Index(w.alone, t.batch); i >= 0 {
		w.alone = slices.Delete(w.alone, i, i+1)
		t.single = true
	}
	w.open++
	w.records += len(t.records)
	w.bytes += t.bytes
	return nil
}

// ask notes that a batch is to be written again; w.mu is held.
func (w *writer) ask(sequence int64, b *plugins.Batch) {
	w.redo = slices.DeleteFunc(w.redo, func(r refused) bool { return r.batch == b })
	i, _ := slices.BinarySearchFunc(w.redo, sequence, func(r refused, s int64) int { return cmp.Compare(r.sequence, s) })
	w.redo = slices.Insert(w.redo, i, refused{sequence, b})
}

// produce gives the records of a batch to the driver.
func (w *writer) produce(ctx context.Context, t *ticket) {
	now := time.Now()
	b := t.batch
	at := 0
	for k, i := range b.Sel {
		rec := &t.records[k]
		rec.Topic, rec.Value, rec.Key, rec.Headers, rec.Timestamp = w.topic, b.Value(i), b.Key(i), nil, now
		if b.Times != nil {
			rec.Timestamp = time.Unix(0, b.Times[i])
		}
		if hs := b.HeadersOf(i); len(hs) > 0 {
			for _, h := range hs {
				t.headers = append(t.headers, kgo.RecordHeader{Key: w.nameOf(h.Name.Of(b.Data)), Value: h.Value.Of(b.Data)})
			}
			rec.Headers = t.headers[at:len(t.headers):len(t.headers)]
			at = len(t.headers)
		}
		if w.topic == "" {
			to, err := w.destination(ctx, string(b.Topic(i)))
			if err == nil {
				err = to.refusal
			}
			if err != nil {
				t.promise(rec, err)
				continue
			}
			rec.Topic = to.name
		}
		if batchOverhead+len(rec.Key)+len(rec.Value) > int(w.limitOf(rec.Topic)) {
			t.promise(rec, plugins.Permanent(kerr.MessageTooLarge))
			continue
		}
		if t.single {
			err := w.client.ProduceSync(ctx, rec).FirstErr()
			t.promise(rec, err)
			continue
		}
		w.client.Produce(context.Background(), rec, t.promised)
	}
	t.end()
}

// nameOf returns the name of a header. Names are few, and kept.
func (w *writer) nameOf(text []byte) string {
	if name, ok := w.names[string(text)]; ok {
		return name
	}
	if len(w.names) >= 1000 {
		clear(w.names)
	}
	name := string(text)
	w.names[name] = name
	return name
}

// destination returns a topic, which is looked at when it is met first. An
// error may pass.
func (w *writer) destination(ctx context.Context, text string) (*destination, error) {
	if d := w.dynamic[text]; d != nil && (d.until.IsZero() || time.Now().Before(d.until)) {
		return d, nil
	}
	d := &destination{}
	topic, err := connectors.ParseTopic(text)
	if err == nil && topic.Pattern() {
		err = fmt.Errorf("%q stands for several topics, and a record goes to one", text)
	}
	if err == nil {
		d.name, err = nameOf(topic)
	}
	if err != nil {
		d.refusal = plugins.Permanent(err)
	} else {
		limited, cancel := context.WithTimeout(ctx, w.conn.config.Duration("connect_timeout"))
		defer cancel()
		err := w.conn.judge("write to", w.meet(limited, w.admin, d.name))
		if err != nil && !plugins.IsPermanent(err) {
			return nil, err
		}
		if err != nil { // it may be made, or granted, meanwhile
			d.refusal, d.until = err, time.Now().Add(w.conn.config.Duration("metadata_max_age"))
		}
	}
	if len(w.dynamic) >= 10_000 {
		clear(w.dynamic)
	}
	w.dynamic[text] = d
	return d, nil
}

// Flush implements [plugins.Sink]. Nothing is held back.
func (w *writer) Flush(context.Context) error { return nil }

// Close implements [plugins.Closer].
func (w *writer) Close(context.Context) error {
	if w.client != nil {
		w.client.Close()
	}
	return nil
}

// isAlone reports whether each record of a batch is to be written alone; w.mu is
// held.
func (w *writer) isAlone(b *plugins.Batch) bool { return slices.Contains(w.alone, b) }

// tooLarge reports whether an error says that a record, or the batch that it was
// in, is too large.
func tooLarge(err error) bool { return errors.Is(err, kerr.MessageTooLarge) }
