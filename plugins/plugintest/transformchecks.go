package plugintest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/onstream/onstream/plugins"
)

// transformKind: what the kind says of itself goes together.
func transformKind(t testing.TB, c TransformCase) {
	r := c.rig(t)
	k := c.Kind
	if k.Name == "" || k.Schema.Doc == "" {
		t.Errorf("the kind %q has no name or documentation", k.Name)
	}
	if k.Stateful && !k.Keyed {
		t.Error("the kind is Stateful and not Keyed")
	}
	x := r.make(nil)
	if _, is := x.t.(plugins.Stateful); k.Stateful && !is && k.Description(r.Config).State != "" {
		t.Error("the kind says that the stage keeps something, and the transform is not Stateful")
	}
	r.finish()
}

// transformUnused: instances that are made and not used leave nothing.
func transformUnused(t testing.TB, c TransformCase) {
	r := c.rig(t)
	for range 2 {
		r.make(nil)
	}
	r.finish()
}

// transformConservation: each row is emitted, dropped or failed, once, and so is what was made; in one batch
// and in many, and when time passes.
func transformConservation(t testing.TB, c TransformCase) {
	r := c.rig(t)
	x := r.make(nil)
	x.process(r.rows)
	for _, w := range r.rows {
		x.process([]row{w})
	}
	x.end()
	if x.out.Emitted+x.out.Dropped+x.out.Dead == 0 {
		t.Error("nothing has come of any record: the case tests nothing")
	}
	r.finish()
}

// transformSelection: rows that are not alive do not matter, whatever their columns hold.
func transformSelection(t testing.TB, c TransformCase) {
	r := c.rig(t)
	want := r.reference()
	rng := rand.New(rand.NewPCG(3, 3))
	x := r.make(nil)
	for from := 0; from < len(r.rows); {
		to := min(len(r.rows), from+1+rng.IntN(50))
		var rows []row
		for _, w := range r.rows[from:to] {
			for range rng.IntN(3) {
				rows = append(rows, row{number: -1})
			}
			rows = append(rows, w)
		}
		rows = append(rows, row{number: -1})
		x.process(rows)
		from = to
	}
	x.end()
	r.same("with rows between them that are not selected", x.out, want)
	r.finish()
}

// transformDivision: how the records are divided into batches makes no difference, and nothing of a batch is
// looked at after the call.
func transformDivision(t testing.TB, c TransformCase) {
	r := c.rig(t)
	want := r.reference()
	whole := r.make(nil)
	whole.process(r.rows)
	whole.end()
	r.same("in one batch", whole.out, want)
	for seed := range uint64(5) {
		rng := rand.New(rand.NewPCG(seed, 5))
		x := r.make(nil)
		for from := 0; from < len(r.rows); {
			to := min(len(r.rows), from+1+rng.IntN(40))
			x.process(r.rows[from:to])
			from = to
		}
		x.end()
		r.same(fmt.Sprintf("in batches of some records, that are overwritten (division %d)", seed), x.out, want)
	}
	r.finish()
}

// transformInput: the columns and bytes of the input stay as they are: others read them too.
func transformInput(t testing.TB, c TransformCase) {
	r := c.rig(t)
	x := r.make(nil)
	for from := 0; from < len(r.rows); from += 60 {
		rows := r.rows[from:min(len(r.rows), from+60)]
		b := r.batch(rows)
		data := string(b.Data)
		x.pass(b)
		if !strings.HasPrefix(string(b.Data), data) {
			t.Fatal("the transform has changed the bytes of the batch")
		}
		for k, f := range r.fields {
			col := b.Column(f.Name)
			for i, w := range rows {
				if col == nil || col.Value(uint32(i)) != w.values[k] {
					t.Fatalf("the transform has changed the column %q of its input: others read it too", f.Name)
				}
			}
		}
		if b.Len != len(rows) {
			t.Fatalf("the batch has %d rows, and had %d", b.Len, len(rows))
		}
	}
	r.finish()
}

// transformInstances: instances do not disturb each other, nor when they run side by side.
func transformInstances(t testing.TB, c TransformCase) {
	r := c.rig(t)
	want := r.reference()
	const n = 4
	var all [n]*instance
	for k := range all {
		all[k] = r.make(nil)
	}
	var sides sync.WaitGroup
	for k, x := range all {
		sides.Go(func() {
			for from := 0; from < len(r.rows); from += 7 + k {
				x.process(r.rows[from:min(len(r.rows), from+7+k)])
			}
		})
	}
	sides.Wait()
	for _, x := range all {
		x.end()
		r.same("in one of several instances", x.out, want)
	}
	r.finish()
}

// transformStop: a context that has ended makes Process return.
func transformStop(t testing.TB, c TransformCase) {
	r := c.rig(t)
	x := r.make(nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	x.ctx = ctx
	b := r.batch(r.rows)
	x.call(func(ctx context.Context) error {
		x.out.batch, x.out.gone = b, map[int64]bool{}
		_ = x.out.turn(func(out plugins.Emitter) error { return x.t.Process(ctx, b, out) }) // the pipeline is stopping
		return nil
	})
	r.finish()
}

// transformResume: an instance goes on where another was when it stored what it had.
func transformResume(t testing.TB, c TransformCase) {
	r := c.rig(t)
	probe := r.make(nil)
	if _, is := probe.t.(plugins.Stateful); !is {
		t.Skip("the transform is not Stateful")
	}
	want := r.reference()
	state := new(memoryState)
	x := r.make(state)
	for from := 0; from < len(r.rows); from += 20 {
		x.process(r.rows[from:min(len(r.rows), from+20)])
		if err := x.t.(plugins.Stateful).Snapshot(state); err != nil {
			t.Fatalf("Snapshot: %v", err)
		}
		if from%60 == 0 {
			next := r.make(state)
			next.out = x.out
			x = next
		}
	}
	x.end()
	r.same("with an instance that was stored and restored now and then", x.out, want)
	r.finish()
}
