package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// longestOwn is how long a transaction of the sink's own stays open while
// batches keep coming.
const longestOwn = 100 * time.Millisecond

// transactional is a writer whose records become visible with transactions:
// those of the engine, or its own, which end when nothing more waits to be
// written.
type transactional struct {
	*writer
	managed bool // by the engine
	begun   bool
	since   time.Time
	written int64  // records since Begin
	broken  error  // why the transaction cannot be committed
	marked  string // a topic to which marks belong, "" while nothing was written
	serial  int64  // of the last mark
	held    []held // batches whose answers wait for the sink's own commit; under writer.mu
}

// held is a batch that is written, but not committed.
type held struct {
	refused
	done   func(error)
	result error // nil, or [plugins.RowErrors]
}

var (
	_ plugins.Sink          = (*transactional)(nil)
	_ plugins.Opener        = (*transactional)(nil)
	_ plugins.Closer        = (*transactional)(nil)
	_ plugins.Transactional = (*transactional)(nil)
)

var errBroken = errors.New("records of the transaction could not be written: it is given up, and they are written again")

// Write implements [plugins.Sink].
func (t *transactional) Write(ctx context.Context, b *plugins.Batch, done func(error)) error {
	if !t.managed {
		if err := t.ownTransaction(ctx); err != nil {
			return err
		}
	}
	t.written += int64(len(b.Sel))
	if t.managed {
		if err := t.mark(ctx, b); err != nil {
			return t.noteError(err)
		}
		return t.noteError(t.writer.Write(ctx, b, func(err error) {
			t.note(err)
			done(err)
		}))
	}
	sequence := t.sequence + 1 // that Write gives it
	return t.noteError(t.writer.Write(ctx, b, func(err error) {
		if t.note(err) {
			done(whole(err))
			return
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		t.held = append(t.held, held{refused{sequence, b}, done, err})
	}))
}

// note keeps in mind that a write failed, and reports whether it did.
func (t *transactional) note(err error) bool {
	if _, rows := errors.AsType[plugins.RowErrors](err); err == nil || rows && !isPartial(err) {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.broken = err
	return true
}

func (t *transactional) noteError(err error) error {
	t.note(err)
	return err
}

// whole is an error of a batch of which nothing counts: what was written of it is given up
// with the transaction.
func whole(err error) error {
	if part, ok := errors.AsType[*plugins.PartialError](err); ok {
		return part.Err
	}
	return err
}

func isPartial(err error) bool {
	_, part := errors.AsType[*plugins.PartialError](err)
	return part
}

// ownTransaction sees to it that a transaction of the sink's own is open.
func (t *transactional) ownTransaction(ctx context.Context) error {
	if t.begun && (time.Since(t.since) > longestOwn || t.written > maxWaiting/2) {
		if err := t.endOwn(ctx); err != nil {
			return err
		}
	}
	if t.begun {
		return nil
	}
	return t.begin()
}

// Flush implements [plugins.Sink].
func (t *transactional) Flush(ctx context.Context) error {
	if t.managed || !t.begun {
		return nil
	}
	return t.endOwn(ctx)
}

// endOwn ends a transaction of the sink's own, and gives the answers that
// waited for it.
func (t *transactional) endOwn(ctx context.Context) error {
	if err := t.answered(ctx); err != nil {
		return err
	}
	err := t.brokenBy()
	if err == nil {
		err = t.end(ctx, kgo.TryCommit)
	}
	if err != nil {
		if aborted := t.Abort(ctx); aborted != nil {
			return aborted
		}
	}
	t.mu.Lock()
	all := t.held
	t.held = nil
	if err != nil {
		for _, h := range all {
			t.ask(h.sequence, h.batch)
		}
	}
	t.mu.Unlock()
	for _, h := range all {
		if err != nil {
			h.done(errBroken)
		} else {
			h.done(h.result)
		}
	}
	return nil
}

// answered waits until the brokers have answered for all that was written.
func (t *transactional) answered(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.room.Broadcast()
	})()
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.open+t.telling > 0 && ctx.Err() == nil {
		t.room.Wait()
	}
	return ctx.Err()
}

func (t *transactional) brokenBy() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.broken
}

func (t *transactional) hasReached() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.reached.topic != ""
}

