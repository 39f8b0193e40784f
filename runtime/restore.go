package runtime

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// keepsState reports whether a stage of the graph keeps something that must
// survive.
func (e *Engine) keepsState(g *graph.Graph) bool {
	return slices.ContainsFunc(g.Stages, func(s *graph.Stage) bool {
		k, _ := e.config.Registry.Transform(s.Kind)
		return s.Role == graph.Transform && k.State != nil
	})
}

// ofOneMoment reports whether a checkpoint of the graph has to be of one moment:
// where stages keep state, or something waits for the checkpoint. Otherwise each
// source stands where its records are written, whatever the others do.
func (e *Engine) ofOneMoment(g *graph.Graph) bool {
	return e.keepsState(g) || slices.ContainsFunc(g.Stages, func(s *graph.Stage) bool {
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
	stored := c.store.Stages()
	moves, was := c.moves(g, stored, living)
	claims := g.Claims(c.engine.config.Registry)
	for _, addr := range slices.Sorted(maps.Keys(stored)) {
		s := g.Stage(addr)
		switch {
		case living[addr] != nil:
		case s == nil:
			err = c.orphan(addr, was[addr])
		default:
			err = c.agree(s, was[addr], stored[addr], claims[addr])
		}
		if err != nil {
			return undo, err
		}
	}
	if len(moves) == 0 {
		return undo, nil
	}
	return func() error { return c.move(moves, true) }, c.move(moves, false)
}

// moves returns what the renamed blocks of a graph ask for and is not done yet.
// It changes what is stored, by address, as they do, and tells the former
// addresses.
func (c *checkpoints) moves(g *graph.Graph, stored map[string]string, living map[string]*sinkActor) (moves []graph.Renamed, was map[string]string) {
	was = map[string]string{}
	for _, r := range g.Renamed {
		shape, old := stored[r.From]
		other, now := stored[r.To]
		switch {
		case !old || living[r.From] != nil: // there is nothing to move, or it is on its way
		case now && (!isSink(r.To) || shape != other): // it was moved before
		default:
			moves = append(moves, r)
			delete(stored, r.From)
			stored[r.To] = shape
			if !now {
				was[r.To] = r.From
			}
		}
	}
	return moves, was
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

// isSink reports whether an address is that of a sink.
func isSink(addr string) bool { return strings.HasPrefix(addr, string(graph.Sink)+".") }

// agree checks one stage against what is stored for it, at its address or at a
// former one.
func (c *checkpoints) agree(s *graph.Stage, former, stored, claim string) error {
	addr := s.Addr()
	at := addr
	if former != "" {
		at = former
	}
	switch {
	case stored == claim:
		return nil
	case s.Role == graph.Source:
		return fmt.Errorf("%s: the positions that are stored are of a source of kind %s, and it is of kind %s now; give it another name, or forget them with %s", addr, stored, claim, c.reset(at))
	case s.Role == graph.Sink:
		n, err := c.waiting(at)
		if n == 0 || err != nil {
			return err
		}
		return fmt.Errorf("%s: %d batches of records wait for it in another encoding (stored %s, now %s); run the former pipeline until they are written, or give them up with %s", addr, n, stored, claim, c.reset(at))
	case claim == "":
		return fmt.Errorf("%s: it has stored state (%s) and is of a kind that keeps none now; give it another name, or forget what is stored with %s", addr, shorten(stored), c.reset(at))
	default:
		return fmt.Errorf("%s: what it keeps has another shape than what is stored (stored %s, now %s); give it another name to start afresh, or forget what is stored with %s", addr, shorten(stored), shorten(claim), c.reset(at))
	}
}

// orphan checks what is stored for an address that the graph does not have.
func (c *checkpoints) orphan(addr, former string) error {
	if former != "" {
		addr = former
	}
	if !isSink(addr) {
		c.engine.config.Logger.Info("what is stored for a stage that is not in the pipeline is kept", "stage", addr)
		return nil
	}
	n, err := c.waiting(addr)
	if err != nil || n == 0 {
		return err
	}
	return fmt.Errorf("%s is gone from the pipeline and %d batches of records still wait for it; bring it back until they are written, say what it is called now with a renamed block, or give them up with %s", addr, n, c.reset(addr))
}

// reset is the command that forgets what is stored for a stage.
func (c *checkpoints) reset(addr string) string {
	return fmt.Sprintf("onstream state reset %s %s", c.store.Path(), addr)
}

// waiting counts the parcels in the outbox of a sink.
func (c *checkpoints) waiting(addr string) (n int, err error) {
	err = c.store.Outbox(addr, func(int64, []byte) error { n++; return nil })
	return n, err
}

// shorten keeps messages readable.
func shorten(s string) string {
	const most = 200
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
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
	terminator := a.engine.env(a.stage).Framing.Terminator
	a.queue.unbound(true)
	defer a.queue.unbound(false)
	return c.store.Outbox(a.addr, func(number int64, data []byte) error {
		b, err := readParcel(&a.engine.pool, data, terminator)
		if err != nil {
			return fmt.Errorf("%s: %w; look at them with onstream state inspect %s", a.addr, err, c.store.Path())
		}
		a.counters.in.Add(int64(b.Len))
		a.counters.held.Add(int64(b.Len))
		a.queue.mu.Lock()
		a.queue.outbox.resume(number, b)
		a.queue.mu.Unlock()
		return a.queue.put(parcel{to: a.queue, batch: b, delivery: a.engine.unprompted(), number: number, counters: a.counters})
	})
}
