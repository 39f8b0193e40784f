package redis

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// writer is a sink that adds records to streams. What comes while others are on their way is
// sent together; when that fails, all that waits behind it has failed, too, so that it is
// written again in order.
type writer struct {
	*connection
	env        plugins.Env
	fixed      string             // the key of the topic; "" where records have topics of their own
	at         *target            // of that
	targets    map[string]*target // of other topics
	turn       int                // which partition is next for records without a key
	valueField any                // see [options]
	takes      atomic.Int64       // bytes of a record that the server takes; 0 while that is not known

	mu      sync.Mutex
	room    sync.Cond // of mu
	waiting []*batch
	records int            // of batches that are not answered
	failed  *plugins.Batch // the first that has to come again before others do; nil for none
	been    bool           // something was written
	running bool           // send runs
	ended   sync.WaitGroup // of send
}

// target is the streams of a topic, or why it has none.
type target struct {
	names   []string
	streams []any // the same, as words of commands
	err     error
}

var (
	_ plugins.Sink   = (*writer)(nil)
	_ plugins.Opener = (*writer)(nil)
	_ plugins.Closer = (*writer)(nil)
)

// Open implements [plugins.Opener].
func (w *writer) Open(ctx context.Context) error {
	if err := w.startUp(ctx, false); err != nil || w.fixed == "" {
		return err
	}
	for p := range w.options.partitions {
		if err := w.usable(ctx, streamOf(w.fixed, p, w.options.partitions)); err != nil {
			return err
		}
	}
	return w.checkPartitions(ctx, w.fixed, maxPartitions)
}

// usable sees whether records can be added to a stream.
func (w *writer) usable(ctx context.Context, stream string) error {
	kind, err := w.client.Type(ctx, stream).Result()
	if err := w.try("look at stream "+stream, err); err != nil {
		return err
	}
	switch {
	case kind == "none" && !w.options.create:
		return plugins.Permanent(fmt.Errorf("there is no stream %s at %s: make it, correct the topic, or write create = \"if_missing\"", stream, w.place))
	case kind != "none" && kind != "stream":
		return plugins.Permanent(fmt.Errorf("the key %s at %s holds something that is not a stream (%s): delete it, or choose another topic", stream, w.place, kind))
	}
	return nil
}

// errBehind says that something is to be written before.
var errBehind = errors.New("a write has failed, and what was written before comes first")

// Write implements [plugins.Sink].
func (w *writer) Write(ctx context.Context, b *plugins.Batch, done func(error)) error {
	x := w.prepare(b, done)
	w.mu.Lock()
	defer w.mu.Unlock()
	first := w.failed
	w.failed = nil
	if first != nil && first != b {
		return errBehind // asked once: it may be that nobody writes the first again
	}
	w.room.L = &w.mu
	if w.records > 0 && w.records+len(b.Sel) > w.options.window {
		defer context.AfterFunc(ctx, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.room.Broadcast()
		})()
		for w.records > 0 && w.records+len(b.Sel) > w.options.window && ctx.Err() == nil {
			w.room.Wait()
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if w.failed != nil {
			w.failed = nil
			return errBehind
		}
	}
	w.records += len(b.Sel)
	w.waiting = append(w.waiting, x)
	if !w.running {
		w.running = true
		w.ended.Go(func() { w.send(ctx) })
	}
	return nil
}

// Flush implements [plugins.Sink]: nothing is held back.
func (w *writer) Flush(context.Context) error { return nil }

// Close implements [plugins.Closer].
func (w *writer) Close(context.Context) error {
	w.ended.Wait()
	return nil
}

// maxTogether bounds the records that are sent together, but for those of one batch.
const maxTogether = 4096

// send writes what waits until nothing does.
func (w *writer) send(ctx context.Context) {
	for {
		w.mu.Lock()
		n, records := 0, 0
		for n < len(w.waiting) && (n == 0 || records+len(w.waiting[n].Sel) <= maxTogether) {
			records += len(w.waiting[n].Sel)
			n++
		}
		if n == 0 {
			w.running = false
			w.mu.Unlock()
			return
		}
		batches := w.waiting[:n:n]
		w.mu.Unlock()
		err := w.add(ctx, batches)
		if err != nil && !isServers(err) {
			w.learnLimit(ctx, batches)
		}
		w.mu.Lock()
		w.waiting = w.waiting[n:]
		if err != nil {
			batches = append(batches, w.waiting...)
			w.waiting = nil
			w.failed = batches[0].Batch
			if w.been && plugins.IsPermanent(err) {
				err = errors.New(err.Error()) // it has worked before: records wait rather than that they are given up
			}
		} else {
			w.been = true
		}
		if len(w.waiting) == 0 {
			w.waiting = nil
		}
		for _, x := range batches { // under the lock: another Write comes after all answers
			w.records -= len(x.Sel)
			x.answer(err)
		}
		w.room.Broadcast()
		w.mu.Unlock()
	}
}

// target returns where a row goes.
func (w *writer) target(b *plugins.Batch, row uint32) *target {
	if w.fixed != "" {
		return w.at
	}
	own := b.Topic(row)
	if t := w.targets[string(own)]; t != nil {
		return t
	}
	topic, err := connectors.ParseTopic(string(own))
	base := ""
	if err == nil {
		base, err = baseOf(topic)
	}
	t := newTarget(base, w.options.partitions, err)
	if len(w.targets) == maxTopics {
		clear(w.targets)
	}
	w.targets[string(own)] = t
	return t
}

func newTarget(base string, partitions int, err error) *target {
	t := &target{err: err}
	for p := range partitions {
		name := streamOf(base, p, partitions)
		t.names, t.streams = append(t.names, name), append(t.streams, name)
	}
	return t
}

// maxTopics bounds the topics that a writer knows by heart.
const maxTopics = 4096