// settle waits until the driver knows itself of a partition that it has written
// to. Right after the first records of a topic it may not: it would then take the
// transaction for one without records, and give it up where it is to be committed.
func (t *transactional) settle(ctx context.Context) error {
	t.mu.Lock()
	at := t.reached
	t.mu.Unlock()
	for attempt := 1; at.topic != ""; attempt++ {
		leader, _, err := t.client.PartitionLeader(at.topic, at.partition)
		if leader >= 0 || err != nil {
			break
		}
		if attempt == settleAttempts {
			t.env.Logger.Warn("a transaction is not committed until its topic's leader is known: it is asked for until there is one", "stage", t.env.Stage, "topic", at.topic, "partition", at.partition)
		}
		if err := t.env.Wait(ctx, settleBackoff.Before(attempt)); err != nil {
			return err
		}
	}
	return nil
}

// settleBackoff is how long to wait before the driver is asked again, and settleAttempts after how many
// attempts that is worth a word: about a second.
var settleBackoff = connectors.Backoff{First: time.Millisecond, Most: 200 * time.Millisecond}

const settleAttempts = 12

// Begin implements [plugins.Transactional].
func (t *transactional) Begin(ctx context.Context) error {
	if t.begun && !t.managed {
		if err := t.endOwn(ctx); err != nil {
			return err
		}
	}
	t.managed = true
	return t.begin()
}

// begin starts a transaction. Of a producer that the cluster has given up,
// because a transaction took too long, another one takes over.
func (t *transactional) begin() error {
	if err := t.connect(); err != nil {
		return err
	}
	err := t.client.BeginTransaction()
	if err != nil && !errors.Is(err, kerr.ProducerFenced) && !t.begun {
		t.client.Close()
		t.client = nil
		if err := t.connect(); err != nil {
			return err
		}
		err = t.client.BeginTransaction()
	}
	if err != nil {
		return t.conn.judge("begin a transaction at", err)
	}
	t.mu.Lock()
	t.broken, t.reached = nil, reached{}
	t.mu.Unlock()
	t.begun, t.since, t.written = true, time.Now(), 0
	return nil
}

// Commit implements [plugins.Transactional].
func (t *transactional) Commit(ctx context.Context, mark string, positions map[string]map[plugins.Partition]plugins.Position) error {
	if err := t.answered(ctx); err != nil {
		return err
	}
	if err := t.brokenBy(); err != nil {
		return fmt.Errorf("%w: %w", errBroken, err)
	}
	stands, err := t.stands(mark, positions)
	if err != nil {
		return err
	}
	if !t.hasReached() {
		if err := t.end(ctx, kgo.TryAbort); err != nil { // there is nothing in it
			return err
		}
		return t.storePlainly(ctx, stands)
	}
	for _, s := range stands {
		if s.reader != nil { // what it would commit meanwhile is older
			s.reader.committing.Lock()
			defer s.reader.committing.Unlock()
		}
	}
	if err := t.store(ctx, stands); err != nil {
		return err
	}
	if err := t.end(ctx, kgo.TryCommit); err != nil {
		return err
	}
	for _, s := range stands {
		for p, at := range s.offsets {
			s.reader.transacted(p, at.position)
		}
	}
	return nil
}

// Abort implements [plugins.Transactional].
func (t *transactional) Abort(ctx context.Context) error {
	if !t.begun {
		return nil
	}
	if err := t.client.AbortBufferedRecords(ctx); err != nil {
		return fmt.Errorf("abort a transaction: %w", err)
	}
	if err := t.end(ctx, kgo.TryAbort); err != nil && !plugins.IsPermanent(err) {
		// The producer that takes over gives up what this one has begun.
		t.client.Close()
		t.client, t.begun = nil, false
		return nil
	}
	return nil
}

// Close implements [plugins.Closer]. Who reads need not wait for the end of a
// transaction that nobody goes on with.
func (t *transactional) Close(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return errors.Join(t.Abort(limited), t.writer.Close(ctx))
}

// end ends the transaction.
func (t *transactional) end(ctx context.Context, how kgo.TransactionEndTry) error {
	if how == kgo.TryCommit {
		if err := t.settle(ctx); err != nil {
			return err
		}
	}
	if err := t.client.EndTransaction(ctx, how); err != nil {
		return t.conn.judge("end a transaction at", err)
	}
	t.begun = false
	return nil
}
