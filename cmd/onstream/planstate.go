package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
	"github.com/onstream/onstream/runtime/state"
)

// storedJSON is what a state directory has of a pipeline, and what becomes of
// it.
type storedJSON struct {
	Dir        string            `json:"dir"`
	Checkpoint int64             `json:"checkpoint"` // its number; 0 for none
	At         *time.Time        `json:"at,omitempty"`
	Stages     []storedStageJSON `json:"stages"`
}

type storedStageJSON struct {
	Addr string `json:"addr"`
	Fate fate   `json:"fate"`
	From string `json:"from,omitempty"` // the former address
	// Stored and Wanted are what must agree, where it does not.
	Stored string `json:"stored,omitempty"`
	Wanted string `json:"wanted,omitempty"`
	// Waiting counts the batches that wait for a sink.
	Waiting int `json:"waiting,omitempty"`
}

// fate is what becomes of what is stored for a stage.
type fate string

const (
	fateKept    fate = "kept"
	fateNew     fate = "new"     // nothing is stored yet
	fateUnused  fate = "unused"  // there is no such stage any more: what it kept is lost to the pipeline
	fateRefused fate = "refused" // it could not go on with what is stored
)

// stored is what there is at each address.
type stored struct {
	claims  map[string]string
	waiting map[string]int // batches, by sink
}

// compareStored compares what is stored with what the stages of a pipeline
// want to go on with.
func compareStored(dir string, g *graph.Graph, r *plugins.Registry) (*storedJSON, error) {
	out := &storedJSON{Dir: state.Folder(dir, g.Name)}
	var was stored
	s, err := state.Open(dir, g.Name, state.Options{ReadOnly: true})
	switch {
	case errors.Is(err, fs.ErrNotExist): // it has not run yet
	case err != nil:
		return nil, err
	default:
		was, err = readStored(s)
		if last := s.Last(); last.Number > 0 {
			out.Checkpoint, out.At = last.Number, &last.At
		}
		if err := errors.Join(err, s.Close()); err != nil {
			return nil, err
		}
	}
	out.Stages = was.fates(g, g.Claims(r))
	return out, nil
}

func readStored(s *state.Store) (stored, error) {
	x := stored{s.Stages(), map[string]int{}}
	for addr := range x.claims {
		err := s.Outbox(addr, func(int64, []byte) error { x.waiting[addr]++; return nil })
		if err != nil {
			return x, err
		}
	}
	return x, nil
}

// fates tells what becomes of what is stored: of the stages of the pipeline in
// their order, and then of those that are gone.
func (x stored) fates(g *graph.Graph, wanted map[string]string) []storedStageJSON {
	stages := []storedStageJSON{}
	gone := maps.Clone(x.claims)
	for _, s := range g.Stages {
		out := storedStageJSON{Addr: s.Addr()}
		at := out.Addr
		if former := x.former(g, at); former != "" {
			at, out.From = former, former
		}
		claim, has := x.claims[at]
		delete(gone, at)
		switch want := wanted[out.Addr]; {
		case has && claim != want && (s.Role != graph.Sink || x.waiting[at] > 0):
			out.Fate, out.Stored, out.Wanted, out.Waiting = fateRefused, claim, want, x.waiting[at]
		case has:
			out.Fate = fateKept
		case want != "" && s.Role == graph.Transform:
			out.Fate = fateNew
		default:
			continue // it keeps nothing but positions, or what waits
		}
		stages = append(stages, out)
	}
	for _, addr := range slices.Sorted(maps.Keys(gone)) {
		out := storedStageJSON{Addr: addr, Fate: fateUnused, Waiting: x.waiting[addr]}
		if strings.HasPrefix(addr, string(graph.Sink)+".") && out.Waiting > 0 {
			out.Fate = fateRefused
		}
		stages = append(stages, out)
	}
	return stages
}

// former returns the address under which a stage that was renamed has its state
// still; "" for none.
func (x stored) former(g *graph.Graph, addr string) string {
	if _, moved := x.claims[addr]; moved {
		return ""
	}
	for _, r := range g.Renamed {
		if _, has := x.claims[r.From]; has && r.To == addr {
			return r.From
		}
	}
	return ""
}

// refused reports whether the pipeline could not run on what is stored.
func (p *plan) refused() bool {
	return p.State != nil && slices.ContainsFunc(p.State.Stages, func(x storedStageJSON) bool { return x.Fate == fateRefused })
}

func (p *plan) writeStored(w io.Writer) {
	if p.State == nil {
		return
	}
	fmt.Fprintf(w, "\nstate in %s", p.State.Dir)
	if p.State.At == nil {
		fmt.Fprintln(w, ", where nothing is stored yet")
	} else {
		fmt.Fprintf(w, ", checkpoint %d of %s\n", p.State.Checkpoint, p.State.At.Format(time.RFC3339))
	}
	for _, x := range p.State.Stages {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", x.Addr, x.Fate, x.remark(p.State.Dir))
	}
}

// remark says what there is to do.
func (x storedStageJSON) remark(dir string) string {
	reset := fmt.Sprintf("onstream state reset %s %s", dir, x.Addr)
	switch {
	case x.Fate == fateUnused:
		return fmt.Sprintf("no stage has this address any more; renamed { from = %s, to = ... } gives it to another, %s forgets it", x.Addr, reset)
	case x.Fate == fateRefused && x.Wanted == "" && x.Waiting > 0:
		return fmt.Sprintf("%d batches still wait for it; bring it back until they are written, or give them up with %s", x.Waiting, reset)
	case x.Fate == fateRefused:
		return fmt.Sprintf("stored is %q, and it is %q now; give it another name to start afresh, or forget what is stored with %s", x.Stored, x.Wanted, reset)
	case x.From != "":
		return "from " + x.From
	}
	return ""
}
