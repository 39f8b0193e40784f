package cli

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onstream/onstream/runtime/state"
)

// replayedFrom is a pipeline that takes a while for what is replayed.
const replayedFrom = `
pipeline "fleet" {
  checkpoint {
    interval = "20ms"
  }
}

source "file" "in" {
  path   = "in.ndjson"
  follow = true
}

transform "throttle" "slow" {
  from   = source.in
  rate   = 4000
  burst  = 50
  excess = "wait"
}

transform "reduce" "count" {
  from    = transform.slow
  key     = event.k
  initial = { n = 0 }
  update  = { n = state.n + 1 }
  emit    = { k = key, n = state.n }
}

sink "file" "out" {
  from = transform.count
  path = "out.ndjson"
}

sink "file" "dead" {
  from = errors
  path = "dead.ndjson"
}
`

// TestReplaysOverKills replays records into a pipeline that is killed again and
// again: each is counted once. When all is in, nothing of the replays is left,
// neither records nor positions.
func TestReplaysOverKills(t *testing.T) {
	t.Parallel()
	const n, replays, kills = 200, 10, 6
	padding := strings.Repeat("x", 8<<10) // so that each replay is more than one batch
	dir := t.TempDir()
	write(t, filepath.Join(dir, "p", "main.hcl"), replayedFrom)
	write(t, filepath.Join(dir, "in.ndjson"), "{\"k\":\"k0\"}\n")
	if err := os.Mkdir(filepath.Join(dir, "state"), 0o755); err != nil {
		t.Fatal(err)
	}
	replay := func(part int) {
		var dead strings.Builder
		for i := range n {
			fmt.Fprintf(&dead, `{"pipeline":"fleet","stage":"sink.x","code":"write","message":"no","partition":"in.ndjson","offset":%d,"payload":"{\"k\":\"k0\",\"x\":\"%s\"}"}`+"\n", part*n+i, padding)
		}
		write(t, filepath.Join(dir, "letters.ndjson"), dead.String())
		succeed(t, dir, "replay", "letters.ndjson", "--into", "source.in", "--state", "state", "p")
	}
	for part := range replays - kills {
		replay(part)
	}
	over := func() bool {
		entries, err := os.ReadDir(filepath.Join(dir, "state", "fleet", "replay", "in"))
		return err == nil && len(entries) == 0
	}
	results := func() []counted { return recordsIn[counted](t, filepath.Join(dir, "out.ndjson")) }
	random := rand.New(rand.NewPCG(1, 2))
	for kill := range kills {
		replay(replays - kills + kill) // so that there is something to come, however far the one before has got
		at := len(results()) + random.IntN(n)
		l := live(t, dir, nil, "--state", "state", "p")
		l.await("some results", func() bool { return len(results()) >= at })
		l.kill()
		t.Logf("killed after %d results; all replayed: %t", len(results()), over())
	}
	l := live(t, dir, nil, "--state", "state", "p")
	l.ready()
	l.await("that all is replayed", over)
	l.stop()
	most := 0
	for _, c := range results() {
		most = max(most, c.N)
	}
	if want := replays*n + 1; most != want {
		t.Errorf("%d records were counted, want %d", most, want)
	}
	s, err := state.Open(filepath.Join(dir, "state"), "fleet", state.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	positions, err := s.Positions("source.in")
	if err != nil || len(positions) != 1 {
		t.Errorf("positions %v, %v; want only that of the file", positions, err)
	}
}
