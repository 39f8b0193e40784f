package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// A mutant is an engine that is broken on purpose. The harness is worth
// something if it fails each of them, for the right reason.
type mutant struct {
	name   string // what ONSTREAM_MUTANT chooses; "" is the engine as it is, which must pass
	doc    string
	fault  string // the scenario that is to find it
	cycles int
	slow   string // the step of a checkpoint that takes its time, and how long, so that it does not take luck to find it
	gates  []gate // of which one at least must fail
}

func mutants() []mutant {
	whole := "the engine as it is"
	return []mutant{
		{fault: "kill9", cycles: 6, doc: whole},
		{fault: "kill9-http", cycles: 6, doc: whole},
		{
			name: "position_ahead", doc: "a checkpoint has a position behind records whose state it has not",
			fault: "kill9", cycles: 8, slow: "before_commit:40ms", gates: []gate{gateLost, gateState},
		}, {
			name: "state_without_position", doc: "a checkpoint has the state of records that will be read again",
			fault: "kill9", cycles: 8, gates: []gate{gateState},
		}, {
			name: "no_outbox", doc: "a checkpoint does not have what sinks have not written",
			fault: "sinkdown", cycles: 8, gates: []gate{gateLost, gateState},
		}, {
			name: "ack_before_commit", doc: "the spool is told to forget what no checkpoint has",
			fault: "kill9-http", cycles: 15, slow: "before_commit:40ms", gates: []gate{gateLost, gateState, gateStopped, gateRecovery},
		},
		{fault: "kafka-exact-failpoint", cycles: 8, doc: whole},
		{fault: "kafka-zombie-commit", cycles: 2, doc: whole},
		{
			name: "no_prepare", doc: "a transaction is committed before its checkpoint is stored aside",
			fault: "kafka-exact-failpoint", cycles: 8, gates: []gate{gateDup},
		}, {
			name: "no_fence", doc: "what a process leaves of a partition counts when the partition is another's",
			fault: "kafka-zombie-commit", cycles: 2, gates: []gate{gateState},
		}, {
			name: "position_forgotten", doc: "a partition that comes back is read from where the group stood, with what the stages kept since",
			fault: "kafka-restart", cycles: 4, gates: []gate{gateState},
		},
		{fault: "wasm-trap", cycles: 3, doc: whole},
		{
			name: "failed_call_counts", doc: "what a WebAssembly module has written to its state stays when its call fails",
			fault: "wasm-trap", cycles: 3, gates: []gate{gateState},
		},
		{fault: "mongo-kill9", cycles: 3, doc: whole},
		{
			name: "position_ahead", doc: "documents are missing: a checkpoint has a position behind records whose state it has not",
			fault: "mongo-kill9", cycles: 6, slow: "before_commit:40ms", gates: []gate{gateLost, gateState},
		}, {
			name: "state_without_position", doc: "documents have changed: a checkpoint has the state of records that will be read again",
			fault: "mongo-kill9", cycles: 6, gates: []gate{gateState},
		},
	}
}

// hurried is the patience with mutants: what they lose does not come. All else has the time that
// an engine has that is whole: one that is slow to start must not get around its fault.
const hurried = 3 * time.Second

// selftest runs the mutants of the chosen scenarios, and says of each whether it was found.
func (h *session) selftest(ctx context.Context, chosen []scenario) error {
	survived, patience := 0, h.patience
	for _, m := range mutants() {
		s, err := choose(options{fault: m.fault})
		if err != nil {
			return err
		}
		if h.fault != "" && !slices.ContainsFunc(chosen, func(c scenario) bool { return c.fault == m.fault }) {
			continue
		}
		if s[0].absent != nil {
			if why := s[0].absent(); why != "" {
				fmt.Fprintf(h.stdout, "SELFTEST mutant=%s fault=%s skipped: %s\n", cmp.Or(m.name, "none"), m.fault, why)
				continue
			}
		}
		if h.patience = patience; m.name != "" {
			h.patience = min(patience, hurried)
		}
		r, err := h.trial(ctx, s[0], m.cycles, io.Discard, "ONSTREAM_MUTANT="+m.name, "ONSTREAM_DELAY="+m.slow)
		if err != nil {
			return err
		}
		name, fate := m.name, "found"
		if m.name == "" {
			name, fate = "none", "passes"
		}
		if !m.found(r) {
			survived++
			fate = "MISSED"
		}
		fmt.Fprintf(h.stdout, "SELFTEST mutant=%s fault=%s cycles=%d verdict=%s: %s (%s)\n", name, m.fault, r.cycles, r.verdict(), fate, m.doc)
		if fate == "MISSED" {
			fmt.Fprint(h.stderr, r.reasons())
		}
	}
	if survived > 0 {
		return errors.New("the harness does not tell broken engines from whole ones")
	}
	return nil
}

// found reports whether the run shows what is wrong with the mutant, and with
// nothing else when nothing is.
func (m mutant) found(r result) bool {
	if m.name == "" {
		return len(r.broken) == 0
	}
	return slices.ContainsFunc(m.gates, func(g gate) bool { _, failed := r.broken[g]; return failed })
}
