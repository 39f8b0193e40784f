package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// commitInterval is how often the programs by hand say how far they are.
const commitInterval = time.Second

// byHand is P5 over Kafka with nothing but the driver. Offsets are committed
// when everything before them is confirmed; writes are idempotent, and confirmed
// by all replicas.
func (t *kafkaTopics) byHand(ctx context.Context) error {
	cl, err := kgo.NewClient(
		kgo.SeedBrokers(t.broker.addr),
		kgo.ConsumeTopics(t.in()), kgo.ConsumerGroup(t.group()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit(),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.WithPools(&recordPool{}),
		kgo.DefaultProduceTopic(t.out()), kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.ProducerLinger(0),
		kgo.RequiredAcks(kgo.AllISRAcks()), kgo.MaxBufferedRecords(1<<17), kgo.DisableClientMetrics(),
	)
	if err != nil {
		return fmt.Errorf("set up the client: %w", err)
	}
	defer cl.Close()
	w := &kafkaWriter{ctx: ctx, client: cl}
	r := &kafkaReader{ctx: ctx, client: cl, left: t.records, committed: time.Now(), flush: w.flush}
	if err := mapTopic(w, r); err != nil {
		return err
	}
	return r.commit()
}

// kafkaReader reads so many records of a topic, one a line.
type kafkaReader struct {
	ctx       context.Context // a reader is handed none
	client    *kgo.Client
	fetched   []*kgo.Record // that are to be handed out
	spare     []*kgo.Record // their memory
	left      int
	committed time.Time
	flush     func() error
}

// Read implements [io.Reader]. What it returned before has been written.
func (r *kafkaReader) Read(p []byte) (n int, err error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	if len(r.fetched) == 0 {
		if err := r.poll(); err != nil {
			return 0, err
		}
	}
	for len(r.fetched) > 0 && r.left > 0 && n+len(r.fetched[0].Value) < len(p) {
		n += copy(p[n:], r.fetched[0].Value)
		p[n] = '\n'
		n++
		r.fetched[0].Recycle()
		r.fetched = r.fetched[1:]
		r.left--
	}
	if n == 0 && r.left > 0 && len(r.fetched) > 0 {
		return 0, io.ErrShortBuffer
	}
	return n, nil
}

func (r *kafkaReader) poll() error {
	if time.Since(r.committed) >= commitInterval {
		if err := r.commit(); err != nil {
			return err
		}
	}
	fetches := r.client.PollFetches(r.ctx)
	if err := fetches.Err(); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	r.spare = r.spare[:0]
	fetches.EachRecord(func(record *kgo.Record) { r.spare = append(r.spare, record) })
	r.fetched = r.spare
	return nil
}

// commit commits everything that was read, once what came of it is confirmed.
func (r *kafkaReader) commit() error {
	if err := r.flush(); err != nil {
		return err
	}
	r.committed = time.Now()
	if err := r.client.CommitUncommittedOffsets(r.ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// kafkaWriter writes each line as a record.
type kafkaWriter struct {
	ctx    context.Context // a writer is handed none
	client *kgo.Client
	spare  sync.Pool // *unconfirmed
	failed atomic.Pointer[error]
}

// unconfirmed are records that the driver holds, and their text.
type unconfirmed struct {
	text    []byte
	records []kgo.Record
	left    atomic.Int64
	answer  func(*kgo.Record, error)
}

// Write implements [io.Writer].
func (w *kafkaWriter) Write(lines []byte) (int, error) {
	u, ok := w.spare.Get().(*unconfirmed)
	if !ok {
		u = &unconfirmed{}
		u.answer = func(_ *kgo.Record, err error) {
			if err != nil {
				w.failed.Store(&err)
			}
			if u.left.Add(-1) == 0 {
				w.spare.Put(u)
			}
		}
	}
	u.text, u.records = append(u.text[:0], lines...), u.records[:0]
	for rest := u.text; len(rest) > 0; {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		u.records, rest = append(u.records, kgo.Record{Value: line}), after
	}
	u.left.Store(int64(len(u.records)))
	for i := range len(u.records) {
		w.client.Produce(w.ctx, &u.records[i], u.answer)
	}
	return len(lines), nil
}

// flush waits until everything is confirmed.
func (w *kafkaWriter) flush() error {
	err := w.client.Flush(w.ctx)
	if failed := w.failed.Load(); failed != nil {
		err = errors.Join(err, *failed)
	}
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// recordPool keeps the driver's memory of records.
type recordPool struct{ records sync.Pool }

// GetRecords implements [kgo.PoolRecords].
func (p *recordPool) GetRecords(n int) []kgo.Record {
	if s, ok := p.records.Get().(*[]kgo.Record); ok && cap(*s) >= n {
		return (*s)[:0]
	}
	return make([]kgo.Record, 0, n)
}

// PutRecords implements [kgo.PoolRecords].
func (p *recordPool) PutRecords(s []kgo.Record) { p.records.Put(&s) }
