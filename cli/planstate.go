package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime"
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
	// Asks says that run asks a bus, besides, whether it has the positions.
	Asks bool `json:"asks_bus,omitempty"`
}

type storedStageJSON struct {
	Addr string `json:"addr"`
	Fate fate   `json:"fate"`
	From string `json:"from,omitempty"` // the former address
	// Heir is the stage that what nobody uses may belong to now. Renamed says
	// that a renamed block names it, and that it has something of its own.
	Heir    string `json:"heir,omitempty"`
	Renamed bool   `json:"renamed,omitempty"`
	// Stored and Wanted are what must agree, where it does not.
	Stored string `json:"stored,omitempty"`
	Wanted string `json:"wanted,omitempty"`
	// Waiting counts the batches that wait for a sink.
	Waiting int `json:"waiting,omitempty"`
	// Elsewhere are the topics with whose partitions something waits that it keeps.
	Elsewhere []string `json:"elsewhere,omitempty"`
	// Remark is why it is refused, in the words of run, and what there is to do.
	Remark string `json:"remark,omitempty"`
}

// fate is what becomes of what is stored for a stage.
type fate string

const (
	fateKept    fate = "kept"
	fateNew     fate = "new"     // nothing is stored yet
	fateUnused  fate = "unused"  // there is no such stage any more: what it kept is lost to the pipeline
	fateRefused fate = "refused" // it could not go on with what is stored
)

// compareStored compares what is stored with what the stages of a pipeline
// want to go on with: what it refuses, and why, is what the engine refuses.
func compareStored(dir, files string, g *graph.Graph, r *plugins.Registry) (*storedJSON, error) {
	out := &storedJSON{Dir: state.Folder(dir, g.Name)}
	wanted := g.Claims(r)
	s, err := state.Open(dir, g.Name, state.Options{ReadOnly: true})
	if errors.Is(err, fs.ErrNotExist) { // it has not run yet
		out.Stages = inOrder(g, nil, wanted)
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	if last := s.Last(); last.Number > 0 {
		out.Checkpoint, out.At = last.Number, &last.At
	}
	out.Dir = s.Path()
	stored := runtime.Stored{Folder: out.Dir, Files: files, Claims: s.Stages(), Kinds: r, Waiting: func(addr string) (n int, err error) {
		err = s.Outbox(addr, func(int64, []byte) error { n++; return nil })
		return n, err
	}}
	fates, _, err := stored.Fates(g, wanted)
	if err := errors.Join(err, s.Close()); err != nil {
		return nil, err
	}
	out.Stages = inOrder(g, fates, wanted)
	out.Asks = slices.ContainsFunc(g.Stages, func(s *graph.Stage) bool { return s.Role == graph.Source && s.Via != "" })
	return out, nil
}

// inOrder tells what becomes of what is stored: of the stages of the pipeline in
// their order, with those that begin, and then of those that are gone.
func inOrder(g *graph.Graph, fates []runtime.Fate, wanted map[string]string) []storedStageJSON {
	stages, gone := []storedStageJSON{}, []storedStageJSON{}
	is := map[string]storedStageJSON{}
	for _, f := range fates {
		if x := newStoredStageJSON(f); f.Gone {
			gone = append(gone, x)
		} else {
			is[f.Addr] = x
		}
	}
	for _, s := range g.Stages {
		addr := s.Addr()
		switch x, has := is[addr]; {
		case has:
			stages = append(stages, x)
		case wanted[addr] != "":
			stages = append(stages, storedStageJSON{Addr: addr, Fate: fateNew})
		}
	}
	return append(stages, gone...)
}

func newStoredStageJSON(f runtime.Fate) storedStageJSON {
	x := storedStageJSON{Addr: f.Addr, Fate: fateKept, From: f.From, Heir: f.Heir, Renamed: f.Renamed, Elsewhere: f.Elsewhere}
	switch {
	case f.Refusal != nil:
		x.Fate, x.Stored, x.Wanted, x.Waiting = fateRefused, f.Stored, f.Wanted, f.Waiting
		x.Remark = strings.TrimPrefix(f.Refusal.Error(), f.Addr+": ")
	case f.Gone:
		x.Fate, x.Remark = fateUnused, unused(f)
	case f.From != "":
		x.Remark = "from " + f.From
	}
	if len(f.Elsewhere) > 0 && f.Refusal == nil {
		waits := "waits with " + strings.Join(f.Elsewhere, ", ") + ", which the source does not read any more; what it reads now begins afresh"
		x.Remark = strings.TrimPrefix(x.Remark+"; "+waits, "; ")
	}
	return x
}

// unused says what to do about what no stage goes on with, when nothing runs yet.
func unused(f runtime.Fate) string {
	switch {
	case f.Renamed:
		return fmt.Sprintf("%s has kept something of its own meanwhile; forget that with %s, and it takes over", f.Heir, f.ResetHeir)
	case f.Heir != "":
		return fmt.Sprintf("no stage has this address any more; if it is called %s now, add a renamed block (from = %s, to = %s), otherwise %s forgets it", f.Heir, f.Addr, f.Heir, f.Reset)
	}
	return fmt.Sprintf("no stage has this address any more; a renamed block (from = %s, to = ...) gives it to another, %s forgets it", f.Addr, f.Reset)
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
		fmt.Fprintf(w, "  %s\t%s\t%s\n", x.Addr, x.Fate, x.Remark)
	}
	if p.State.Asks {
		fmt.Fprintln(w, "  no bus was asked: at the start it may still refuse, such as a position that it does not have, or another number of partitions")
	}
}
