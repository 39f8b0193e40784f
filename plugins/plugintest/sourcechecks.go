package plugintest

import (
	"errors"
	"testing"

	"github.com/onstream/onstream/plugins"
)

// sourceKind: what the kind says of itself goes together.
func sourceKind(t testing.TB, c SourceCase) {
	r := c.rig(t)
	k := c.Kind
	if k.Name == "" || k.Schema.Doc == "" {
		t.Errorf("the kind %q has no name or documentation", k.Name)
	}
	if !k.Payload && k.Output == nil {
		t.Error("the kind has neither Payload nor Output: nothing is known of its records")
	}
	if k.Check != nil {
		if err := k.Check(r.Config); err != nil {
			t.Errorf("Check refuses the configuration: %v", err)
		}
	}
	if k.Capabilities == nil {
		t.Fatal("the kind has no Capabilities")
	}
	if _, is := r.make().(plugins.Seeker); r.caps.Seekable && !is {
		t.Error("the kind says that the source is Seekable, and it is no Seeker")
	}
}

// sourceUnused: New does no input or output, so a source that never runs leaves nothing.
func sourceUnused(t testing.TB, c SourceCase) {
	r := c.rig(t)
	for range 2 {
		r.make()
	}
	if left := r.brand.left(); left != "" {
		t.Errorf("New has started goroutines, which nobody ends where Run is not called:\n%s", left)
	}
}

// sourceDelivery: everything comes, whole, once and in order, and the partitions
// of an input that has ended are done.
func sourceDelivery(t testing.TB, c SourceCase) {
	r := c.rig(t)
	want := r.expect(c.Records)
	x := r.start(r.outlet(), nil)
	if c.Ends {
		x.wait("its input has ended")
		if x.err != nil {
			t.Errorf("Run returned %q when its input had ended", x.err)
		}
	}
	x.brings(want)
	x.end()
	if c.Ends {
		x.out.allDone()
	}
	r.finish()
}

// allDone checks that each partition was said to be done.
func (o *Outlet) allDone() {
	o.TB.Helper()
	done := map[plugins.Partition]bool{}
	for _, p := range o.done {
		done[p] = true
	}
	for _, x := range o.taken {
		if !done[x.part] {
			o.TB.Errorf("the input has ended, and nobody said that %s is done", x.part)
			return
		}
	}
}

// sourceStop: Run returns soon when its context ends: at once, and while records flow.
func sourceStop(t testing.TB, c SourceCase) {
	idle := c.rig(t)
	idle.start(idle.outlet(), nil).end()
	idle.finish()
	r := c.rig(t)
	want := r.expect(c.Records)
	y := r.start(r.outlet(), nil)
	eventually(t, "a record comes", func() bool { return len(y.out.Records()) > 0 })
	y.end()
	got := y.out.Records()
	if !c.Unordered && len(got) <= len(want) {
		r.same(got, want[:len(got)])
	}
	r.finish()
}

// sourceBackPressure: while nothing is taken the source waits, with little in its hands, and it
// can be stopped; otherwise all comes when it is taken again.
func sourceBackPressure(t testing.TB, c SourceCase) {
	for _, goesOn := range []bool{false, true} {
		r := c.rig(t)
		want := r.expect(c.Records)
		o := r.outlet()
		o.Block()
		x := r.start(o, nil)
		eventually(t, "the source hands something over", func() bool { return o.count(&o.waiting) > 0 })
		settled(func() int { return o.count(&o.drawn) })
		if ahead := o.count(&o.drawn) - o.count(&o.handed); ahead > c.Ahead {
			t.Errorf("the source has %d batches in its hands while none is taken, and may have %d", ahead, c.Ahead)
		}
		if goesOn {
			o.Unblock()
			x.brings(want)
		}
		x.end()
		r.finish()
	}
}

// count returns a number that o.mu protects.
func (o *Outlet) count(n *int) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return *n
}

// all is what expect(n) returns.
func (r *sourceRig) all(n int) []string {
	if r.Makes != nil {
		return r.Makes
	}
	return r.values(0, n)
}

// sourceRefused: what was not taken is not passed over. A source ends then, or hands the same over again.
func sourceRefused(t testing.TB, c SourceCase) {
	r := c.rig(t)
	o := r.outlet()
	o.Refuse(errRefused)
	want := r.expect(min(c.Records, 20))
	x := r.start(o, nil)
	eventually(t, "the source hands something over", func() bool { return o.count(&o.refused) > 0 })
	settled(func() int { return o.count(&o.handed) })
	x.end()
	if x.failed && x.err == nil {
		t.Error("Run returned nil, as if the input had ended, after a delivery was not taken")
	}
	if x.err != nil && x.failed && !errors.Is(x.err, errRefused) {
		t.Errorf("Run returned %q, and should return why the delivery was not taken", x.err)
	}
	if got := o.Records(); len(got) > 0 && !c.Unordered && got[0] != want[0] {
		t.Errorf("the first records were not taken, and %.200q came next: they are lost", got[0])
	}
	r.finish()
}

// sourceLateAnswers: answers may come late, in one go, and after Run has returned; they do not block.
func sourceLateAnswers(t testing.TB, c SourceCase) {
	r := c.rig(t)
	o := r.outlet()
	o.Hold()
	r.expect(min(c.Records, 50))
	x := r.start(o, nil)
	eventually(t, "a record comes", func() bool { return len(o.Records()) > 0 })
	settled(func() int { return len(o.Records()) })
	x.cancel()
	settled(func() int { return o.count(&o.handed) })
	returns(t, "an Ack of a source that stops", func() { o.Answer(1, nil) })
	returns(t, "a Nack of a source that stops", func() { o.Answer(1, errRefused) })
	returns(t, "the Acks of a source that stops", o.Free)
	x.end()
	y := r.outlet()
	y.Hold()
	z := r.start(y, nil)
	z.cancel()
	z.wait("its context has ended")
	returns(t, "an Ack after Run has returned", y.Free)
	r.finish()
}

// sourceFollow: what is put in while the source runs comes too.
func sourceFollow(t testing.TB, c SourceCase) {
	r := c.rig(t)
	half := c.Records / 2
	r.feed(r.values(0, half))
	x := r.start(r.outlet(), nil)
	x.brings(r.values(0, half))
	r.feed(r.values(half, c.Records))
	x.brings(r.values(0, c.Records))
	x.end()
	r.finish()
}

// sourcePoison: what cannot be a record fails, with a reason, or is refused; its neighbours come.
func sourcePoison(t testing.TB, c SourceCase) {
	r := c.rig(t)
	if r.Poison == nil {
		t.Skip("nothing can be put in that is no record")
	}
	want := r.values(0, 10)
	taken := make(chan bool, 1)
	feed := func() {
		r.puts(want[:5])
		taken <- r.Poison() == nil
		r.puts(want[5:])
	}
	x := (*sourceRun)(nil)
	if c.Online {
		x = r.start(r.outlet(), nil)
		r.feeding.Go(feed)
	} else {
		feed()
		x = r.start(r.outlet(), nil)
	}
	x.brings(want)
	if <-taken {
		eventually(t, "what is no record has failed, or whoever puts it in is told so", func() bool { return len(x.out.Failures()) > 0 })
	}
	x.end()
	r.finish()
}
