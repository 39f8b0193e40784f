package runtime

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// Stored is what a store has of the stages of a pipeline.
type Stored struct {
	Folder string            // of the pipeline, for the commands that messages tell
	Files  string            // of the pipeline, for them as well; DIR where nobody knows
	Log    string            // the source whose partitions it is of, where it was left on a bus
	Claims map[string]string // by address, see [graph.Graph.Claims]
	// Waiting counts the batches that wait for a sink.
	Waiting func(addr string) (int, error)
	// Lives reports whether something at an address still takes care of what is
	// stored there, whatever the graph says; nil for nothing.
	Lives func(addr string) bool
	// Kinds tell which topics sources read; nil where that does not matter.
	Kinds *plugins.Registry
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
	// its own. Reset and ResetHeir are the commands that forget it, and what its
	// heir has.
	Remedy           string
	Heir             string
	Renamed          bool
	Reset, ResetHeir string
	// Elsewhere are the topics, as the bus calls them, with whose partitions
	// something goes that the stage keeps, and that are not read any more: it
	// waits for them.
	Elsewhere []string
}

// Fates tells what becomes of what is stored when a graph is to go on with it,
// by address in their order, and what its renamed blocks ask to be moved before.
// The engine runs nothing where one of them is refused, see [Refusals].
func (x Stored) Fates(g *graph.Graph, wanted map[string]string) (fates []Fate, moves []graph.Renamed, err error) {
	claims := maps.Clone(x.Claims)
	moves, was := x.moves(g, claims)
	elsewhere := x.elsewhere(g)
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
			f.Reset, f.ResetHeir = x.reset(g, addr), x.reset(g, f.Heir)
			f.Remedy = f.remedy()
		case f.Gone:
			f.Refusal = f.orphan(x.reset(g, at))
		default:
			f.Refusal = f.disagree(s.Role, x.reset(g, at))
			f.Elsewhere = elsewhere[addr]
			if s.Follows != "" && graph.FollowedIn(f.Stored) == s.Follows {
				f.Elsewhere = elsewhere[s.Follows]
			}
		}
		fates = append(fates, f)
	}
	return fates, moves, nil
}

// Refusals says why a pipeline cannot go on with what is stored: all that there
// is to say at once. It is nil where it can.
func Refusals(fates []Fate) error {
	var all []error
	for _, f := range fates {
		if f.Refusal != nil {
			all = append(all, f.Refusal)
		}
	}
	return errors.Join(all...)
}

func (x Stored) lives(addr string) bool { return x.Lives != nil && x.Lives(addr) }

// reset is the command that forgets what is stored at an address, with what can
// only be forgotten together with that, or what else does.
func (x Stored) reset(g *graph.Graph, addr string) string {
	switch {
	case x.Log != "":
		return "another name for " + x.Log
	case x.Folder == "":
		return "a restart of the process, because it is in memory only"
	}
	flag := ""
	logs := InLogs(x.Claims)
	addrs := Together(addr, x.Claims)
	for _, a := range addrs {
		if logs[a] == nil {
			continue
		}
		// On the bus, too, where that is still the one that the files name.
		if s := g.Stage(a); s != nil && s.Origin() == x.Claims[a] {
			flag = "--pipeline " + cmp.Or(x.Files, "DIR") + " "
		} else {
			flag = "--local "
		}
	}
	return fmt.Sprintf("onstream state reset %s%s %s", flag, x.Folder, strings.Join(addrs, " "))
}

// elsewhere returns, by the address of a source, the topics with whose partitions
// state goes and that it does not read any more.
func (x Stored) elsewhere(g *graph.Graph) map[string][]string {
	topics := map[string][]string{}
	if x.Kinds == nil {
		return topics
	}
	for addr, parts := range InLogs(x.Claims) {
		s := g.Stage(addr)
		if s == nil {
			continue
		}
		kind, _ := x.Kinds.Source(s.Kind)
		if kind.ReadsPartitions == nil {
			continue
		}
		for _, p := range parts {
			if !kind.ReadsPartitions(s.Config, p.Name) && !slices.Contains(topics[addr], p.Name) {
				topics[addr] = append(topics[addr], p.Name)
			}
		}
	}
	return topics
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
		return fmt.Errorf("%s: the positions that are stored are of a source of kind %s, and it is of kind %s now; run the former pipeline until all is read, then give the source another name, or forget them with %s", f.Addr, f.Stored, f.Wanted, reset)
	case role == graph.Sink && f.Waiting == 0:
		return nil
	case role == graph.Sink:
		return fmt.Errorf("%s: %s of records wait for it %s; run the former pipeline until they are written, or give them up with %s", f.Addr, batches(f.Waiting), f.other(), reset)
	case f.Wanted == "":
		return fmt.Errorf("%s: it has stored state (%s) and is of a kind that keeps none now; give it another name, or forget what is stored with %s", f.Addr, shorten(f.Stored), reset)
	}
	stored, was := graph.CutDivision(f.Stored)
	wanted, is := graph.CutDivision(f.Wanted)
	if stored != wanted {
		return fmt.Errorf("%s: what it keeps has another shape than what is stored (stored %s, now %s); give it another name to start afresh, or forget what is stored with %s", f.Addr, shorten(stored), shorten(wanted), reset)
	}
	remedy := "run the former pipeline until all is read, then"
	if was, is := graph.FollowedIn(f.Stored), graph.FollowedIn(f.Wanted); was != is && was != "" && is != "" {
		remedy = "give the source its former name, or"
	}
	return fmt.Errorf("%s: what it keeps is stored %s, and is %s now; %s give the stage another name to start afresh, or forget what is stored with %s", f.Addr, divided(was), divided(is), remedy, reset)
}

// divided says how what a stage keeps is divided.
func divided(division string) string {
	if division == "" {
		return "in one for all records"
	}
	return "by the partitions of " + division
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
func (f *Fate) remedy() string {
	switch {
	case f.Renamed:
		return fmt.Sprintf("%s has kept something of its own meanwhile: stop the pipeline and forget that (%s), and it takes over at the next start", f.Heir, f.ResetHeir)
	case f.Heir != "":
		return fmt.Sprintf("if it is called %s now, which begins afresh: stop the pipeline, forget what that has begun with (%s), and add a renamed block (from = %s, to = %s); if it is not needed any more, %s forgets it",
			f.Heir, f.ResetHeir, f.Addr, f.Heir, f.Reset)
	}
	return fmt.Sprintf("a renamed block (from = %s, to = ...) gives it to another stage, and %s forgets it", f.Addr, f.Reset)
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
