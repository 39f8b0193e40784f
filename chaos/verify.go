package main

import "time"

// gate names what a run must not fail.
type gate string

const (
	gateLost      gate = "lost"       // something accepted did not come out
	gateState     gate = "state_diff" // a total or window is not what the records make
	gateOrder     gate = "ooo"        // a device's records came out in another order
	gateDup       gate = "dup"        // more came out twice than can have been under way
	gateRecovery  gate = "recovery"   // no output for too long
	gateStopped   gate = "stopped"    // the engine ended by itself, without a reason or in disorder
	gateLiveness  gate = "liveness"   // a fresh record did not come through
	gateEnd       gate = "end"        // it did not end well when asked to
	gateFence     gate = "fence"      // two engines worked on the same state
	gatePressure  gate = "pressure"   // the source went on while sinks took nothing
	gateMemory    gate = "memory"     // what waited was kept in memory
	gateUnreached gate = "unreached"  // a fault point is not where it was
)

// result is what a run has shown.
type result struct {
	fault     string
	seed      uint64
	cycles    int
	sent      int
	accepted  int
	unique    int // records that came out, each once
	lost      int
	dup       int
	ooo       int
	stateDiff int
	recovery  time.Duration
	peak      int64
	kills     int
	broken    map[gate]string
	server    string          // of the bus, "" for none
	declared  map[gate]string // what the bus does not promise, where it showed
}

// verify compares what came out with what the ledger makes.
func (t *trial) verify() (result, error) {
	a, err := readLedger(t.path("ledger"))
	if err != nil {
		return result{}, err
	}
	r := result{
		fault: t.fault, seed: t.seed, cycles: t.done, sent: a.sent, accepted: a.accepted,
		recovery: t.recovery, peak: t.peak, kills: t.kills, broken: t.broken,
	}
	want := expect(a, t.streams(), t.lateness())
	t.observer.judge(&r, want, a.claimed)
	if r.lost > 0 {
		t.fail(gateLost, "%s", t.observer.examples(want, records, errored))
	}
	if r.stateDiff > 0 {
		t.fail(gateState, "%s", t.observer.examples(want, allStreams()...))
	}
	if r.ooo > 0 {
		t.fail(gateOrder, "%d records came behind a later one of their device", r.ooo)
	}
	if most := t.window(a); r.dup > most {
		t.fail(gateDup, "%d entries came again, and no more than %d can have been under way", r.dup, most)
	}
	if t.recovery > t.recoveryLimit() {
		t.fail(gateRecovery, "it took %s", t.recovery.Round(time.Millisecond))
	}
	t.excuse(&r)
	return r, nil
}

// excuse tells by which bus it was, and takes what that does not promise out of what has failed.
func (t *trial) excuse(r *result) {
	if t.over == nil {
		return
	}
	r.server, r.declared = t.over.Server, map[gate]string{}
	for g, why := range t.declared {
		if _, showed := r.broken[g]; showed {
			delete(r.broken, g)
			r.declared[g] = why
		}
	}
}

// recoveryLimit is how long output may be missing. Where partitions go from one process to another, it takes a
// while until a process that says nothing is taken for dead; a database is slow when it has just started, and to be read.
func (t *trial) recoveryLimit() time.Duration {
	if t.source == byKeyed || t.sink == byStore {
		return t.limit + t.over.Silence
	}
	return t.limit
}

// unsaved is how long what was done may not have been in a checkpoint yet: ten
// times the pipelines' interval.
const unsaved = 500 * time.Millisecond

// window bounds what may come out twice: on each stream, what was sent within
// that time of each crash, or while no checkpoint could be stored, and what the
// sender sent twice. An idempotent sink has nothing twice.
func (t *trial) window(a *account) int {
	if t.sink.keepsOnce() || t.stages == exact {
		return 0
	}
	perCrash := int(unsaved.Seconds() * float64(t.rate))
	crashes := t.kills + t.exits
	stalled := int(t.unsaved.Seconds() * float64(t.rate))
	return len(t.streams())*(crashes*perCrash+stalled+t.lostStates*a.accepted) + a.copies + a.resent
}
