package runtime_test

import (
	"context"
	"encoding/binary"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
)

// bellTime is how long after the first record of a key its bell is rung.
const bellTime = time.Hour

// rung is the value of a bell.
type rung struct{ count, rings, due int64 }

// bell counts the records of each key, and emits a record of its own, with n = -1 and the
// number of the ring, when some time has passed since the first behind the last ring.
type bell struct {
	*counter
	table *keyed.Table[rung]
}

func newBell(env plugins.Env) *bell {
	return &bell{counter: newCounter(env), table: keyed.NewTable(keyed.Config[rung]{
		Encode: func(dst []byte, v *rung) []byte {
			return binary.AppendVarint(binary.AppendVarint(binary.AppendVarint(dst, v.count), v.rings), v.due)
		},
		Decode: func(src []byte, v *rung) error {
			for _, to := range []*int64{&v.count, &v.rings, &v.due} {
				n := 0
				*to, n = binary.Varint(src)
				src = src[n:]
			}
			return nil
		},
		Due: func(e *keyed.Entry[rung]) (event, wall int64) { return plugins.Never, e.V.due },
	})}
}

func (b *bell) Restore(s plugins.State) error        { return b.table.Restore(s) }
func (b *bell) Snapshot(w plugins.StateWriter) error { return b.table.Snapshot(w) }
func (b *bell) StateStats() plugins.StateStats       { return b.table.Stats() }

func (b *bell) Process(_ context.Context, in *plugins.Batch, out plugins.Emitter) error {
	k, count := in.Column("k"), in.NewColumn("count", plugins.Int)
	for _, i := range in.Sel {
		b.key = plugins.AppendKey(b.key[:0], k, i)
		e, fresh, err := b.table.Open(b.key)
		if err != nil {
			return err
		}
		if fresh || e.V.due == plugins.Never {
			e.V.due = b.env.Now().Add(bellTime).UnixNano()
			b.table.Schedule(e)
		}
		e.V.count++
		count.Ints[i] = e.V.count
	}
	out.Emit(0, in)
	return nil
}

// Next asks for a call soon, as the clock may be moved.
func (b *bell) Next() int64 {
	next := b.table.NextWall()
	if next == plugins.Never {
		return next
	}
	return min(next, b.env.Now().Add(time.Millisecond).UnixNano())
}

func (b *bell) Tick(_ context.Context, now int64, out plugins.Emitter) error {
	return b.table.FireWall(now, func(e *keyed.Entry[rung], _ int64) error {
		e.V.due = plugins.Never
		e.V.rings++
		b.made(out, -1, plugins.KeyValue([]byte(e.Key)).Text, e.V.rings)
		return nil
	})
}

// belfry is a crew whose numbers ring a bell for each key.
type belfry struct {
	*world
	*crew
	forth atomic.Int64 // by how much the clock was moved
}

