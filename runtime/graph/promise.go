package graph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onstream/onstream/plugins"
)

// Terms are what the promises of a graph depend on beside the graph.
type Terms struct {
	Capabilities func(*Stage) plugins.Capabilities // of sources and sinks
	Stateful     func(*Stage) bool                 // keeps what must survive
	Volatile     func(*Stage) bool                 // what it makes depends on more than its input
	// Stored says that there is a place for checkpoints and spools.
	Stored bool
}

// way is what is between a source and a sink, and why nothing better can be
// promised about it.
type way struct {
	graph   *Graph
	terms   Terms
	source  *Stage
	between []*Stage
	sink    *Stage
	weakens []string
}

// note tells something that is so, once. What is true of several ways reads the
// same for all of them, so that it can be told once: the sink is not named.
func (w *way) note(format string, args ...any) {
	if what := fmt.Sprintf(format, args...); !slices.Contains(w.weakens, what) {
		w.weakens = append(w.weakens, what)
	}
}

// promise returns what is promised, the table of docs/LANGUAGE.md.
func (w *way) promise() (Guarantee, StateGuarantee) {
	in, out := w.terms.Capabilities(w.source), w.terms.Capabilities(w.sink)
	guarantee := AtMostOnce
	stateful := w.stages(w.terms.Stateful)
	var state StateGuarantee
	switch again := in.Redelivers || in.Seekable; {
	case !again:
		state = w.unrepeatable(in, stateful)
	case w.terms.Stored:
		guarantee, state = w.stored(in, out, stateful)
	default:
		guarantee, state = w.inMemory(in, out, stateful)
	}
	for _, s := range w.all() {
		if s.OnError == Drop {
			w.note("%s drops records that fail", s.Addr())
		}
	}
	if w.sink.Retry.Max > 0 && len(w.graph.Consumers(w.sink.Addr(), Errors)) == 0 && w.sink.OnError != Fail {
		guarantee = AtMostOnce
		w.note("%s gives up after %d retries and nobody takes its errors", w.sink.Addr(), w.sink.Retry.Max)
	}
	for _, c := range []plugins.Capabilities{in, out} {
		if c.Weakens != "" {
			w.note("%s", c.Weakens)
		}
	}
	return guarantee, state
}

// unrepeatable is for a source that can tell everything once only.
func (w *way) unrepeatable(in plugins.Capabilities, stateful []string) StateGuarantee {
	if in.Weakens == "" {
		w.note("%s cannot be read again: a crash loses what is on the way", w.source.Addr())
	}
	switch {
	case len(stateful) == 0:
		return NoState
	case w.terms.Stored:
		w.note("what %s took in since the last checkpoint (every %s) is lost with a crash", list(stateful), w.graph.Checkpoint.OrDefault().Interval)
		return StateAtMostOnce
	}
	w.noteMemory(stateful)
	return StateLost
}

// stored is for a source that goes on from the position of the last
// checkpoint, or whose records wait in its spool.
func (w *way) stored(in, out plugins.Capabilities, stateful []string) (Guarantee, StateGuarantee) {
	guarantee, state := AtLeastOnce, NoState
	if len(stateful) > 0 {
		state = StateExactlyOnce
	}
	w.noteShared(in)
	checkpoint := w.graph.Checkpoint.OrDefault()
	if out.Transactions && w.transaction(checkpoint) {
		return ExactlyOnce, state
	}
	if out.Idempotent {
		guarantee = w.idempotent(checkpoint)
	} else {
		w.note("after a crash the sink writes again what the last checkpoint (every %s) did not know as written", checkpoint.Interval)
		if volatile := w.stages(w.terms.Volatile); len(volatile) > 0 {
			w.note("what is written again may be different: %s", dependsOnMore(volatile))
		}
	}
	if checkpoint.Durability == OS {
		w.noteOS()
	}
	return guarantee, state
}

// noteShared tells of state that cannot follow the partitions of a source to
// another process.
func (w *way) noteShared(in plugins.Capabilities) {
	if !in.Shares {
		return
	}
	var stay []string
	for _, s := range w.between {
		if w.terms.Stateful(s) && s.Follows == "" {
			stay = append(stay, s.Addr())
		}
	}
	switch len(stay) {
	case 0:
	case 1:
		w.note("one process only: what %s keeps does not go with the partitions of %s; it does where the source has the key of the stage (key = ...), by which its topic is divided", stay[0], w.source.Addr())
	default:
		w.note("one process only: what %s keep does not go with the partitions of %s; it does where the source has the key of each (key = ...), by which its topic is divided", list(stay), w.source.Addr())
	}
}

