package nats

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/onstream/onstream/plugins"
)

// reading is a partition with the goroutine that reads it.
type reading struct {
	*partition
	cancel context.CancelFunc
	ended  chan struct{}
	err    error // once it has ended
}

// run starts the goroutine of a partition.
func (r *reader) run(ctx context.Context, out plugins.Outlet, p *partition, failed chan error) {
	ctx, cancel := context.WithCancel(ctx)
	a := &reading{partition: p, cancel: cancel, ended: make(chan struct{})}
	r.mu.Lock()
	r.parts[p.name] = a
	r.mu.Unlock()
	go func() {
		defer close(a.ended)
		if a.err = p.run(ctx, out); ctx.Err() == nil && a.err != nil {
			select {
			case failed <- a.err:
			default: // another one is first
			}
		}
	}()
}

// stop ends the goroutine of a partition, and returns it; nil where there is none.
func (r *reader) stop(name string) *reading {
	r.mu.Lock()
	a := r.parts[name]
	delete(r.parts, name)
	r.mu.Unlock()
	if a == nil {
		return nil
	}
	a.cancel()
	<-a.ended
	return a
}

func (r *reader) stopAll() {
	for _, p := range r.reading() {
		r.stop(p.name)
	}
}

// browse reads without a group, and leaves no consumer.
func (r *reader) browse(ctx context.Context, out plugins.Outlet, targets map[string]target) error {
	defer func() {
		for _, p := range r.reading() {
			r.stop(p.name)
			p.puller.forget(context.WithoutCancel(ctx))
		}
	}()
	failed := make(chan error, 1)
	for name, t := range targets {
		if t.stream.Config.Retention == jetstream.WorkQueuePolicy {
			return plugins.Permanent(fmt.Errorf("stream %s is a queue of work (retention): its server gives records only to who takes them out, so that they cannot be looked at", t.stream.Config.Name))
		}
		p, err := r.open(arrival{name: name}, t, r.seek[r.partOf(t)])
		if err != nil {
			return err
		}
		r.run(ctx, out, p, failed)
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
