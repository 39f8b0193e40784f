package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
)

// crewCounts asserts that every number below n was written, each time with its
// right place among those of its key.
func (w *world) crewCounts(t rapid.TB, n int64) {
	seen := map[int64]bool{}
	for _, line := range w.written("sink.out") {
		var m, count int64
		var k string
		if _, err := fmt.Sscan(line, &m, &k, &count); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		if count != m/crewKeys+1 {
			t.Fatalf("%d is written as number %d of its key, it is number %d", m, count, m/crewKeys+1)
		}
		seen[m] = true
	}
	for m := range n {
		if !seen[m] {
			t.Fatalf("%d was lost", m)
		}
	}
}

func (w *world) distinct() int {
	seen := map[string]bool{}
	for _, line := range w.written("sink.out") {
		seen[line] = true
	}
	return len(seen)
}

// Processes share partitions, are killed, held up and come back, while the logs
// and the sink fail now and then: state goes where the partitions go, and each
// record is counted once.
func TestStateGoesWithPartitions(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		const end = 3000
		w, c := newWorld(t), newCrew(end)
		w.addCrew(t, c)
		type process struct {
			dir   string
			crash context.CancelFunc
			ended chan error
		}
		processes := make([]process, 3)
		for i := range processes {
			processes[i].dir = t.TempDir()
		}
		start := func(p *process) {
			ctx, crash := context.WithCancel(context.Background())
			e := runtime.New(runtime.Config{Registry: &w.registry, StateDir: p.dir, Workers: rapid.IntRange(1, 3).Draw(rt, "workers")})
			p.crash, p.ended = crash, make(chan error, 1)
			go func() { p.ended <- e.Run(ctx, w.crewPipeline(c)) }()
		}
		stop := func(p *process) {
			p.crash()
			p.crash = nil
			if err := <-p.ended; err != nil && !errors.Is(err, context.Canceled) {
				rt.Fatal(err)
			}
		}
		defer func() {
			for i := range processes {
				if processes[i].crash != nil {
					processes[i].crash()
					if err := <-processes[i].ended; err != nil {
						rt.Log(err) // another error is being reported
					}
				}
			}
		}()
		start(&processes[0])
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			before := len(w.written("sink.out"))
			for deadline := time.Now().Add(20 * time.Millisecond); time.Now().Before(deadline) && len(w.written("sink.out")) < before+50; {
				time.Sleep(100 * time.Microsecond)
			}
			p := &processes[rapid.IntRange(0, len(processes)-1).Draw(rt, "process")]
			switch rapid.IntRange(0, 5).Draw(rt, "step") {
			case 0, 1:
				if p.crash == nil {
					start(p)
				} else {
					stop(p)
				}
			case 2:
				c.hold(rapid.IntRange(0, 2).Draw(rt, "member"), true)
			case 3:
				c.hold(rapid.IntRange(0, 2).Draw(rt, "member"), false)
			case 4:
				c.breakLogs(errDown)
			case 5:
				w.breakSink("sink.out", errDown)
			}
			if rapid.Bool().Draw(rt, "mend") {
				c.breakLogs(nil)
				w.breakSink("sink.out", nil)
			}
		}
		c.breakLogs(nil)
		w.breakSink("sink.out", nil)
		for i := range processes {
			c.hold(i, false)
			if processes[i].crash == nil {
				start(&processes[i])
			}
		}
		for deadline := time.Now().Add(20 * time.Second); w.distinct() < end; time.Sleep(time.Millisecond) {
			for i := range processes {
				select {
				case err := <-processes[i].ended:
					processes[i].crash = nil
					rt.Fatal(err)
				default:
				}
			}
			if time.Now().After(deadline) {
				w.crewCounts(rt, end)
				rt.Fatal("not all was written")
			}
		}
		w.crewCounts(rt, end)
	})
}

// What waits for a sink is left from owner to owner, though each numbers it anew.
func TestWhatWaitsGoesOnWithPartitions(t *testing.T) {
	t.Parallel()
	const end = 350
	w, c := newWorld(t), newCrew(end)
	w.addCrew(t, c)
	w.breakSink("sink.out", errDown)
	run := func(until func() bool) {
		ctx, crash := context.WithCancel(context.Background())
		defer crash()
		e := runtime.New(runtime.Config{Registry: &w.registry, StateDir: t.TempDir()})
		ended := make(chan error, 1)
		go func() { ended <- e.Run(ctx, w.crewPipeline(c)) }()
		for deadline := time.Now().Add(20 * time.Second); !until(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Error("that does not come to pass")
				break
			}
		}
		crash()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	var former []string
	for range 3 { // of whom none can write
		run(func() bool {
			owners, ends := c.standings(t)
			for _, o := range owners {
				if slices.Contains(former, o) {
					return false
				}
			}
			if !ends {
				return false
			}
			former = append(former, owners...)
			return true
		})
	}
	w.breakSink("sink.out", nil)
	run(func() bool { return w.distinct() >= end })
	w.crewCounts(t, end)
}

// A process that loses its partitions, and gets them back before anybody else had them, goes on
// where what its stages keep stands, however far behind that the group's positions are.
func TestStateThatStaysGoesOnWhereItStands(t *testing.T) {
	t.Parallel()
	const end = 3000
	for name, dir := range map[string]string{"stored": t.TempDir(), "in memory": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, c := newWorld(t), newCrew(end)
			w.addCrew(t, c)
			g := w.crewPipeline(c)
			g.Stage("transform.count").Follows = ""
			e := runtime.New(runtime.Config{Registry: &w.registry, StateDir: dir, Workers: 2})
			ctx, crash := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			go func() { ended <- e.Run(ctx, g) }()
			for deadline := time.Now().Add(20 * time.Second); w.distinct() < end; time.Sleep(time.Millisecond) {
				c.lose()
				if time.Now().After(deadline) {
					t.Error("not all was written")
					break
				}
			}
			crash()
			if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			w.crewCounts(t, end)
		})
	}
}

// What a stage kept is left to one that is called otherwise by now.
func TestStateGoesToRenamedStage(t *testing.T) {
	t.Parallel()
	w, c := newWorld(t), newCrew(210)
	w.addCrew(t, c)
	run := func(name string, end int64) {
		c.mu.Lock()
		c.end = end
		c.mu.Unlock()
		g := w.crewPipeline(c)
		if name != "count" {
			count := keyedStage("counter", name, nil, from("source.in"))
			count.Follows = "source.in"
			renamed := w.pipeline(g.Stage("source.in"), count, sink("out", from("transform."+name)))
			renamed.Checkpoint, renamed.Renamed = g.Checkpoint, []graph.Renamed{{From: "transform.count", To: "transform." + name}}
			g = renamed
		}
		ctx, crash := context.WithCancel(context.Background())
		defer crash()
		e := runtime.New(runtime.Config{Registry: &w.registry, StateDir: t.TempDir()})
		ended := make(chan error, 1)
		go func() { ended <- e.Run(ctx, g) }()
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
			if _, all := c.standings(t); all && int64(w.distinct()) >= end {
				break
			}
			if time.Now().After(deadline) {
				t.Error("not all was written")
				break
			}
		}
		crash()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	run("count", 105)
	run("tally", 210)
	w.crewCounts(t, 210)
}
