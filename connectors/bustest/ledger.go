package bustest

import (
	"fmt"
	"testing"
)

// ledger judges what was read against what was written, as numbered makes it.
type ledger struct {
	lost, duplicates, foreign int
	disorder                  string // the first place where a key's order was broken, ""
}

// judge compares. The order of a key is that of the first time each record came.
func judge(written, read []Record) ledger {
	place := make(map[string]int, len(written))
	for i, r := range written {
		place[r.Value] = i
	}
	var l ledger
	seen := make(map[string]bool, len(read))
	last := map[string]int{}
	for _, r := range read {
		i, known := place[r.Value]
		switch {
		case !known:
			l.foreign++
			continue
		case seen[r.Value]:
			l.duplicates++
			continue
		}
		seen[r.Value] = true
		key := keyed(r.Value)
		if before, any := last[key]; any && i < before && l.disorder == "" {
			l.disorder = fmt.Sprintf("%.40q came after %.40q", r.Value, written[before].Value)
		}
		last[key] = max(last[key], i)
	}
	l.lost = len(written) - len(seen)
	return l
}

// judge is the function of that name, for a bus that need not keep any order.
func (g *rig) judge(written, read []Record) ledger {
	l := judge(written, read)
	if !g.reads.Ordered || !g.writes.Ordered {
		l.disorder = ""
	}
	return l
}

// whole reports a test's error unless everything came, in order, and nothing more
// than once where that is wanted.
func (l ledger) whole(t testing.TB, once bool) {
	t.Helper()
	if l.lost > 0 || l.foreign > 0 {
		t.Errorf("%d records are lost, and %d came that nobody wrote", l.lost, l.foreign)
	}
	if l.disorder != "" {
		t.Errorf("the order is broken: %s", l.disorder)
	}
	if once && l.duplicates > 0 {
		t.Errorf("%d records came twice", l.duplicates)
	}
}

// every reports whether each of the records written is among those read.
func every(written []Record) func(read []Record) bool {
	missing := make(map[string]bool, len(written))
	for _, r := range written {
		missing[r.Value] = true
	}
	looked := 0
	return func(read []Record) bool {
		for _, r := range read[looked:] {
			delete(missing, r.Value)
		}
		looked = len(read)
		return len(missing) == 0
	}
}
