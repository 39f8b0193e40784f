package cli

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// reading is a record that arrives once or twice, in any order.
type reading struct {
	key  string
	id   int
	at   time.Time
	come time.Duration // when it arrives
}

const (
	orderWindow   = time.Second
	orderLateness = 5 * time.Second
)

// shuffledReadings returns readings in the order in which they arrive: 30 % come
// twice, all of them up to the lateness after newer ones of their key, and one
// in a hundred much later.
func shuffledReadings() []reading {
	r := rand.New(rand.NewPCG(1, 2))
	zero := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var all []reading
	for i := range 6000 {
		due := time.Duration(i)*20*time.Millisecond + time.Duration(r.IntN(1_000_000))
		one := reading{key: fmt.Sprint("k", i%7), id: i, at: zero.Add(due)}
		delay := func() time.Duration { return time.Duration(r.Float64() * 0.99 * float64(orderLateness)) }
		if i%100 == 99 {
			delay = func() time.Duration { return 3 * orderLateness }
		}
		one.come = due + delay()
		all = append(all, one)
		if r.Float64() < 0.3 && i%100 != 99 {
			one.come = due + delay()
			all = append(all, one)
		}
	}
	slices.SortStableFunc(all, func(a, b reading) int { return cmp.Compare(a.come, b.come) })
	return all
}

// windowsOf counts readings by key and window, in no order at all. Those that
// come when their key has shown a time that closes their window are left out
// and counted.
func windowsOf(rs []reading, once bool) (windows map[string]int, late int) {
	windows = map[string]int{}
	own := map[string]time.Time{}
	known := map[int]bool{}
	for _, r := range rs {
		end := r.at.Truncate(orderWindow).Add(orderWindow)
		switch {
		case !own[r.key].Add(-orderLateness).Before(end):
			late++
		case !once || !known[r.id]:
			windows[fmt.Sprint(r.key, " ", end.Format(time.RFC3339))]++
		}
		known[r.id] = true
		if r.at.After(own[r.key]) {
			own[r.key] = r.at
		}
	}
	return windows, late
}

// TestShuffledAndRepeatedRecords counts readings in windows, with what comes
// twice and without. The results are those of the sorted readings; what is too
// late is all at the output late.
func TestShuffledAndRepeatedRecords(t *testing.T) {
	t.Parallel()
	rs := shuffledReadings()
	var in strings.Builder
	for _, r := range rs {
		fmt.Fprintf(&in, "{\"k\":%q,\"id\":%d,\"ts\":%q}\n", r.key, r.id, r.at.Format(time.RFC3339Nano))
	}
	for _, lanes := range []int{1, 2} {
		t.Run(fmt.Sprint(lanes, " lanes"), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, filepath.Join(dir, "in.ndjson"), in.String())
			write(t, filepath.Join(dir, "p", "main.hcl"), `
pipeline "order" {}

schema "reading" {
  fields = { k = string, id = int, ts = time }
}
source "file" "in" {
  path   = "in.ndjson"
  schema = schema.reading
}
transform "window" "all" {
  from     = source.in
  key      = event.k
  time     = event.ts
  tumbling = "1s"
  lateness = "5s"
  idle     = "8760h"
  emit     = { k = key, end = window.end, n = agg::count() }
}
transform "dedupe" "unique" {
  from = source.in
  key  = event.id
  time = event.ts
  ttl  = "1h"
}
transform "window" "once" {
  from     = transform.unique
  key      = event.k
  time     = event.ts
  tumbling = "1s"
  lateness = "5s"
  idle     = "8760h"
  emit     = { k = key, end = window.end, n = agg::count() }
}
sink "file" "all" {
  from = transform.all
  path = "all.ndjson"
}
sink "file" "once" {
  from = transform.once
  path = "once.ndjson"
}
sink "file" "late" {
  from = transform.all.late
  path = "late.ndjson"
}
sink "file" "dead" {
  from = errors
  path = "dead.ndjson"
}
`)
			l := live(t, dir, []string{fmt.Sprint("GOMAXPROCS=", lanes)}, "--state", "state", "p")
			if code := l.end(); code != 0 {
				t.Fatalf("exit code %d\n%s", code, l.said())
			}
			want, late := windowsOf(rs, false)
			sameWindows(t, filepath.Join(dir, "all.ndjson"), want)
			if lanes == 1 { // a device's records take several ways to the second window otherwise
				unique, _ := windowsOf(rs, true)
				sameWindows(t, filepath.Join(dir, "once.ndjson"), unique)
			}
			got := len(recordsIn[counted](t, filepath.Join(dir, "late.ndjson")))
			t.Logf("%d readings in %d windows, %d of them late", len(rs), len(want), got)
			if got != late || late == 0 || len(recordsIn[deadLetter](t, filepath.Join(dir, "dead.ndjson"))) > 0 {
				t.Errorf("%d readings are late, want %d", got, late)
			}
		})
	}
}

// sameWindows compares the results of a window, each of which is written once.
func sameWindows(t *testing.T, name string, want map[string]int) {
	t.Helper()
	got := map[string]int{}
	for _, w := range recordsIn[struct {
		K   string    `json:"k"`
		End time.Time `json:"end"`
		N   int       `json:"n"`
	}](t, name) {
		key := fmt.Sprint(w.K, " ", w.End.Format(time.RFC3339))
		if got[key] > 0 {
			t.Errorf("%s: %s is there twice", filepath.Base(name), key)
		}
		got[key] = w.N
	}
	if !maps.Equal(got, want) {
		t.Errorf("%s: %d windows, want %d, and they differ", filepath.Base(name), len(got), len(want))
	}
}
