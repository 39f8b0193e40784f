package mqtt

import (
	"context"

	"github.com/onstream/onstream/plugins"
)

// writer is a sink that publishes records.
type writer struct {
	conn  *connection // not embedded: a sink that ends does not close it
	env   plugins.Env
	fixed string // the name of the topic; "" where records have topics of their own
	names names
}

var (
	_ plugins.Sink   = (*writer)(nil)
	_ plugins.Opener = (*writer)(nil)
)

// Open implements [plugins.Opener].
func (w *writer) Open(ctx context.Context) error { return w.conn.publisher().open(ctx) }

// Write implements [plugins.Sink]. It returns when all records have a place among those
// that are on their way.
func (w *writer) Write(ctx context.Context, b *plugins.Batch, done func(error)) error {
	p := w.conn.publisher()
	defer p.reply()
	o := &order{batch: b, done: done, left: len(b.Sel)}
	if o.left == 0 {
		done(nil)
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	defer context.AfterFunc(ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.changed.Broadcast()
	})()
	for _, row := range b.Sel {
		if err := p.room(ctx, o); err != nil {
			return err
		}
		if o.err != nil {
			return nil // it is answered
		}
		name, refused := w.nameOf(b, row)
		p.flights.add(flight{order: o, row: row, topic: name})
		if refused != nil {
			p.fail(p.flights.at(p.flights.len()-1), refused.Error())
		}
	}
	p.pump()
	return nil
}

// Flush implements [plugins.Sink]. Nothing is held back.
func (w *writer) Flush(context.Context) error { return nil }

// nameOf returns where a record goes.
func (w *writer) nameOf(b *plugins.Batch, row uint32) (string, error) {
	if w.fixed != "" {
		return w.fixed, nil
	}
	return w.names.of(b.Topic(row))
}

// room waits until one more record may be on its way; p.mu is held.
func (p *publisher) room(ctx context.Context, o *order) error {
	for p.flights.len() >= p.settings.window {
		p.pump()
		if p.flights.len() < p.settings.window {
			break
		}
		if len(p.replies) > 0 {
			p.mu.Unlock()
			p.reply()
			p.mu.Lock()
			continue
		}
		if ctx.Err() == nil && !p.over && o.err == nil {
			p.changed.Wait()
		}
		if o.err != nil {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return p.withdraw(o, err)
		}
		if p.over {
			return p.withdraw(o, errLeft)
		}
	}
	return nil
}

// withdraw forgets a batch that is not answered: p.mu is held.
func (p *publisher) withdraw(o *order, err error) error {
	p.disown(o)
	o.err = err
	return err
}
