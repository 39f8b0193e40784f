package main

import "time"

// expectation is what the outputs must hold: by stream and id, the body.
type expectation map[string]map[string]string

// expect recomputes from the ledger what the pipeline with these streams has
// to give, in the plainest way there is. Windows that are still open, which
// they are until late after their end, are not expected yet. Without a stream
// for what comes once, there are to be no copies.
func expect(a *account, streams []string, late time.Duration) expectation {
	want := expectation{}
	for _, s := range streams {
		want[s] = map[string]string{}
	}
	put := func(stream, id, body string) {
		if entries, ok := want[stream]; ok {
			entries[id] = body
		}
	}
	type tally struct {
		n   int
		sum int64
	}
	type window struct {
		key   string
		start int64
	}
	total, counted := map[string]tally{}, map[window]tally{}
	latest := map[string]time.Time{}
	seen := map[string]bool{}
	for _, c := range a.owed {
		if c.Kind == poison {
			put(errored, c.ID, "")
			continue
		}
		if seen[c.ID] {
			continue // a copy, which only the streams without copies are asked about
		}
		seen[c.ID] = true
		put(records, c.ID, recordBody(c.Value))
		put(uniques, c.ID, recordBody(c.Value))
		if c.Kind == harm {
			put(errored, c.ID, "")
		} else {
			t := total[c.Key]
			t = tally{t.n + 1, t.sum + c.Value}
			total[c.Key] = t
			put(totals, c.ID, tallyBody(t.n, t.sum))
		}
		if c.Kind == ahead {
			put(errored, c.ID, "")
			continue
		}
		w := window{c.Key, c.TS.Truncate(windowSize).UnixMilli()}
		in := counted[w]
		counted[w] = tally{in.n + 1, in.sum + c.Value}
		if c.TS.After(latest[c.Key]) {
			latest[c.Key] = c.TS
		}
	}
	for w, t := range counted {
		if end := time.UnixMilli(w.start).Add(windowSize); !latest[w.key].Add(-late).Before(end) {
			put(windows, windowID(w.key, w.start), tallyBody(t.n, t.sum))
		}
	}
	return want
}
