package runtime_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/runtime/graph"
)

// A timer that is due when the last of a partition is on its way to its next owner comes
// out there, and only there.
func TestTimersGoWithPartitions(t *testing.T) {
	t.Parallel()
	b := newBelfry(t, 210)
	var log, other logged
	first := b.member(&log)
	b.until("all to be written", func() bool { return b.numbers() == 210 })
	held := make(chan struct{})
	b.holdLogs(held)
	second := b.member(&other)
	b.until("the first to leave something", func() bool { return b.appending() > 0 })
	b.forth.Add(int64(2 * bellTime))
	b.until("bells that the first keeps", func() bool { return len(b.rings()) > 0 })
	b.holdLogs(nil)
	close(held)
	b.until("partitions to be taken over", func() bool { return other.count("took over a partition") > 0 && b.shares() == 2 })
	if n := log.count("gave partitions with what the stages keep of them"); n != 1 {
		t.Errorf("the first said %d times which partitions it gave away", n)
	}
	b.readOn()
	b.once(t, 1) // what no checkpoint has is rung again behind a kill
	first.kill()
	second.kill()
	b.crewCounts(t, b.end.Load())
}

// What a timer has made, and a sink has not taken yet, is written by the owner who made it:
// its partition is handed over when that is done.
func TestTimersResultsAreWrittenBeforePartitionsGo(t *testing.T) {
	t.Parallel()
	b := newBelfry(t, 210)
	var log, other logged
	first := b.member(&log)
	b.until("all to be written", func() bool { return b.numbers() == 210 })
	b.breakSink("sink.out", errDown)
	b.forth.Add(int64(2 * bellTime))
	b.until("the sink to be tried", func() bool { return retried(first) })
	second := b.member(&other)
	b.until("partitions to be asked for", func() bool { return b.joined() == 2 })
	for range 100 { // it should not come to pass, however long one waits
		if other.count("took over a partition") > 0 {
			t.Error("a partition was handed over before what its timers made was written")
			break
		}
		time.Sleep(time.Millisecond)
	}
	b.breakSink("sink.out", nil)
	b.until("partitions to be taken over", func() bool { return other.count("took over a partition") > 0 && b.shares() == 2 })
	b.readOn()
	b.once(t, 1) // what no checkpoint has is rung again behind a kill
	first.kill()
	second.kill()
	b.crewCounts(t, b.end.Load())
}

// Processes come and go in order while the clock goes on and sinks fail now and then: all that
// timers make comes out once.
func TestTimersOverOrderlyStops(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := newBelfry(t, 210)
		b.leaves = true
		var log logged
		dirs := []string{folder(t, rt), folder(t, rt), folder(t, rt)}
		there := make([]*running, len(dirs))
		defer func() {
			for _, e := range there {
				if e != nil {
					e.crash()
					if err := <-e.ended; err != nil && !errors.Is(err, context.Canceled) {
						rt.Log(err) // another error is being reported
					}
				}
			}
		}()
		start := func(i int) { there[i] = b.memberIn(dirs[i], &log) }
		stop := func(i int) {
			there[i].Drain()
			b.breakSink("sink.out", nil) // what is down then holds it up
			err := <-there[i].ended
			if there[i] = nil; err != nil {
				rt.Fatal(err)
			}
		}
		start(0)
		running := 1
		rounds := rapid.IntRange(1, 2).Draw(rt, "rounds")
		for round := range rounds {
			b.readOn() // each bell is to be rung
			for range rapid.IntRange(1, 4).Draw(rt, "steps") {
				if rapid.Bool().Draw(rt, "sink is down") {
					b.breakSink("sink.out", errDown)
				}
				if rapid.Bool().Draw(rt, "clock") {
					b.forth.Add(int64(bellTime/2 + time.Minute))
				}
				i := rapid.IntRange(0, len(dirs)-1).Draw(rt, "process")
				switch {
				case there[i] == nil:
					start(i)
					running++
				case running > 1:
					stop(i)
					running--
				}
				b.breakSink("sink.out", nil)
			}
			b.forth.Add(int64(2 * bellTime))
			b.until("all bells", func() bool { return len(b.rings()) == (round+1)*crewKeys })
		}
		b.readOn() // and nothing more comes
		b.crewCounts(rt, b.end.Load())
		b.once(rt, rounds)
	})
}

// A member whose sink does not take what timers have made gives way in time, and what
// it has made is not lost.
func TestTimersResultsHoldUpPartitionsForLimitedTime(t *testing.T) {
	t.Parallel()
	b := newBelfry(t, 210)
	b.patience = 20 * time.Millisecond
	var log, other logged
	first := b.member(&log)
	b.until("all to be written", func() bool { return b.numbers() == 210 })
	b.breakSink("sink.out", errDown)
	b.forth.Add(int64(2 * bellTime))
	b.until("the sink to be tried", func() bool { return retried(first) })
	second := b.member(&other)
	b.until("partitions to be shared", func() bool { return b.shares() == 2 })
	b.breakSink("sink.out", nil)
	b.readOn()
	b.until("all bells", func() bool { return len(b.rings()) == crewKeys })
	first.kill()
	second.kill()
	b.crewCounts(t, b.end.Load())
}

// Partitions go as soon as all that is of them is answered, also while the sink, which does
// not take what is of another one, is tried again and again.
func TestPartitionsGoWhileSinkFailsForOthers(t *testing.T) {
	t.Parallel()
	b := newBelfry(t, 210)
	s := new(choosy)
	b.addSink("choosy", s)
	var log, other logged
	start := func(log *logged) *running {
		return b.memberWith(t.TempDir(), log, func(g *graph.Graph) { g.Stage("sink.out").Kind = "choosy" })
	}
	first := start(&log)
	b.until("all to be written", func() bool { return s.written() == 210 })
	s.keepBack(true)
	b.forth.Add(int64(2 * bellTime))
	b.until("the bells", func() bool { return s.keptBack() == 9 && s.written() == 222 })
	s.breakDown(errDown)
	b.end.Store(211) // its last number is of a partition that stays
	b.until("the sink to be tried", func() bool { return retried(first) })
	second := start(&other)
	b.until("partitions to be given back", func() bool { return b.givingBack() > 0 })
	s.keepBack(false)
	b.until("partitions to be taken over", func() bool { return b.shares() == 2 })
	s.breakDown(nil)
	b.until("what stays to be written", func() bool { return s.written() >= 232 })
	first.kill()
	second.kill()
}

// Partitions wait for a stage that is busy for as long as the source lets them, not only for
// as long as a checkpoint would.
func TestPartitionsWaitForBusyStage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBelfry(t, 210)
		gate := make(chan struct{})
		stopped := b.stopAt(210, gate)
		var log, other logged
		first := b.memberWith(t.TempDir(), &log, func(g *graph.Graph) { g.Stage("transform.bells").Kind = "slow bell" })
		b.until("all to be written", func() bool { return b.numbers() == 210 })
		b.end.Store(211)
		b.until("a stage to be busy", stopped.Load)
		second := b.memberWith(t.TempDir(), &other, func(g *graph.Graph) { g.Stage("transform.bells").Kind = "slow bell" })
		b.until("partitions to be given back", func() bool { return b.givingBack() > 0 })
		select {
		case err := <-first.ended:
			t.Fatal("the first ended with", err)
		case <-time.After(time.Minute):
		}
		close(gate)
		b.until("partitions to be taken over", func() bool { return b.shares() == 2 })
		first.kill()
		second.kill()
	})
}
