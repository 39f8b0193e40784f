package mqtt

import (
	"context"
	"sync"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

const (
	pageRecords = 4096
	pageBytes   = 1 << 20
)

// desk is where messages are put together for the pipeline: one page is filled while
// the one before is handed over. What is read ahead is a page. R is what is kept for
// each message to acknowledge it.
type desk[R any] struct {
	env  plugins.Env
	part plugins.Partition
	most int // records of a page

	mu       sync.Mutex
	changed  sync.Cond // of mu
	page     *page[R]  // being filled; nil while nobody takes any
	stopping bool      // nothing is taken any more
	flying   int       // deliveries without an answer
	count    int64     // of messages
	headers  []connectors.RecordHeader
	topics   spelling
}

// init prepares a desk. Most bounds the records of a page, where it is not 0.
func (d *desk[R]) init(name string, env plugins.Env, most int) {
	d.env, d.part, d.most = env, plugins.Partition{Name: name}, pageRecords
	if most > 0 {
		d.most = min(d.most, most)
	}
	d.changed.L = &d.mu
}

// page is a batch that is being filled.
type page[R any] struct {
	*connectors.Builder
	raw      *plugins.Batch
	receipts []R
	failed   []plugins.Failure
}

// full reports whether the page has to be handed over before more is put on it; d.mu is
// held.
func (d *desk[R]) full() bool { return d.page.Len() >= d.most || d.page.Size() >= pageBytes }

// batch returns the batch. Nothing can be added any more.
func (p *page[R]) batch() *plugins.Batch {
	b := p.Batch()
	for _, f := range p.failed {
		b.Fail(f.Row, f)
	}
	return b
}

// fail makes the record that was added last one that failed.
func (p *page[R]) fail(why string) {
	p.failed = append(p.failed, plugins.Failure{Row: uint32(p.Len() - 1), Code: "too_large", Msg: why})
}

// open begins to take messages.
func (d *desk[R]) open(out plugins.Outlet) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.turn(out)
	d.stopping = false
	d.changed.Broadcast()
}

// turn begins a new page; d.mu is held.
func (d *desk[R]) turn(out plugins.Outlet) {
	b := out.Batch()
	d.page = &page[R]{Builder: connectors.NewBuilder(b, d.part, d.env.Framing), raw: b}
}

// close ends to take messages, and returns what nobody took.
func (d *desk[R]) close() *page[R] {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.page
	d.page = nil
	return p
}

// stop makes those who wait for room give up.
func (d *desk[R]) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stopping = true
	d.changed.Broadcast()
}

// put puts a message that a filter has let in on the page; d.mu is held, and there is room.
// It comes with its topic where the filter stands for several.
func (d *desk[R]) put(m publication, f filter, receipts ...R) error {
	headers, key, err := appendHeaders(d.headers[:0], m)
	if err != nil {
		return err
	}
	d.headers = headers
	d.count++
	record := connectors.Record{Value: m.payload, Key: key, Offset: d.count, Headers: headers}
	if f.pattern {
		record.Topic = d.topics.of(m.topic, f)
	}
	d.page.Add(record)
	d.page.receipts = append(d.page.receipts, receipts...)
	if d.page.Len() == 1 {
		d.changed.Broadcast()
	}
	return nil
}

// clear takes everything off the page; d.mu is held.
func (d *desk[R]) clear(out plugins.Outlet) {
	if d.page != nil {
		d.page.raw.Release()
		d.turn(out)
	}
}

// handAll hands over one page after the other, until ctx ends. Ack or nack is called for each
// that was taken. It returns the receipts of one that was not.
func (d *desk[R]) handAll(ctx context.Context, out plugins.Outlet, ack func([]R), nack func([]R, error)) ([]R, error) {
	defer context.AfterFunc(ctx, d.wake)()
	for {
		d.mu.Lock()
		for d.page.Len() == 0 && ctx.Err() == nil {
			d.changed.Wait()
		}
		if ctx.Err() != nil {
			d.mu.Unlock()
			return nil, nil
		}
		p := d.page
		d.turn(out)
		d.flying++
		d.changed.Broadcast()
		d.mu.Unlock()
		receipts := p.receipts
		err := out.Hand(ctx, plugins.Delivery{
			Batch: p.batch(),
			Ack:   func() { ack(receipts); d.answered() },
			Nack:  func(err error) { nack(receipts, err); d.answered() },
		})
		if err != nil {
			d.answered()
			if ctx.Err() != nil {
				err = nil
			}
			return receipts, err
		}
	}
}

func (d *desk[R]) wake() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changed.Broadcast()
}

func (d *desk[R]) answered() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.flying--
	d.changed.Broadcast()
}

// settle waits a while for the answers to what was handed over: what has none
// comes again. Where the pipeline stores what it has, answers follow at once, or not
// before the next checkpoint.
func (d *desk[R]) settle() {
	wait := 2 * time.Second
	if d.env.Owner != "" {
		wait = 300 * time.Millisecond
	}
	over := false
	timeout := time.AfterFunc(wait, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		over = true
		d.changed.Broadcast()
	})
	defer timeout.Stop()
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.flying > 0 && !over {
		d.changed.Wait()
	}
}
