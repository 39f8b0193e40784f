package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// told is a small run: three records of a device in the same second, one that
// closes their window, and a line that is none.
func told(t *testing.T) []claim {
	t.Helper()
	var claims []claim
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for seq, after := range []time.Duration{0, 100 * time.Millisecond, 900 * time.Millisecond, time.Minute} {
		claims = append(claims, claim{Run: "r", Batch: 1, Kind: good, record: record{
			ID: fmt.Sprintf("d01/%d", seq), Key: "d01", Seq: seq, TS: at.Add(after), Value: int64(10 + seq),
		}})
	}
	return append(claims, claim{Run: "r", Batch: 1, Kind: poison, record: record{ID: "poison/5", Key: "d01"}})
}

// rightly is what a sound engine makes of it.
func rightly() []fakeLine {
	var out []fakeLine
	sum := 0
	for seq := range 4 {
		sum += 10 + seq
		out = append(out,
			fakeLine{records, fmt.Sprintf(`{"id":"d01/%d","key":"d01","seq":%d,"value":%d}`, seq, seq, 10+seq)},
			fakeLine{totals, fmt.Sprintf(`{"id":"d01/%d","key":"d01","n":%d,"sum":%d}`, seq, seq+1, sum)})
	}
	return append(out,
		fakeLine{windows, `{"key":"d01","start":"2026-01-01T00:00:00Z","n":3,"sum":33}`},
		fakeLine{errored, `{"code":"decode","payload":"{\"id\":\"poison/5\",\"key\":\"d01\"}"}`})
}

// judged runs the verifier over lines as the engine's sinks would give them.
func judged(t *testing.T, sink medium, lines []fakeLine) result {
	t.Helper()
	dir := t.TempDir()
	l, err := createLedger(filepath.Join(dir, "ledger"))
	if err != nil {
		t.Fatal(err)
	}
	if err := l.claim(told(t)); err != nil {
		t.Fatal(err)
	}
	if err := l.accept(1, 1); err != nil {
		t.Fatal(err)
	}
	// A claim that was never answered for may or may not come out.
	if err := l.claim([]claim{{Run: "r", Batch: 2, Kind: good, record: record{ID: "d01/99", Key: "d01", Seq: 99}}}); err != nil {
		t.Fatal(err)
	}
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	u := setup{rate: 1, limit: time.Second}
	tr := &trial{
		scenario: scenario{fault: "test", design: design{byFile, plain, sink}}, setup: u, dir: dir,
		observer: newObserver(sink), broken: map[gate]string{},
	}
	for _, line := range lines {
		tr.observer.see(line.Stream, []byte(line.Text))
	}
	r, err := tr.verify()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	without := func(stream, part string) []fakeLine {
		return slices.DeleteFunc(rightly(), func(l fakeLine) bool { return l.Stream == stream && strings.Contains(l.Text, part) })
	}
	swapped := rightly()
	swapped[0], swapped[2] = swapped[2], swapped[0]
	for name, c := range map[string]struct {
		lines []fakeLine
		gates []gate
		says  string // in the line
	}{
		"nothing is wrong":              {rightly(), nil, "sent=6 accepted=5 unique_out=4 lost=0 dup=0 ooo=0 state_diff=0"},
		"a record is missing":           {without(records, "d01/1"), []gate{gateLost}, "lost=1"},
		"a failure is missing":          {without(errored, "poison"), []gate{gateLost}, "lost=1"},
		"a total is missing":            {without(totals, "d01/3"), []gate{gateState}, "state_diff=1"},
		"a window is missing":           {without(windows, ""), []gate{gateState}, "state_diff=1"},
		"a record came twice":           {append(rightly(), rightly()[0]), []gate{gateDup}, "dup=1"},
		"records came in another order": {swapped, []gate{gateOrder}, "ooo=1"},
		"a total changed":               {append(rightly(), fakeLine{totals, `{"id":"d01/1","n":3,"sum":21}`}), []gate{gateState}, "state_diff=1"},
		"a window is wrong":             {append(without(windows, ""), fakeLine{windows, `{"key":"d01","start":"2026-01-01T00:00:00Z","n":4,"sum":33}`}), []gate{gateState}, "state_diff=1"},
		"a window that is open":         {append(rightly(), fakeLine{windows, `{"key":"d01","start":"2026-01-01T00:01:00Z","n":1,"sum":13}`}), []gate{gateState}, "state_diff=1"},
		"a record nobody sent":          {append(rightly(), fakeLine{records, `{"id":"d09/0","key":"d09","seq":0}`}), []gate{gateState}, "state_diff=1"},
		"a good record failed":          {append(rightly(), fakeLine{errored, `{"code":"x","payload":"{\"id\":\"d01/2\"}"}`}), []gate{gateState}, "state_diff=1"},
		"a record came late":            {append(rightly(), fakeLine{lates, `{"id":"d01/2"}`}), []gate{gateState}, "state_diff=1"},
		"a torn line":                   {append([]fakeLine{{records, `{"id":"d01/0","ke`}}, rightly()...), nil, "dup=0"},
		"a record never answered for":   {append(rightly(), fakeLine{records, `{"id":"d01/99","key":"d01","seq":99,"value":0}`}), nil, "unique_out=5"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := judged(t, byFile, c.lines)
			if got := slices.Sorted(maps.Keys(r.broken)); !slices.Equal(got, c.gates) || !strings.Contains(r.String(), c.says) {
				t.Errorf("%s\n%s\nwant %q, failed gates %q", r, r.reasons(), c.says, c.gates)
			}
		})
	}
}

func TestIdempotentSinkHasNothingTwice(t *testing.T) {
	t.Parallel()
	if r := judged(t, byHTTP, append(rightly(), rightly()...)); r.verdict() != "pass" || r.dup != 0 {
		t.Errorf("%s\n%s", r, r.reasons())
	}
	changed := fakeLine{totals, `{"id":"d01/1","n":3,"sum":21}`}
	if r := judged(t, byHTTP, append(rightly(), changed)); r.stateDiff != 1 {
		t.Errorf("another content under the same name: %s", r)
	}
}
