package runtime

import (
	"context"

	"github.com/onstream/onstream/runtime/graph"
)

// unanswered reports whether the sink has not answered for something of a partition.
func (a *sinkActor) unanswered(from origin, g *graph.Graph) bool {
	a.queue.mu.Lock()
	defer a.queue.mu.Unlock()
	return a.queue.owes(from, g)
}

// drain waits until the sink has answered for all that is of a partition.
func (a *sinkActor) drain(ctx context.Context, from origin, g *graph.Graph) error {
	q := a.queue
	defer wakeWith(ctx, &q.changed)()
	q.mu.Lock()
	defer q.mu.Unlock()
	a.acquiring++
	defer func() { a.acquiring-- }()
	for q.owes(from, g) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if q.outbox.waits() {
			q.outbox.want()
		}
		q.changed.Wait()
	}
	return nil
}

// owes reports whether something of a partition waits in a queue, or for an answer;
// q.mu is held. What is in a queue that was broken off is written by nobody here.
func (q *queue) owes(from origin, g *graph.Graph) bool {
	return q.outbox != nil && q.broken == nil && q.outbox.has(from, g)
}
