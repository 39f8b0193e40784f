package runtime

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/onstream/onstream/runtime/graph"
)

// Stored is what a store has of the stages of a pipeline.
type Stored struct {
	Folder string            // of the pipeline, for the commands that messages tell
	Log    string            // the source whose partitions it is of, where it was left on a bus
	Claims map[string]string // by address, see [graph.Graph.Claims]
	// Waiting counts the batches that wait for a sink.
	Waiting func(addr string) (int, error)
	// Lives reports whether something at an address still takes care of what is
	// stored there, whatever the graph says; nil for nothing.
	Lives func(addr string) bool
}

// Fate is what becomes of what is stored for a stage.
type Fate struct {
	Addr    string // of the stage, or where there is none any more that of what is stored
	From    string // the former address, where a renamed block tells it
	Gone    bool   // there is no such stage
	Stored  string // what is claimed there
	Wanted  string // what the stage claims
	Waiting int    // batches that wait for a sink, where the claims differ or it is gone
	// Refusal is why the stage cannot go on with it, and the way out.
	Refusal error
	// Remedy says what to do about what nobody uses. Heir is whose it may be;
	// Renamed says that a renamed block names it, and that it has something of
	// its own.
	Remedy  string
	Heir    string
	Renamed bool
}

// Fates tells what becomes of what is stored when a graph is to go on with it,
// by address in their order, and what its renamed blocks ask to be moved before.
// The engine runs nothing where one of them is refused.
func (x Stored) Fates(g *graph.Graph, wanted map[string]string) (fates []Fate, moves []graph.Renamed, err error) {
	claims := maps.Clone(x.Claims)
	moves, was := x.moves(g, claims)
	for _, addr := range slices.Sorted(maps.Keys(claims)) {
		if x.lives(addr) || isPartAddr(addr) { // of a partition: its stage's own address tells
			continue
		}
		s := g.Stage(addr)
		f := Fate{Addr: addr, From: was[addr], Gone: s == nil, Stored: claims[addr], Wanted: wanted[addr]}
		at := addr // where it is stored
		if f.From != "" {
			at = f.From
		}
		if isSink(addr) && (f.Gone || f.Stored != f.Wanted) {
			if f.Waiting, err = x.Waiting(at); err != nil {
				return nil, nil, err
			}
		}
		switch {
		case f.Gone && !isSink(addr):
			f.Heir, f.Renamed = g.Heir(addr, f.Stored, wanted, func(a string) bool { return claims[a] == "" })
			f.Remedy = f.remedy(x.reset(addr), x.reset(f.Heir))
		case f.Gone:
			f.Refusal = f.orphan(x.reset(at))
		default:
			f.Refusal = f.disagree(s.Role, x.reset(at))
		}
		fates = append(fates, f)
	}
	return fates, moves, nil
}

func (x Stored) lives(addr string) bool { return x.Lives != nil && x.Lives(addr) }

// reset is the command that forgets what is stored at an address, or what else
// does.
func (x Stored) reset(addr string) string {
	if x.Log != "" {
		return "another name for " + x.Log
	}
	return fmt.Sprintf("onstream state reset %s %s", x.Folder, addr)
}

// moves returns what the renamed blocks of a graph ask for and is not done yet.
// It changes the claims, by address, as they do, and tells the former addresses.
func (x Stored) moves(g *graph.Graph, claims map[string]string) (moves []graph.Renamed, was map[string]string) {
	was = map[string]string{}
	for _, r := range g.Renamed {
		claim, old := claims[r.From]
		other, now := claims[r.To]
		switch {
		case !old || x.lives(r.From): // there is nothing to move, or it is on its way
		case now && (!isSink(r.To) || claim != other): // it was moved before
		default:
			moves = append(moves, r)
			delete(claims, r.From)
			claims[r.To] = claim
			if !now {
				was[r.To] = r.From
			}
		}
	}
	return moves, was
}

// isSink reports whether an address is that of a sink.
func isSink(addr string) bool { return strings.HasPrefix(addr, string(graph.Sink)+".") }

// disagree says why a stage cannot go on with what is stored.
func (f *Fate) disagree(role graph.Role, reset string) error {
	switch {
	case f.Stored == f.Wanted:
		return nil
	case role == graph.Source:
		return fmt.Errorf("%s: the positions that are stored are of a source of kind %s, and it is of kind %s now; give it another name, or forget them with %s", f.Addr, f.Stored, f.Wanted, reset)
	case role == graph.Sink && f.Waiting == 0:
		return nil
	case role == graph.Sink:
		return fmt.Errorf("%s: %s of records wait for it %s; run the former pipeline until they are written, or give them up with %s", f.Addr, batches(f.Waiting), f.other(), reset)
	case f.Wanted == "":
		return fmt.Errorf("%s: it has stored state (%s) and is of a kind that keeps none now; give it another name, or forget what is stored with %s", f.Addr, shorten(f.Stored), reset)
	default:
		return fmt.Errorf("%s: what it keeps has another shape than what is stored (stored %s, now %s); give it another name to start afresh, or forget what is stored with %s", f.Addr, shorten(f.Stored), shorten(f.Wanted), reset)
	}
}

// other says what is another about a sink than when the batches were made that
// wait for it. Its claim is its kind, its format, and a digest of the options of
// that.
func (f *Fate) other() string {
	kind, encoding, _ := strings.Cut(f.Stored, " ")
	kindNow, encodingNow, _ := strings.Cut(f.Wanted, " ")
	format, _, _ := strings.Cut(encoding, " ")
	formatNow, _, _ := strings.Cut(encodingNow, " ")
	switch {
	case kind != kindNow:
		return fmt.Sprintf("as a sink of kind %s, and it is of kind %s now", kind, kindNow)
	case format != formatNow && format != "" && formatNow != "":
		return fmt.Sprintf("in the format %s, and its format is %s now", format, formatNow)
	default:
		return fmt.Sprintf("in another encoding (stored %s, now %s)", encoding, encodingNow)
	}
}

// orphan says that a sink must not be gone yet.
func (f *Fate) orphan(reset string) error {
	if f.Waiting == 0 {
		return nil
	}
	return fmt.Errorf("%s is gone from the pipeline and %s of records still wait for it; bring it back until they are written, say what it is called now with a renamed block, or give them up with %s", f.Addr, batches(f.Waiting), reset)
}

// remedy is for what nobody uses; it is kept until somebody forgets it.
func (f *Fate) remedy(reset, resetHeir string) string {
	switch {
	case f.Renamed:
		return fmt.Sprintf("%s has kept something of its own meanwhile: stop the pipeline and forget that (%s), and it takes over at the next start", f.Heir, resetHeir)
	case f.Heir != "":
		return fmt.Sprintf("if it is called %s now, which begins afresh: stop the pipeline, forget what that has begun with (%s), and add a renamed block (from = %s, to = %s); if it is not needed any more, %s forgets it",
			f.Heir, resetHeir, f.Addr, f.Heir, reset)
	}
	return fmt.Sprintf("a renamed block (from = %s, to = ...) gives it to another stage, and %s forgets it", f.Addr, reset)
}

func batches(n int) string {
	if n == 1 {
		return "1 batch"
	}
	return fmt.Sprintf("%d batches", n)
}

// shorten keeps messages readable.
func shorten(s string) string {
	const most = 200
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}