func newBelfry(t *testing.T, end int64) *belfry {
	b := &belfry{world: newWorld(t), crew: newCrew(end)}
	b.addCrew(t, b.crew)
	err := b.registry.AddTransform(plugins.TransformKind{
		Name: "bell", Keyed: true, Stateful: true,
		Outputs: func(plugins.Shape, plugins.Config) ([]plugins.Output, error) {
			return []plugins.Output{{Shape: counted}}, nil
		},
		Describe: keeping("a bell"),
		New:      func(_ plugins.Config, env plugins.Env) (plugins.Transform, error) { return newBell(env), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// member runs another process. It takes no checkpoint but those that it has to.
func (b *belfry) member(log *logged) *running {
	return b.memberIn(b.t.TempDir(), log)
}

// memberIn is member, with its state in a folder.
func (b *belfry) memberIn(dir string, log *logged) *running {
	return b.memberWith(dir, log, func(*graph.Graph) {})
}

// memberWith is memberIn, of a pipeline that is a little different.
func (b *belfry) memberWith(dir string, log *logged, change func(*graph.Graph)) *running {
	bells := keyedStage("bell", "bells", nil, from("source.in"))
	bells.Follows = "source.in"
	g := b.pipeline(b.stage("in"), bells, sink("out", from("transform.bells")))
	g.Checkpoint = graph.Checkpoint{Interval: time.Hour, Durability: graph.Fsync}
	change(g)
	now := func() time.Time { return time.Now().Add(time.Duration(b.forth.Load())) }
	return b.launch(dir, g, runtime.Config{Workers: 1, Now: now, Logger: log.logger()})
}

// rings returns how often each ring of the bells has come out.
func (b *belfry) rings() map[string]int {
	n := map[string]int{}
	for _, line := range b.written("sink.out") {
		if ring, ok := strings.CutPrefix(line, "-1 "); ok {
			n[ring]++
		}
	}
	return n
}

// readOn lets all members read more, and waits until that is written: their timers
// had their turn meanwhile.
func (b *belfry) readOn() {
	b.t.Helper()
	end := b.end.Add(420)
	b.until("all to be written", func() bool { return b.numbers() >= end })
}

// numbers returns how many different numbers are written.
func (b *belfry) numbers() int64 { return int64(b.distinct() - len(b.rings())) }

// once asserts that each bell was rung so often, and each ring came out once.
func (b *belfry) once(t rapid.TB, times int) {
	rings := b.rings()
	if len(rings) != times*crewKeys {
		t.Errorf("there are %d rings of %d bells, want %d of each", len(rings), crewKeys, times)
	}
	for ring, n := range rings {
		if n != 1 {
			t.Errorf("the ring %s came out %d times", ring, n)
		}
	}
}

// retried reports whether a sink was tried again.
func retried(e *running) bool {
	return slices.ContainsFunc(e.Stats().Stages, func(s runtime.StageStats) bool { return s.Retries > 0 })
}

// slowBell is a bell that stops in partition 0 at a number until a gate is open.
type slowBell struct {
	*bell
	at      int64
	gate    chan struct{}
	stopped *atomic.Bool
}

func (s *slowBell) Process(ctx context.Context, in *plugins.Batch, out plugins.Emitter) error {
	if in.Part.ID == 0 && in.Column("n").Ints[in.Sel[0]] >= s.at {
		s.stopped.Store(true)
		select {
		case <-s.gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return s.bell.Process(ctx, in, out)
}

// stopAt adds slow bells, and returns whether one has stopped.
func (b *belfry) stopAt(n int64, gate chan struct{}) *atomic.Bool {
	stopped := new(atomic.Bool)
	k, _ := b.registry.Transform("bell")
	k.Name = "slow bell"
	k.New = func(_ plugins.Config, env plugins.Env) (plugins.Transform, error) {
		return &slowBell{newBell(env), n, gate, stopped}, nil
	}
	if err := b.registry.AddTransform(k); err != nil {
		b.t.Fatal(err)
	}
	return stopped
}

// choosy is a sink that may keep back its answers for partitions with odd numbers,
// which are those that go to the second of two members, and may fail for the others.
type choosy struct {
	mu    sync.Mutex
	back  bool
	down  error
	rows  int
	kept  int // rows for which it has not answered
	dones []func(error)
}

func (s *choosy) Write(_ context.Context, b *plugins.Batch, done func(error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	goes := b.Part.ID%2 == 1
	switch {
	case goes && s.back:
		s.dones = append(s.dones, done)
		s.kept += len(b.Sel)
		return nil
	case !goes && s.down != nil:
		return s.down
	}
	s.rows += len(b.Sel)
	done(nil)
	return nil
}

func (s *choosy) Flush(context.Context) error { return nil }

// keepBack makes it keep back answers, or give all that it kept back.
func (s *choosy) keepBack(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.back = yes; yes {
		return
	}
	for _, done := range s.dones {
		done(nil)
	}
	s.dones, s.rows, s.kept = nil, s.rows+s.kept, 0
}

func (s *choosy) breakDown(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = err
}

func (s *choosy) written() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rows
}

func (s *choosy) keptBack() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept
}
