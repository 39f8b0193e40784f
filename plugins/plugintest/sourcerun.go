package plugintest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
)

// sourceRig is an input with the sources that were run on it.
type sourceRig struct {
	SourceCase
	Input
	t     testing.TB
	brand brand
	caps  plugins.Capabilities

	feeding sync.WaitGroup
	stop    context.CancelFunc // ends the feeding
	ctx     context.Context
}

// sourceRun is one run of a source.
type sourceRun struct {
	rig    *sourceRig
	out    *Outlet
	source plugins.Source
	cancel context.CancelFunc
	ended  chan struct{}
	err    error // after ended
	failed bool  // of the run's own accord
}

func (c SourceCase) rig(t testing.TB) *sourceRig {
	t.Helper()
	in := c.Open(t)
	in.Env = Environment(in.Env)
	if in.New == nil {
		in.New = c.Kind.New
	}
	r := &sourceRig{SourceCase: c, Input: in, t: t, brand: newBrand()}
	r.ctx, r.stop = context.WithCancel(context.Background())
	t.Cleanup(func() {
		r.stop()
		r.feeding.Wait()
	})
	if c.Kind.Capabilities != nil {
		r.caps = c.Kind.Capabilities(in.Config)
	}
	return r
}

// outlet returns an outlet for a source of the kind.
func (r *sourceRig) outlet() *Outlet {
	o := &Outlet{TB: r.t, Record: r.Record}
	if !r.Kind.Payload && r.Kind.Output != nil {
		if shape, err := r.Kind.Output(r.Config); err == nil && shape.Format == "" {
			for _, f := range shape.Type.Fields {
				o.Columns = append(o.Columns, plugins.JoinPath(f.Name))
			}
		}
	}
	return o
}

// make makes a source.
func (r *sourceRig) make() plugins.Source {
	r.t.Helper()
	var s plugins.Source
	var err error
	r.brand.do(context.Background(), func(context.Context) { s, err = r.New(r.Config, r.Env) })
	if err != nil {
		r.t.Fatalf("New: %v", err)
	}
	if r.Started != nil {
		r.Started(s)
	}
	return s
}

// start runs a source into an outlet, from positions where there are some.
func (r *sourceRig) start(o *Outlet, from map[plugins.Partition]plugins.Position) *sourceRun {
	r.t.Helper()
	s := r.make()
	o.Start = from
	if k, ok := s.(plugins.Seeker); ok && len(from) > 0 {
		if err := k.Seek(from); err != nil {
			r.t.Fatalf("Seek(%q): %v", from, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	x := &sourceRun{rig: r, out: o, source: s, cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(x.ended)
		r.brand.do(ctx, func(ctx context.Context) { x.err = s.Run(ctx, o) })
		x.failed = ctx.Err() == nil
	}()
	r.t.Cleanup(func() {
		cancel()
		select {
		case <-x.ended:
		case <-time.After(patience(r.t)):
			r.t.Errorf("Run has not returned %v after its context has ended", patience(r.t))
		}
	})
	return x
}

// feed puts records in, one after the other, until all of them were taken; the source may run later.
func (r *sourceRig) feed(values []string) {
	if r.Online {
		r.feeding.Go(func() { r.puts(values) })
		return
	}
	r.puts(values)
}

// puts puts records in and returns when all were taken.
func (r *sourceRig) puts(values []string) {
	for _, v := range values {
		for r.ctx.Err() == nil && r.Put(v) != nil {
			time.Sleep(time.Millisecond)
		}
	}
}

// expect feeds n records, or says what comes of itself.
func (r *sourceRig) expect(n int) []string {
	if r.Makes != nil {
		return r.Makes
	}
	want := r.values(0, n)
	r.feed(want)
	return want
}

// brings waits until records have come, and tells what is wrong with them.
func (x *sourceRun) brings(want []string) {
	t := x.rig.t
	t.Helper()
	over := func() bool {
		select {
		case <-x.ended:
			return true
		default:
			return len(x.out.Records()) >= len(want)
		}
	}
	for end := time.Now().Add(patience(t)); !over() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	got := x.out.Records()
	if x.rig.Makes != nil && !x.rig.Ends && len(got) > len(want) {
		got = got[:len(want)]
	}
	x.rig.same(got, want)
}

// same fails the test where records are not those that were to come.
func (r *sourceRig) same(got, want []string) {
	r.t.Helper()
	if r.Unordered {
		got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	}
	if problem := difference(got, want); problem != "" {
		r.t.Fatalf("what came is not what is there: %s", problem)
	}
}

// end stops the source, and checks how it takes that.
func (x *sourceRun) end() {
	t := x.rig.t
	t.Helper()
	x.cancel()
	x.wait("its context has ended")
	if x.err != nil && !x.failed && !errors.Is(x.err, context.Canceled) && !errors.Is(x.err, errRefused) {
		t.Errorf("Run returned %q when it was stopped: nil, or the context's error, says that nothing went wrong", x.err)
	}
	if x.failed && x.err != nil && !errors.Is(x.err, errRefused) {
		t.Errorf("Run returned %q, and nothing was wrong", x.err)
	}
	x.out.verify()
}

// wait waits until Run has returned.
func (x *sourceRun) wait(after string) {
	x.rig.t.Helper()
	select {
	case <-x.ended:
	case <-time.After(patience(x.rig.t)):
		x.rig.t.Fatalf("Run has not returned %v after %s", patience(x.rig.t), after)
	}
}

// finish checks that nothing is left of the sources.
func (r *sourceRig) finish() {
	r.t.Helper()
	r.stop()
	r.feeding.Wait()
	if r.Close != nil {
		r.Close()
	}
	closeConnection(r.t, r.Env)
	r.brand.gone(r.t, "Run has returned")
}

func closeConnection(t testing.TB, env plugins.Env) {
	t.Helper()
	if env.Connection == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience(t))
	defer cancel()
	if err := env.Connection.Close(ctx); err != nil {
		t.Errorf("close the connection: %v", err)
	}
}

// errRefused is why an outlet does not take a delivery.
var errRefused = errors.New("the pipeline stops")
