package runtime

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
	"github.com/onstream/onstream/runtime/handoff"
	"github.com/onstream/onstream/runtime/state"
)

// custodyRow is where the store has the number of the last commit of the log
// that it has in full.
const custodyRow = "handoff"

// agree makes what the store has of partitions what their logs have, and notes
// where they are to be resumed. Errors that are not permanent are of the logs.
func (c *checkpoints) agree(ctx context.Context, top *topology, arrivals []*arrival) error {
	a := &adoption{c: c, top: top}
	a.begin()
	if err := sideBySide(arrivals, func(x *arrival) error { return c.agreeOne(ctx, a, x) }); err != nil {
		return err
	}
	return plugins.Permanent(a.end(ctx))
}

func (c *checkpoints) agreeOne(ctx context.Context, a *adoption, x *arrival) error {
	if x.journal == nil {
		return nil
	}
	local, err := c.localNumber(x.custody)
	if err != nil {
		return plugins.Permanent(err)
	}
	log := c.engine.config.Logger.With("stage", x.source, "partition", x.part.String())
	var standing handoff.Standing
	if local > 0 { // there is a copy, which may be enough
		err = x.journal.Survey(ctx)
		standing = x.journal.Standing()
	}
	mine := standing.Owner == c.owner
	// A process that ended behind a transaction may not have left it to anybody.
	ahead := local > 0 && mine && local == standing.Number+1 && !x.foreign
	copied := ahead || local > 0 && (standing.Number == 0 || mine && standing.Number == local)
	if err == nil && !copied {
		err = a.adopt(ctx, x)
		standing = x.journal.Standing()
		switch {
		case err != nil || standing.Number == 0:
		case standing.Forgotten():
			log.Info("a partition begins afresh: what the stages kept of it was forgotten")
		default:
			log.Info("took over a partition with what the stages keep of it", "from", standing.Owner, "commit", standing.Number)
		}
	}
	if err != nil {
		return fmt.Errorf("read what the stages keep of partition %s: %w", x.part, err)
	}
	if x.journal.Superseded() {
		log.Warn("a later generation of the group has taken over a partition: what is done here of it does not count, and is done again there")
	}
	x.number = standing.Number
	switch {
	case ahead:
		at, err := c.store.Positions(x.source)
		if err != nil {
			return plugins.Permanent(err)
		}
		x.number, x.at = local, at[x.part]
	case standing.Number > 0:
		x.at = standing.Position
		return nil
	case x.foreign && local > 0:
		return plugins.Permanent(fmt.Errorf("partition %s was read by another process since, and the log of what that one kept of it is gone: what is stored here is of the past; forget it with %s", x.part, Stored{Folder: c.store.Path(), Claims: c.store.Stages()}.reset(&graph.Graph{}, x.source)))
	case x.foreign:
		log.Warn("another process has read a partition before, and left nothing of what its stages kept: they begin with nothing where that one stood")
	}
	x.whole = true
	return nil
}

// localNumber returns up to which commit of the log the store has what is kept
// of a partition.
func (c *checkpoints) localNumber(h *custody) (int64, error) {
	value, ok, err := c.store.State(partAddr(h.source, h.part), 0, 0).Get(plugins.KeySpace, 0, []byte(custodyRow), nil)
	if !ok || err != nil {
		return 0, err
	}
	n, _ := binary.Varint(value)
	return n, nil
}

// note writes to a commit which one of the log the store then has.
func (h *custody) note(commit *state.Commit, number int64) {
	commit.Writer(partAddr(h.source, h.part)).Put(plugins.KeySpace, 0, []byte(custodyRow), binary.AppendVarint(nil, number))
}

// adoptedSize is how many bytes of rows are written to the store at once.
const adoptedSize = 8 << 20

// adoption replaces what the store has of partitions by what their logs have.
// Until all of it is there, the store has nothing.
type adoption struct {
	c   *checkpoints
	top *topology

	mu      sync.Mutex // the logs are read side by side
	commit  *state.Commit
	writers map[string]plugins.StateWriter
	size    int // bytes in the commit
	heirs   []*heir
}

// heir is a partition that is adopted, and what waits for sinks of it.
type heir struct {
	*arrival
	begun   bool // something was read
	parcels map[box][]byte
	order   []box
}

// box is where a parcel is in a log.
type box struct {
	addr   string
	number int64
}

// begin begins the next commit.
func (a *adoption) begin() {
	a.commit, a.writers, a.size = a.c.store.Begin(), map[string]plugins.StateWriter{}, 0
}

// flush stores what there is so far.
func (a *adoption) flush(ctx context.Context, sync bool) error {
	if a.commit.Empty() {
		return nil
	}
	err := a.c.write(ctx, a.commit, sync)
	a.begin()
	return err
}