// transaction is for a sink whose transactions end with checkpoints. It reports
// whether what it commits is exactly what the checkpoint has.
func (w *way) transaction(checkpoint Checkpoint) bool {
	for _, s := range w.graph.Stages {
		if s.Role == Sink && s != w.sink && w.terms.Capabilities(s).Transactions {
			w.note("several sinks have transactions (%s), which cannot be committed in one step: leave them to one", list([]string{w.sink.Addr(), s.Addr()}))
			return false
		}
	}
	for _, s := range w.between {
		if s.Follows != "" {
			w.note("where a partition goes to another process after a crash, that one writes again what came since the last checkpoint (every %s): what %s keeps goes there without the transaction; without key in %s one process has all, and it is exactly once", checkpoint.Interval, s.Addr(), s.Follows)
			return false
		}
	}
	w.note("readers see records when their transaction is committed, with the checkpoint (every %s), and only if they read what is committed", checkpoint.Interval)
	return true
}

// idempotent is for a sink for which once and twice are the same, as long as
// it is the same.
func (w *way) idempotent(checkpoint Checkpoint) Guarantee {
	volatile := w.stages(w.terms.Volatile)
	strict := w.graph.Require == EffectivelyOnce || w.graph.Require == ExactlyOnce
	switch {
	case len(volatile) == 0:
		return EffectivelyOnce
	case w.terms.Volatile(w.sink):
		w.note("what is written again after a crash may be different, and then counts twice: %s", dependsOnMore(volatile))
		return AtLeastOnce
	case strict:
		w.note("the sink waits for the checkpoint (%s): %s", checkpoint.Interval, dependsOnMore(volatile))
		return EffectivelyOnce
	}
	w.note("what is written again after a crash may be different, and then counts twice: %s; with require = %q it waits for the checkpoint instead", dependsOnMore(volatile), EffectivelyOnce)
	return AtLeastOnce
}

// noteOS tells what it costs that checkpoints are not forced to the disk one by
// one. Sources are told only of what is on disk, so nothing is lost.
func (w *way) noteOS() {
	w.note("if the process is killed or the machine fails, it goes on from a checkpoint that is up to 10s older, and the sink writes more again: durability is %q", OS)
}

// inMemory is for a pipeline that stores nothing: a source with positions is
// read from its start after a restart, and state is built anew.
func (w *way) inMemory(in, out plugins.Capabilities, stateful []string) (Guarantee, StateGuarantee) {
	guarantee, state := AtLeastOnce, NoState
	volatile := w.stages(w.terms.Volatile)
	switch {
	case out.Idempotent && len(volatile) == 0:
		guarantee = EffectivelyOnce
	case out.Idempotent:
		w.note("what is written again after a crash may be different, and then counts twice: %s", dependsOnMore(volatile))
	case in.Seekable && !in.Redelivers:
		w.note("nothing is stored without --state: after a restart %s is read from its start, and the sink writes everything again", w.source.Addr())
	default:
		w.note("after a crash what %s had not acknowledged comes again, and the sink writes it again", w.source.Addr())
	}
	if len(stateful) > 0 {
		state = StateLost
		w.noteMemory(stateful)
		if in.Redelivers { // it is told that they are safe, and goes on behind them
			guarantee = AtMostOnce
		}
	}
	return guarantee, state
}

// noteMemory tells of state that does not survive.
func (w *way) noteMemory(stateful []string) {
	w.note("a restart loses what %s took in: state is kept in memory only; run with --state DIR", list(stateful))
}

// all returns the stages of the way, downstream.
func (w *way) all() []*Stage {
	return slices.Concat([]*Stage{w.source}, w.between, []*Stage{w.sink})
}

// stages returns the addresses of those of the way for which something holds.
func (w *way) stages(holds func(*Stage) bool) []string {
	var addrs []string
	for _, s := range w.all() {
		if holds(s) {
			addrs = append(addrs, s.Addr())
		}
	}
	return addrs
}

func dependsOnMore(addrs []string) string {
	verb := "depends"
	if len(addrs) > 1 {
		verb = "depend"
	}
	return list(addrs) + " " + verb + " on more than the record, such as on the clock or on what came first"
}

// list writes addresses for people.
func list(addrs []string) string {
	if last := len(addrs) - 1; last > 1 {
		return strings.Join(addrs[:last], ", ") + " and " + addrs[last]
	}
	return strings.Join(addrs, " and ")
}
