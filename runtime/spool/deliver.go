package spool

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/onstream/onstream/plugins"
)

// progress is how far the engine has come with what it was handed.
type progress struct {
	release func(sequence)

	mu     sync.Mutex
	broken bool // something was not finished: it, and all behind it, is needed the next time
}

func (p *progress) ack(at sequence) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.broken {
		p.release(at)
	}
}

func (p *progress) nack(error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken = true
}

// handAll hands over all that is read. It returns nil when no more will come.
// It calls release with the place up to which all was acknowledged.
func (r *reader) handAll(ctx context.Context, out plugins.Outlet, release func(sequence)) error {
	p := &progress{release: release}
	for {
		b := out.Batch()
		if err := r.next(ctx, b); err != nil {
			b.Release()
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		at := r.at
		err := out.Hand(ctx, plugins.Delivery{Batch: b, Next: encodePosition(r.j.id, at), Ack: func() { p.ack(at) }, Nack: p.nack})
		if err != nil {
			return err
		}
	}
}