// adopt reads the log of a partition.
func (a *adoption) adopt(ctx context.Context, x *arrival) error {
	h := &heir{arrival: x}
	forget := func() {
		a.c.forgetPart(a.commit, a.top.graph, h.custody)
		h.parcels, h.order = map[box][]byte{}, nil
	}
	a.mu.Lock()
	forget()
	a.heirs = append(a.heirs, h)
	a.mu.Unlock()
	return h.journal.Replay(ctx, func(change handoff.Change) error {
		a.mu.Lock()
		defer a.mu.Unlock()
		if change.Full && h.begun { // what came before does not count
			if err := a.flush(ctx, false); err != nil {
				return plugins.Permanent(err)
			}
			forget()
		}
		h.begun = true
		return change.Rows(func(r handoff.Row) error { return plugins.Permanent(a.row(ctx, h, r)) })
	})
}

// row takes one change.
func (a *adoption) row(ctx context.Context, h *heir, r handoff.Row) error {
	switch r.Kind {
	case handoff.Post:
		at := box{r.Addr, r.Number}
		h.parcels[at] = slices.Clone(r.Value)
		h.order = append(h.order, at)
		return nil
	case handoff.Settle:
		delete(h.parcels, box{r.Addr, r.Number})
		return nil
	}
	addr := latterly(r.Addr, a.top.graph)
	if s := a.top.graph.Stage(addr); s == nil || s.Follows != h.source {
		return nil // nobody would read it
	}
	at := partAddr(addr, h.part)
	w := a.writers[at]
	if w == nil {
		w = a.commit.Writer(at)
		a.writers[at] = w
	}
	if r.Kind == handoff.Put {
		w.Put(r.Space, r.Group, r.Key, r.Value)
	} else {
		w.Delete(r.Space, r.Group, r.Key)
	}
	if a.size += len(r.Key) + len(r.Value); a.size < adoptedSize {
		return nil
	}
	return a.flush(ctx, false)
}

// end makes what was read count, if the stages can go on with it, and gives the
// sinks what waits for them.
func (a *adoption) end(ctx context.Context) error {
	claims := a.top.graph.Claims(a.c.engine.config.Registry)
	for _, h := range a.heirs {
		if err := a.admit(h, claims); err != nil {
			return err
		}
		standing := h.journal.Standing()
		if h.number = standing.Number; h.number == 0 {
			continue
		}
		// The store does not have the parcels before the next checkpoint: until
		// then all is to be read again.
		if len(h.parcels) == 0 {
			h.note(a.commit, h.number)
		}
		a.commit.Claim(h.source, claims[h.source])
		if standing.Position != nil {
			a.commit.Position(h.source, h.part, standing.Position)
		}
	}
	if err := a.flush(ctx, true); err != nil {
		return err
	}
	for _, h := range a.heirs {
		if err := a.inherit(h); err != nil {
			return err
		}
	}
	return nil
}

// admit checks that the stages can go on with what a former owner has left, as
// they are checked at the start with what is stored.
func (a *adoption) admit(h *heir, claims map[string]string) error {
	stored := Stored{Claims: h.journal.Standing().Keeps, Log: h.source, Waiting: func(addr string) (n int, err error) {
		for b := range h.parcels {
			if b.addr == addr {
				n++
			}
		}
		return n, nil
	}}
	fates, _, err := stored.Fates(a.top.graph, claims)
	if err != nil {
		return err
	}
	if err := Refusals(fates); err != nil {
		return fmt.Errorf("partition %s was left by another process: %w", h.part, err)
	}
	for _, f := range fates {
		if f.Remedy != "" && !f.Renamed {
			a.c.engine.config.Logger.Warn("what a former owner of a partition kept for a stage that is not in the pipeline any more is dropped", "stage", f.Addr, "partition", h.part.String())
		}
	}
	return nil
}

// inherit gives the sinks the parcels that a former owner had not written yet.
func (a *adoption) inherit(h *heir) error {
	for _, b := range h.order {
		data, ok := h.parcels[b]
		if !ok {
			continue
		}
		delete(h.parcels, b)
		h.settled = append(h.settled, handoff.Row{Kind: handoff.Settle, Addr: b.addr, Number: b.number})
		sink := a.top.sinks[latterly(b.addr, a.top.graph)]
		if sink == nil {
			return fmt.Errorf("records of partition %s wait for %s, which this pipeline does not have: run the same pipeline in all processes of a group", h.part, b.addr)
		}
		if err := a.c.requeue(sink, 0, data); err != nil {
			return err
		}
	}
	return nil
}
