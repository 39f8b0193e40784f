package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// followed is counting over a file that grows.
var followed = strings.Replace(counting, `path = "in.ndjson"`, `path   = "in.ndjson"
  follow = true
  poll   = "1ms"`, 1)

// reloads has the program read changed files, and waits until it has made
// something of them. It returns what it logged about that.
func (l *life) reloads(main, text string) string {
	l.t.Helper()
	replaceFile(l.t, main, text)
	before := len(l.said())
	l.signal(syscall.SIGHUP)
	l.await("the reload", func() bool {
		said := l.said()[before:]
		return strings.Contains(said, "msg=reloaded") || strings.Contains(said, "not reloaded")
	})
	return l.said()[before:]
}

// replaceFile writes a file at once: nobody sees a part of it.
func replaceFile(t *testing.T, name, text string) {
	t.Helper()
	write(t, name+".new", text)
	if err := os.Rename(name+".new", name); err != nil {
		t.Fatal(err)
	}
}

// TestReloadsWhileCounting reloads again and again, each time with another instance
// of the stage that counts, while records come as fast as they are taken.
func TestReloadsWhileCounting(t *testing.T) {
	t.Parallel()
	const keys, more, reloads = 50, 5000, 200 / share
	dir := t.TempDir()
	main, in := filepath.Join(dir, "p", "main.hcl"), filepath.Join(dir, "in.ndjson")
	write(t, main, followed)
	write(t, in, keyedLines(more, keys))
	l := live(t, dir, nil, "--state", "state", "p")
	l.ready()
	total := more
	taken := func(addr string) int { return int(l.metric("onstream_stage_in_total", addr)) }
	for i := range reloads {
		if total-taken(`"source.in"`) < more/2 {
			addTo(t, in, keyedLines(more, keys))
			total += more
		}
		said := l.reloads(main, strings.Replace(followed, "initial =", fmt.Sprintf("max_keys = %d\n  initial =", 1000+i), 1))
		if !strings.Contains(said, "changes=1") {
			t.Fatal(said)
		}
	}
	under := taken(`"sink.out"`)
	l.await("all records", func() bool { return taken(`"sink.out"`) == total })
	l.stop()
	for key, n := range counts(t, dir) {
		if n != total/keys {
			t.Errorf("%s was counted %d times, want %d", key, n, total/keys)
		}
	}
	t.Logf("%d reloads while %d of %d records were counted", reloads, under, total)
}

// TestAThousandReloads looks at what reloads leave behind.
func TestAThousandReloads(t *testing.T) {
	t.Parallel()
	const reloads = 1000 / share
	dir := t.TempDir()
	main := filepath.Join(dir, "p", "main.hcl")
	write(t, main, followed)
	write(t, filepath.Join(dir, "in.ndjson"), keyedLines(1000, 50))
	l := live(t, dir, []string{"GOMEMLIMIT=32MiB"}, "p")
	l.ready()
	var goroutines, memory [2]float64
	for i := range reloads {
		text := followed
		if i%2 == 0 {
			text = strings.Replace(followed, "initial =", "max_keys = 1000\n  initial =", 1)
		}
		l.reloads(main, text)
		if i == reloads/5 {
			goroutines[0], memory[0] = l.metric("go_goroutines"), l.metric("process_resident_memory_bytes")
		}
	}
	l.await("no more goroutines than before", func() bool {
		goroutines[1], memory[1] = l.metric("go_goroutines"), l.metric("process_resident_memory_bytes")
		return goroutines[1] <= goroutines[0]+5
	})
	t.Logf("after %d and %d reloads: %.0f and %.0f goroutines, %.0f and %.0f MiB", reloads/5, reloads, goroutines[0], goroutines[1], memory[0]/(1<<20), memory[1]/(1<<20))
	if share == 1 && memory[1] > memory[0]+16<<20 {
		t.Errorf("memory has grown from %.0f to %.0f MiB", memory[0]/(1<<20), memory[1]/(1<<20))
	}
	l.stop()
}

