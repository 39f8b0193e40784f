package plugintest

import (
	"context"
	"errors"
	"testing"

	"github.com/onstream/onstream/plugins"
)

// sourceResume: from each position that was handed over, another source goes on with
// exactly the rest.
func sourceResume(t testing.TB, c SourceCase) {
	r := c.rig(t)
	if !r.caps.Seekable {
		t.Skip("the kind does not say that it is Seekable")
	}
	want := r.expect(c.Records)
	x := r.start(r.outlet(), nil)
	x.brings(want)
	x.end()
	deliveries := x.out.taken
	for _, d := range deliveries {
		if d.next == nil && len(d.records) > 0 {
			t.Fatalf("a delivery of %s has no position, and the kind says that it is Seekable", d.part)
		}
	}
	step := max(1, len(deliveries)/8)
	for n := 1; n <= len(deliveries); n += step {
		from := map[plugins.Partition]plugins.Position{}
		var before []string
		for _, d := range deliveries[:n] {
			from[d.part] = d.next
			before = append(before, d.records...)
		}
		var rest []string
		for _, d := range deliveries[n:] {
			rest = append(rest, d.records...)
		}
		y := r.start(r.outlet(), from)
		y.brings(rest)
		if c.Ends {
			y.wait("its input has ended")
		}
		settled(func() int { return len(y.out.Records()) })
		y.brings(rest)
		y.end()
		if again := y.out.Records(); len(again) > 0 && missing(again[:1], before) == "" {
			t.Errorf("%.200q came again after %d deliveries", again[0], n)
		}
	}
	if !c.Online {
		r.moreLater(deliveries)
	}
	r.finish()
}

// moreLater resumes at the very end of an input to which something was added meanwhile.
func (r *sourceRig) moreLater(deliveries []*taken) {
	r.t.Helper()
	from := map[plugins.Partition]plugins.Position{}
	for _, d := range deliveries {
		from[d.part] = d.next
	}
	more := r.values(r.Records, r.Records+5)
	r.feed(more)
	x := r.start(r.outlet(), from)
	x.brings(more)
	x.end()
}

// sourceBadPosition: a position that the source cannot understand is an error, or it starts
// at the beginning; it never skips, and does not crash.
func sourceBadPosition(t testing.TB, c SourceCase) {
	r := c.rig(t)
	if !r.caps.Seekable {
		t.Skip("the kind does not say that it is Seekable")
	}
	want := r.expect(min(c.Records, 20))
	x := r.start(r.outlet(), nil)
	x.brings(want)
	x.end()
	part := x.out.taken[0].part
	good := x.out.taken[0].next
	for _, bad := range []plugins.Position{{}, plugins.Position("\x00\xff garbage \x80"), good[:len(good)/2], append(append(plugins.Position{}, good...), "more"...)} {
		r.tryPosition(map[plugins.Partition]plugins.Position{part: bad}, want)
	}
	r.finish()
}

func (r *sourceRig) tryPosition(from map[plugins.Partition]plugins.Position, want []string) {
	r.t.Helper()
	s := r.make()
	o := r.outlet()
	o.Start = from
	if err := s.(plugins.Seeker).Seek(from); err != nil {
		if err.Error() == "" {
			r.t.Errorf("Seek(%q) says nothing about what is wrong", from)
		}
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go r.brand.do(ctx, func(ctx context.Context) { ended <- s.Run(ctx, o) })
	var err error
	over := false
	eventually(r.t, "Run returns an error, or records come from the beginning", func() bool {
		select {
		case err = <-ended:
			over = true
		default:
		}
		return over || len(o.Records()) >= len(want)
	})
	if !over {
		cancel()
		err = <-ended
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		return
	}
	if problem := difference(o.Records(), want); problem != "" {
		r.t.Errorf("with the position %q nothing was said to be wrong, and records were skipped: %s", from, problem)
	}
}

// sourceRedelivery: what was not acknowledged when a source was stopped comes to the next one.
func sourceRedelivery(t testing.TB, c SourceCase) {
	r := c.rig(t)
	if !r.caps.Redelivers {
		t.Skip("the kind does not say that it Redelivers")
	}
	want := r.expect(c.Records)
	o := r.outlet()
	o.Hold()
	x := r.start(o, nil)
	eventually(t, "records come", func() bool { return len(o.Records()) > 0 })
	settled(func() int { return len(o.Records()) })
	acked := o.Answer(1, nil)
	x.cancel()
	settled(func() int { return o.count(&o.handed) })
	o.Answer(1<<30, errRefused)
	x.end()
	next := r.outlet()
	y := r.start(next, nil)
	eventually(t, "all that was not acknowledged comes", func() bool {
		return missing(want, append(next.Records(), acked...)) == ""
	})
	y.end()
	r.finish()
}

// sourceNack: the source lives on when something of what it handed over is not finished, or
// ends with the reason; where it Redelivers, that comes again in the same run or in the next.
func sourceNack(t testing.TB, c SourceCase) {
	r := c.rig(t)
	want := r.expect(min(c.Records, 50))
	o := r.outlet()
	o.Hold()
	x := r.start(o, nil)
	eventually(t, "records come", func() bool { return len(o.Records()) > 0 })
	returns(t, "Nack", func() { o.Answer(1, errRefused) })
	o.Free()
	settled(func() int { return len(o.Records()) })
	if r.caps.Redelivers && fed(c) {
		eventually(t, "all records come", func() bool { return missing(want, o.Records()) == "" })
	}
	x.end()
	r.finish()
}

// sourceProgress: progress may be asked for at any time, does not go back, and does not exceed the total.
func sourceProgress(t testing.TB, c SourceCase) {
	r := c.rig(t)
	r.expect(c.Records)
	x := r.start(r.outlet(), nil)
	p, is := x.source.(plugins.Progresser)
	before := int64(0)
	for is {
		done, total := p.Progress()
		if done < before || total > 0 && done > total {
			t.Fatalf("Progress returned %d of %d, and %d before", done, total, before)
		}
		before = done
		select {
		case <-x.ended:
			is = false
			if done, total := p.Progress(); c.Ends && total > 0 && done != total {
				t.Errorf("the input has ended, and Progress returns %d of %d", done, total)
			}
		default:
			is = c.Ends || len(x.out.Records()) < min(c.Records, len(r.all(c.Records)))
		}
	}
	x.end()
	r.finish()
}
