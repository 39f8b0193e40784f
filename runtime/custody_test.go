package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
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
		if m >= 0 && count != m/crewKeys+1 {
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
		c.patience = time.Duration(rapid.SampledFrom([]int{0, 5, 50}).Draw(rt, "patience")) * time.Millisecond
		w.addCrew(t, c)
		type process struct {
			dir   string
			crash context.CancelFunc
			ended chan error
		}
		processes := make([]process, 3)
		for i := range processes {
			processes[i].dir = folder(t, rt)
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
		// A slow disk is no failure: it is one that nothing more comes.
		for last, deadline := 0, time.Now().Add(patience); w.distinct() < end; time.Sleep(time.Millisecond) {
			if now := w.distinct(); now > last {
				last, deadline = now, time.Now().Add(patience)
			}
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
		for deadline := time.Now().Add(patience); !until(); time.Sleep(time.Millisecond) {
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
			for deadline := time.Now().Add(patience); w.distinct() < end; time.Sleep(time.Millisecond) {
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
		c.end.Store(end)
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
		for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
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

// Two sources read the same topic: what waits for their sink goes on with the
// partitions of the one that brought it.
func TestSourcesOfOneTopic(t *testing.T) {
	t.Parallel()
	const end = 350
	w, a, b := newWorld(t), newCrew(end), newCrew(end)
	b.name = "other"
	w.addCrew(t, a)
	w.addCrew(t, b)
	build := func(crews map[string]*crew) *graph.Graph {
		var stages []*graph.Stage
		var counted []graph.Input
		for name, c := range crews {
			count := keyedStage("counter", name, nil, from("source."+name))
			count.Follows = "source." + name
			stages = append(stages, c.stage(name), count)
			counted = append(counted, from("transform."+name))
		}
		g := w.pipeline(append(stages, sink("out", counted...))...)
		g.Checkpoint = graph.Checkpoint{Interval: time.Millisecond, Durability: graph.Fsync}
		return g
	}
	w.breakSink("sink.out", errDown)
	e := w.launch(t.TempDir(), build(map[string]*crew{"a": a, "b": b}), runtime.Config{})
	w.until("all to be in the logs", func() bool { return a.inLogs(t) && b.inLogs(t) })
	e.kill()
	w.breakSink("sink.out", nil)
	for _, only := range []map[string]*crew{{"a": a}, {"b": b}} {
		before := len(w.written("sink.out"))
		e := w.launch(t.TempDir(), build(only), runtime.Config{})
		w.until("what waited to be written", func() bool { return len(w.written("sink.out")) >= before+end })
		e.kill()
		if n := len(w.written("sink.out")) - before; n != end {
			t.Errorf("%d records of a source waited, %d were written", end, n)
		}
	}
	w.crewCounts(t, end)
}

// A stage that changes takes over from the instance of each partition.
func TestChangedStageInheritsByPartition(t *testing.T) {
	t.Parallel()
	w, c := newWorld(t), newCrew(210)
	w.addCrew(t, c)
	e := w.launch(t.TempDir(), w.crewPipeline(c), runtime.Config{})
	w.until("all to be written", func() bool { return w.distinct() >= 210 })
	next := w.crewPipeline(c)
	next.Stage("transform.count").Config = plugins.NewConfig(map[string]any{"note": "changed"})
	if _, err := e.Reload(context.Background(), next); err != nil {
		t.Fatal(err)
	}
	if n := w.counted("inherited"); n != crewParts {
		t.Errorf("%d instances have taken over from others, not %d", n, crewParts)
	}
	e.kill()
}

// A source that a reload removes leaves its partitions.
func TestRemovedSourceLeavesItsPartitions(t *testing.T) {
	t.Parallel()
	w, c := newWorld(t), newCrew(210)
	w.addCrew(t, c)
	e := w.launch(t.TempDir(), w.crewPipeline(c), runtime.Config{})
	w.until("all to be written", func() bool { return w.distinct() >= 210 })
	next := w.pipeline(source("in2", map[string]any{"size": int64(5)}), keyedStage("counter", "count", nil, from("source.in2")), sink("out", from("transform.count")))
	next.Checkpoint = graph.Checkpoint{Interval: time.Millisecond, Durability: graph.Fsync}
	next.Stages[1].Name = "again"
	next.Stages[2].Inputs = []graph.Input{from("transform.again")}
	if _, err := e.Reload(context.Background(), next); err != nil {
		t.Fatal(err)
	}
	w.until("the logs to be closed", func() bool { return c.closes() == crewParts })
	e.kill()
}

// Partitions that are lost are given up though what they leave cannot be written:
// nobody needs it.
func TestLostPartitionsLeaveNothing(t *testing.T) {
	t.Parallel()
	const end = 350
	w, c := newWorld(t), newCrew(end)
	w.addCrew(t, c)
	w.breakSink("sink.out", errDown)
	e := w.launch(t.TempDir(), w.crewPipeline(c), runtime.Config{})
	w.until("all to be in the logs", func() bool { return c.inLogs(t) })
	c.breakLogs(errDown)
	w.breakSink("sink.out", nil)
	w.until("checkpoints to fail", func() bool { return e.Stats().Checkpoint.Error != "" })
	c.lose()
	w.until("the partitions to be given up", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.lost == crewParts
	})
	c.breakLogs(nil)
	w.until("all to be written", func() bool { return w.distinct() == end })
	e.kill()
	w.crewCounts(t, end)
}

// A source is not told of what its process could not leave to the next owner of a
// partition in time: that one would go on behind it, with nothing.
func TestSourceIsNotToldOfWhatIsNotLeft(t *testing.T) {
	t.Parallel()
	const end = 35
	var w *world
	var c *crew
	var first *running
	for interval := time.Second; ; interval *= 2 { // until all is written before the first checkpoint
		w, c = newWorld(t), newCrew(end)
		c.hurry = make(chan struct{})
		w.addCrew(t, c)
		g := w.crewPipeline(c)
		g.Checkpoint.Interval = interval
		first = w.launch(t.TempDir(), g, runtime.Config{})
		w.until("all to be written", func() bool { return w.distinct() == end })
		if c.breakLogs(errDown); first.Stats().Checkpoint.Number == 0 {
			break
		}
		first.kill()
	}
	w.until("the first checkpoint to fail", func() bool { return first.Stats().Checkpoint.Error != "" })
	second := w.launch(t.TempDir(), w.crewPipeline(c), runtime.Config{})
	w.until("partitions to be given back", func() bool { return c.givingBack() == 1 })
	close(c.hurry)
	c.mendLogsThatStay()
	w.until("them to be given up", func() bool { return c.givingBack() == 0 })
	c.breakLogs(nil)
	c.end.Store(2 * end)
	w.until("more to be written", func() bool { return w.distinct() >= 2*end })
	first.kill()
	second.kill()
	w.crewCounts(t, 2*end)
}
