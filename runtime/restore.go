package runtime

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// keepsState reports whether a stage of the graph keeps something that must
// survive.
func (e *Engine) keepsState(g *graph.Graph) bool {
	return slices.ContainsFunc(g.Stages, func(s *graph.Stage) bool {
		return s.Description(e.config.Registry).State != ""
	})
}

// ofOneMoment reports whether a checkpoint of the graph has to be of one moment:
// where stages keep state, or something waits for the checkpoint. Otherwise each
// source stands where its records are written, whatever the others do.
func (e *Engine) ofOneMoment(g *graph.Graph) bool {
	return e.keepsState(g) || e.transactional(g) != nil || slices.ContainsFunc(g.Stages, func(s *graph.Stage) bool {
		return s.Role == graph.Sink && e.mustWait(g, s)
	})
}

// admit checks that the stages of a graph can go on with what is stored, and
// moves what its renamed blocks say. Living are the sinks that still write what
// waits for them, whatever the graph says. Undo moves it back.
func (c *checkpoints) admit(g *graph.Graph, living map[string]*sinkActor) (undo func() error, err error) {
	undo = func() error { return nil }
	if c.store == nil {
		return undo, nil
	}
	stored := Stored{
		Folder: c.store.Path(), Claims: c.store.Stages(), Waiting: c.waiting,
		Lives: func(addr string) bool { return living[addr] != nil }, Kinds: c.engine.config.Registry,
	}
	fates, moves, err := stored.Fates(g, g.Claims(c.engine.config.Registry))
	if err != nil {
		return undo, err
	}
	if err := Refusals(fates); err != nil {
		if living != nil {
			err = fmt.Errorf("%w\na reload cannot change that: stop the pipeline first, and start it with the new files", err)
		}
		return undo, err
	}
	for _, f := range fates {
		if f.Remedy != "" {
			c.engine.config.Logger.Warn("what is stored for a stage that is not in the pipeline any more is kept, and nobody uses it", "stage", f.Addr, "remedy", f.Remedy)
		}
	}
	for _, f := range fates {
		if len(f.Elsewhere) > 0 && g.Stage(f.Addr).Role != graph.Source {
			c.engine.config.Logger.Warn("what goes with partitions of topics that are not read any more waits for them, and the stage begins afresh", "stage", f.Addr, "topics", strings.Join(f.Elsewhere, ", "))
		}
	}
	if len(moves) == 0 {
		return undo, nil
	}
	return func() error { return c.move(moves, true) }, c.move(moves, false)
}

// move gives what is stored for stages its new addresses, or its former ones.
// Where a sink has something at both, it comes together at the new one.
func (c *checkpoints) move(moves []graph.Renamed, back bool) error {
	commit := c.store.Begin()
	stored := c.store.Stages()
	for _, r := range moves {
		from, to := r.From, r.To
		if back {
			from, to = to, from
		}
		if _, both := stored[to]; !both {
			commit.Rename(from, to)
			continue
		}
		if err := c.store.Outbox(from, func(number int64, data []byte) error {
			commit.Post(to, number, data)
			return nil
		}); err != nil {
			return err
		}
		commit.Forget(from)
	}
	return commit.Write(c.engine.config.Now(), true)
}

// waiting counts the parcels in the outbox of a sink.
func (c *checkpoints) waiting(addr string) (n int, err error) {
	err = c.store.Outbox(addr, func(int64, []byte) error { n++; return nil })
	return n, err
}

// positions returns where a source is to resume.
func (c *checkpoints) positions(addr string) (map[plugins.Partition]plugins.Position, error) {
	if !c.durable {
		return nil, nil
	}
	return c.store.Positions(addr)
}

// resume puts what waits for a sink into its queue.
func (c *checkpoints) resume(a *sinkActor) error {
	if a.queue.outbox == nil {
		return nil
	}
	return c.store.Outbox(a.addr, func(number int64, data []byte) error { return c.requeue(a, number, data) })
}

// requeue puts a stored parcel into the queue of its sink, under the number that
// it has in the outbox; 0 is for one that is not there yet.
func (c *checkpoints) requeue(a *sinkActor, number int64, data []byte) error {
	b, from, err := readParcel(&a.engine.pool, data, a.engine.env(a.stage).Framing.Terminator)
	if err != nil {
		return fmt.Errorf("%s: %w; look at them with onstream state inspect %s", a.addr, err, c.store.Path())
	}
	a.counters.in.Add(int64(b.Len))
	a.counters.held.Add(int64(b.Len))
	if number > 0 {
		a.queue.mu.Lock()
		a.queue.outbox.resume(number, b, from)
		a.queue.mu.Unlock()
	}
	a.queue.unbound(true)
	defer a.queue.unbound(false)
	return a.queue.put(parcel{to: a.queue, batch: b, delivery: a.engine.unprompted(from.source), number: number, counters: a.counters})
}