// TestReloadsOfStatefulStages adds, renames, breaks and removes stages of a
// running pipeline. What is kept is what was, or nothing is changed.
func TestReloadsOfStatefulStages(t *testing.T) {
	t.Parallel()
	const keys = 10
	dir := t.TempDir()
	main, in := filepath.Join(dir, "p", "main.hcl"), filepath.Join(dir, "in.ndjson")
	write(t, main, followed)
	write(t, in, "")
	l := live(t, dir, nil, "--state", "state", "p")
	sent := 0
	feed := func() { // a record of each key, to the end
		addTo(t, in, keyedLines(keys, keys))
		sent += keys
		l.await("all records", func() bool { return len(recordsIn[counted](t, filepath.Join(dir, "out.ndjson"))) == sent })
		for key, n := range counts(t, dir) {
			if n != sent/keys {
				t.Fatalf("%s was counted %d times, want %d", key, n, sent/keys)
			}
		}
	}
	says := func(text string, want ...string) {
		t.Helper()
		said := l.reloads(main, text)
		for _, w := range want {
			if !strings.Contains(said, w) {
				t.Errorf("%q is not in\n%s", w, said)
			}
		}
	}
	feed()
	const second = `
transform "reduce" "second" {
  from    = source.in
  key     = event.k
  initial = { n = 0 }
  update  = { n = state.n + 1 }
}
sink "file" "second" {
  from = transform.second
  path = "second.ndjson"
}
`
	says(followed+second, `msg="stage added" pipeline=fleet stage=transform.second`, "changes=2")
	feed()
	if n := len(recordsIn[counted](t, filepath.Join(dir, "second.ndjson"))); n > keys {
		t.Errorf("a stage that was added has counted %d records, want those that came then", n)
	}
	says(followed+second+"transform \"reduce\" \"broken\" {", "not reloaded, the old pipeline keeps running")
	feed()
	const refused = "transform.count: what it keeps has another shape than what is stored"
	says(strings.Replace(followed, "{ n = 0 }", "{ n = 0.5 }", 1), "not reloaded, the old pipeline keeps running", refused, "give it another name to start afresh, or forget what is stored with onstream state reset ")
	feed()
	renamed := strings.NewReplacer(`"count"`, `"tally"`, "transform.count", "transform.tally").Replace(followed)
	says(renamed+"renamed {\n  from = transform.count\n  to   = transform.tally\n}\n", "stage=transform.tally", "msg=reloaded")
	feed()
	says(renamed, "msg=reloaded")
	feed()
	l.stop()
	l = live(t, dir, nil, "--state", "state", "p")
	feed()
	l.stop()
}

// TestStateWithAnotherNumberOfLanes restarts a pipeline with as many lanes as
// there are processors: 1, 2, 8 and 3 of them.
func TestStateWithAnotherNumberOfLanes(t *testing.T) {
	t.Parallel()
	const keys, n, rounds = 300, 6000, 4
	dir := t.TempDir()
	in := filepath.Join(dir, "in.ndjson")
	write(t, filepath.Join(dir, "p", "main.hcl"), followed+`
transform "window" "hundreds" {
  from  = source.in
  key   = event.k
  clock = "processing"
  count = 50
  emit  = { k = key, n = agg::count() }
}
sink "file" "hundreds" {
  from = transform.hundreds
  path = "hundreds.ndjson"
}
`)
	write(t, in, "")
	for i, lanes := range []int{1, 2, 8, 3} {
		addTo(t, in, keyedLines(n, keys))
		l := live(t, dir, []string{fmt.Sprintf("GOMAXPROCS=%d", lanes)}, "--state", "state", "p")
		l.await("all records", func() bool {
			return len(recordsIn[counted](t, filepath.Join(dir, "out.ndjson"))) == (i+1)*n
		})
		l.stop()
	}
	for key, got := range counts(t, dir) {
		if got != rounds*n/keys {
			t.Errorf("%s was counted %d times, want %d", key, got, rounds*n/keys)
		}
	}
	windows := map[string]int{}
	for _, w := range recordsIn[counted](t, filepath.Join(dir, "hundreds.ndjson")) {
		windows[w.K]++
		if w.N != 50 {
			t.Errorf("a window of 50 records has %d", w.N)
		}
	}
	for key, got := range windows {
		if got != rounds*n/keys/50 {
			t.Errorf("%s has %d windows", key, got)
		}
	}
	t.Logf("%d keys with %d records each over runs with 1, 2, 8 and 3 lanes, %d windows", keys, rounds*n/keys, len(windows))
	if len(windows) != keys {
		t.Errorf("%d keys have windows, want %d", len(windows), keys)
	}
}

// TestStateGoesBackAndForth exports the state of a pipeline, lets it go on,
// puts the export in its place and lets it go on again: it does the same.
func TestStateGoesBackAndForth(t *testing.T) {
	t.Parallel()
	const keys = 20
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.ndjson"), filepath.Join(dir, "out.ndjson")
	write(t, filepath.Join(dir, "p", "main.hcl"), counting)
	write(t, in, keyedLines(1000, keys))
	run := func() string { // what a run adds
		t.Helper()
		before := 0
		if exists(out) {
			before = len(read(t, out))
		}
		succeed(t, dir, "run", "--state", "state", "p")
		return read(t, out)[before:]
	}
	run()
	succeed(t, dir, "state", "export", "state/fleet", "saved.ndjson")
	addTo(t, in, keyedLines(500, keys))
	first := sorted(run())
	succeed(t, dir, "state", "import", "--replace", "state/fleet", "saved.ndjson")
	if again := sorted(run()); again != first {
		t.Errorf("after the import\n%s\nwere written, before\n%s", again, first)
	}
	listed, _ := succeed(t, dir, "state", "list", "state")
	if !strings.Contains(listed, fmt.Sprintf("keeps        %d keys", keys)) && !strings.Contains(listed, fmt.Sprintf("%d keys", keys)) {
		t.Errorf("state list does not tell of %d keys:\n%s", keys, listed)
	}
	forgot, _ := succeed(t, dir, "state", "reset", "state/fleet", "transform.count")
	addTo(t, in, keyedLines(keys, keys))
	if got := run(); strings.Count(got, `"n":1}`) != keys {
		t.Errorf("after the reset:\n%s", got)
	}
	t.Log(strings.TrimSpace(forgot))
}
