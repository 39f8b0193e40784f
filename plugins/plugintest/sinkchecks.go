package plugintest

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
)

// sinkKind: what the kind says of itself goes together.
func sinkKind(t testing.TB, c SinkCase) {
	r := c.rig(t)
	k := c.Kind
	if k.Name == "" || k.Schema.Doc == "" {
		t.Errorf("the kind %q has no name or documentation", k.Name)
	}
	if k.Check != nil {
		if err := k.Check(r.Config); err != nil {
			t.Errorf("Check refuses the configuration: %v", err)
		}
	}
	if k.Capabilities == nil {
		t.Fatal("the kind has no Capabilities")
	}
	r.make()
	if _, is := r.sink.(plugins.Transactional); is != r.caps.Transactions && r.caps.Transactions {
		t.Error("the kind says that the sink has Transactions, and it is not Transactional")
	}
}

// sinkUnused: New does no input or output, and a sink that was opened and never
// written to can be closed.
func sinkUnused(t testing.TB, c SinkCase) {
	r := c.rig(t)
	r.make()
	if left := r.brand.left(); left != "" {
		t.Errorf("New has started goroutines, which nobody ends where the pipeline does not start:\n%s", left)
	}
	r.start()
	r.call("Flush", r.sink.Flush)
	r.arrived(nil)
	r.finish()
}

// sinkDelivery: what is written, one batch after the other without waiting, arrives whole, once, in order.
func sinkDelivery(t testing.TB, c SinkCase) {
	r := c.rig(t)
	r.start()
	for range 10 {
		r.write(c.Records/10, 0)
	}
	r.deliver()
	r.arrived(c.values(r.next))
	r.write(1, 0)
	r.deliver()
	r.arrived(c.values(r.next))
	r.finish()
	if !c.Discards && r.Close == nil {
		r.arrived(c.values(r.next))
	}
}

// values returns the first n records.
func (c SinkCase) values(n int) []string {
	var all []string
	for i := range n {
		all = append(all, c.Value(i))
	}
	return all
}

// sinkSelection: rows that are not alive are not written, whatever they hold; a batch
// without rows is answered for.
func sinkSelection(t testing.TB, c SinkCase) {
	r := c.rig(t)
	r.start()
	r.write(3, 1)
	r.write(0, 0)
	r.write(0, 3)
	r.write(1, 4)
	r.write(20, 2)
	r.deliver()
	if failed := r.refusals(); len(failed) > 0 {
		t.Errorf("%.200q was refused, and nothing is wrong with it", failed[0])
	}
	r.arrived(c.values(r.next))
	r.finish()
}

// sinkDurable: when a batch is answered for, its records are there, at once.
func sinkDurable(t testing.TB, c SinkCase) {
	r := c.rig(t)
	r.start()
	type look struct {
		at   *writing
		over chan struct{}
	}
	looks := make(chan look)
	r.answered = func(w *writing) {
		l := look{w, make(chan struct{})}
		select {
		case looks <- l:
			<-l.over
		case <-time.After(patience(t)):
		}
	}
	for range 3 {
		first := r.next
		w := r.batch(first, r.values(4), 1)
		w.answer, w.sel = make(chan struct{}), slices.Clone(w.b.Sel)
		r.all = append(r.all, w)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			r.brand.do(r.ctx, func(ctx context.Context) {
				if err := r.sink.Write(ctx, w.b, w.done); err != nil {
					w.done(err)
				} else if err := r.sink.Flush(ctx); err != nil {
					t.Errorf("Flush: %v", err)
				}
			})
		}()
		select {
		case l := <-looks:
			got, err := r.Read()
			if absent := missing(l.at.records, got); err != nil || absent != "" {
				t.Errorf("done was called, and %q is not there (error %v)", absent, err)
			}
			close(l.over)
		case <-time.After(patience(t)):
			t.Fatalf("nothing was answered for %v after Flush", patience(t))
		}
		returns(t, "Flush", func() { <-ended; <-w.answer })
	}
	r.answered = nil
	r.deliver()
	r.arrived(c.values(r.next))
	r.finish()
}

// sinkDirect: where the kind says so, a batch is answered for before Write returns.
func sinkDirect(t testing.TB, c SinkCase) {
	r := c.rig(t)
	if c.Kind.Direct == nil || !c.Kind.Direct(r.Config) {
		t.Skip("the kind does not say that it is Direct")
	}
	r.start()
	for range 5 {
		w := r.write(10, 1)
		select {
		case <-w.answer:
		default:
			t.Fatal("the kind says that it is Direct, and Write returned before done was called")
		}
	}
	r.arrived(c.values(r.next))
	r.finish()
}

// sinkMixture: whatever the sizes of batches, the rows that are alive, and when is flushed.
func sinkMixture(t testing.TB, c SinkCase) {
	r := c.rig(t)
	r.start()
	rng := rand.New(rand.NewPCG(7, 7))
	for r.next < c.Records {
		r.write(rng.IntN(30), rng.IntN(3))
		if rng.IntN(4) == 0 {
			r.deliver()
		}
	}
	r.deliver()
	r.arrived(c.values(r.next))
	r.finish()
}

// sinkLarge: large batches.
func sinkLarge(t testing.TB, c SinkCase) {
	r := c.rig(t)
	r.start()
	for range 2 {
		r.write(c.Records*4, 0)
	}
	r.deliver()
	r.arrived(c.values(r.next))
	r.finish()
}

