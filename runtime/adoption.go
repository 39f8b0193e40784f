package runtime

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/handoff"
	"github.com/onstream/onstream/runtime/state"
)

// custodyRow is where the store has the number of the last commit of the log
// that it has in full.
const custodyRow = "handoff"

// agree makes what the store has of a partition what its log has, and returns
// where it is to be resumed.
func (c *checkpoints) agree(ctx context.Context, top *topology, h *custody, own plugins.Position, foreign bool) (plugins.Position, error) {
	if h.journal == nil {
		return own, nil
	}
	standing := h.journal.Standing()
	local, err := c.localNumber(h)
	switch {
	case err != nil:
		return nil, err
	case standing.Number == 0 && foreign && local > 0:
		return nil, fmt.Errorf("partition %s was read by another process since, and the log of what that one kept of it is gone: what is stored here is of the past; forget it with %s", partName(h.part), Stored{Folder: c.store.Path()}.reset(h.source))
	case standing.Number == 0:
		if foreign {
			c.engine.config.Logger.Warn("another process has read a partition before, and left nothing of what its stages kept: they begin with nothing where that one stood", "stage", h.source, "partition", partName(h.part))
		}
		h.whole = true
		return own, nil
	case standing.Owner == c.owner && standing.Number == local:
		return standing.Position, nil
	}
	if err := c.adopt(ctx, top, h); err != nil {
		return nil, fmt.Errorf("take over what the stages keep of partition %s: %w", partName(h.part), err)
	}
	c.engine.config.Logger.Info("took over a partition with what the stages keep of it", "stage", h.source, "partition", partName(h.part), "from", standing.Owner, "commit", standing.Number)
	return standing.Position, nil
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

// adoptedSize is how many bytes of rows are written to the store at once.
const adoptedSize = 8 << 20

// adopt replaces what the store has of a partition by what the log has. Until
// all of it is there, the store has nothing.
func (c *checkpoints) adopt(ctx context.Context, top *topology, h *custody) error {
	now := c.engine.config.Now
	commit := c.store.Begin()
	c.forgetPart(commit, top.graph, h)
	if err := commit.Write(now(), false); err != nil {
		return err
	}
	type box struct {
		addr   string
		number int64
	}
	parcels := map[box][]byte{}
	var order []box
	commit = c.store.Begin()
	writers := map[string]plugins.StateWriter{}
	err := h.journal.Replay(ctx, func(r handoff.Row) error {
		switch r.Kind {
		case handoff.Post:
			parcels[box{r.Addr, r.Number}] = slices.Clone(r.Value)
			order = append(order, box{r.Addr, r.Number})
			return nil
		case handoff.Settle:
			delete(parcels, box{r.Addr, r.Number})
			return nil
		}
		addr := latterly(r.Addr, top.graph)
		w := writers[addr]
		if w == nil {
			w = commit.Writer(partAddr(addr, h.part))
			writers[addr] = w
		}
		if r.Kind == handoff.Put {
			w.Put(r.Space, r.Group, r.Key, r.Value)
		} else {
			w.Delete(r.Space, r.Group, r.Key)
		}
		if commit.Size() < adoptedSize {
			return nil
		}
		err := commit.Write(now(), false)
		commit = c.store.Begin()
		clear(writers)
		return err
	})
	if err != nil {
		return err
	}
	h.note(commit)
	commit.Claim(h.source, top.graph.Claims(c.engine.config.Registry)[h.source])
	if at := h.journal.Standing().Position; at != nil {
		commit.Position(h.source, h.part, at)
	}
	if err := commit.Write(now(), true); err != nil {
		return err
	}
	for _, b := range order {
		if data, ok := parcels[b]; ok {
			delete(parcels, b)
			h.settled = append(h.settled, handoff.Row{Kind: handoff.Settle, Addr: b.addr, Number: b.number})
			if err := c.inherit(top, latterly(b.addr, top.graph), data); err != nil {
				return err
			}
		}
	}
	return nil
}

// inherit gives a sink a parcel that a former owner had not written yet.
func (c *checkpoints) inherit(top *topology, addr string, data []byte) error {
	a := top.sinks[addr]
	if a == nil {
		return fmt.Errorf("records wait for %s, which this pipeline does not have: run the same pipeline in all processes of a group", addr)
	}
	return c.requeue(a, 0, data)
}

// note writes to a commit which one of the log the store then has.
func (h *custody) note(commit *state.Commit) {
	commit.Writer(partAddr(h.source, h.part)).Put(plugins.KeySpace, 0, []byte(custodyRow), binary.AppendVarint(nil, h.number))
}