// sinkRestart: another sink goes on where one was closed, as after a restart and as in a reload.
func sinkRestart(t testing.TB, c SinkCase) {
	r := c.rig(t)
	r.Env.Replaces = true // what is there is to be kept
	for range 3 {
		r.start()
		r.write(20, 0)
		r.deliver()
		r.close()
	}
	r.arrived(c.values(r.next))
	r.leave()
}

// sinkTemporary: after an error that passes the same batch is taken again, nothing is lost, and where the sink
// is idempotent, nothing is there twice. A sink that cannot be opened yet can be used later.
func sinkTemporary(t testing.TB, c SinkCase) {
	r := c.rig(t)
	if r.Break == nil {
		t.Skip("the case cannot make writing fail for a while")
	}
	r.make()
	r.Break()
	if o, is := r.sink.(plugins.Opener); is {
		if err := r.try(r.ctx, "Open", o.Open); plugins.IsPermanent(err) {
			t.Errorf("Open returned an error for good, %q, and it would have passed", err)
		}
	}
	r.write(5, 1)
	if err := r.try(r.ctx, "Flush", r.sink.Flush); plugins.IsPermanent(err) {
		t.Errorf("Flush returned an error for good, %q, and it would have passed", err)
	}
	select {
	case <-r.all[0].answer: // a sink may as well try by itself, and answer later
		if r.all[0].err == nil {
			t.Error("the sink says that a batch is written which cannot have been")
		}
	case <-time.After(quiet):
	}
	r.Mend()
	r.deliver()
	r.write(5, 1)
	r.Break()
	r.write(5, 0)
	r.write(5, 2)
	_ = r.try(r.ctx, "Flush", r.sink.Flush)
	r.Mend()
	r.deliver()
	if failed := r.refusals(); len(failed) > 0 {
		t.Errorf("%.200q was given up, and the error would have passed", failed[0])
	}
	got := r.read()
	want := c.values(r.next)
	if absent := missing(want, got); absent != "" {
		t.Errorf("%.200q was lost over an error that passed", absent)
	}
	if alien := missing(got, want); alien != "" {
		t.Errorf("%.200q has arrived and was never written", alien)
	}
	if r.caps.Idempotent && len(got) != len(want) {
		t.Errorf("%d records have arrived of %d, and the kind says that it is Idempotent", len(got), len(want))
	}
	r.finish()
}

// sinkRefused: a record that is refused for good is named alone; the others arrive.
func sinkRefused(t testing.TB, c SinkCase) {
	r := c.rig(t)
	if r.Refused == "" {
		t.Skip("the case has no record that is refused")
	}
	r.start()
	r.write(5, 1)
	first := r.next
	bad := r.values(10)
	bad[4] = r.Refused
	w := r.batch(first, bad, 1)
	r.all = append(r.all, w)
	w.try(r.ctx)
	r.write(5, 0)
	r.deliver()
	if failed := r.refusals(); len(failed) != 1 || failed[0] != r.Refused {
		t.Errorf("%.300q was refused, and should be %.100q alone", failed, r.Refused)
	}
	r.arrived(slices.Delete(c.values(r.next), first+4, first+5))
	r.finish()
}

// sinkRepeat: writing a record twice is as writing it once, where the kind says so.
func sinkRepeat(t testing.TB, c SinkCase) {
	r := c.rig(t)
	if !r.caps.Idempotent {
		t.Skip("the kind does not say that it is Idempotent")
	}
	r.start()
	for range 3 {
		r.next = 0
		r.write(20, 1)
		r.write(20, 0)
		r.deliver()
	}
	r.arrived(c.values(r.next))
	r.finish()
}

// sinkStop: a context that has ended makes all calls return; done is not called twice for it.
func sinkStop(t testing.TB, c SinkCase) {
	r := c.rig(t)
	r.start()
	r.write(5, 0)
	r.deliver()
	ctx, cancel := context.WithCancel(context.Background())
	r.ctx = ctx
	cancel()
	w := r.write(5, 1)
	_ = r.try(ctx, "Flush, with a context that has ended,", r.sink.Flush)
	if closer, is := r.sink.(plugins.Closer); is {
		_ = r.try(ctx, "Close, with a context that has ended,", closer.Close)
	}
	r.ctx = context.Background()
	r.leave()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calls > 1 {
		t.Errorf("done was called %d times for a batch", w.calls)
	}
	if w.over && w.err == nil && !c.Discards && r.Close == nil && missing(w.records, r.read()) != "" {
		t.Error("the sink says that a batch is written which is not there")
	}
}

// sinkStalled: a target that does not answer holds the sink up until the context ends, not longer.
func sinkStalled(t testing.TB, c SinkCase) {
	r := c.rig(t)
	if r.Stall == nil {
		t.Skip("the case cannot make writing wait for ever")
	}
	r.start()
	r.Stall()
	t.Cleanup(r.Free)
	ctx, cancel := context.WithCancel(context.Background())
	r.ctx = ctx
	time.AfterFunc(quiet, cancel)
	r.write(5, 1)
	_ = r.try(ctx, "Flush, whose context ends,", r.sink.Flush)
	cancel()
	if closer, is := r.sink.(plugins.Closer); is {
		_ = r.try(ctx, "Close, with a context that has ended,", closer.Close)
	}
	r.Free()
	r.leave()
}
