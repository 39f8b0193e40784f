package nats_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// reluctant gives partitions back when it is told to.
type reluctant struct {
	*bustest.Outlet
	asked chan struct{} // receives where something is to be given back
	give  chan struct{} // closed by the test
}

// Revoking implements [plugins.Assignments].
func (o *reluctant) Revoking(ctx context.Context, ps []plugins.Partition) error {
	select {
	case o.asked <- struct{}{}:
	default:
	}
	select {
	case <-o.give:
	case <-ctx.Done():
		return ctx.Err()
	}
	return o.Outlet.Revoking(ctx, ps)
}

// Who came and has gone again, before a partition was given to it, leaves nobody who takes it: then it is read on where it was.
func TestSomebodyWhoCameAndWent(t *testing.T) {
	t.Parallel()
	b := serve(t, nil)
	group := connectors.Subscription{Topic: "bench.in", Group: "g", Start: connectors.StartEarliest}
	begin := func(owner string, out plugins.Outlet) (connectors.Bus, func()) {
		r := newRig(t)
		bus := r.connect(t, r.config(map[string]any{"servers": []string{b.url()}, "partitions": int64(4)}))
		e := env("source.in")
		e.Owner = owner
		source, err := bus.Reader(group, e)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			if err := source.Run(ctx, out); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		}()
		stop := func() {
			cancel()
			<-ended
		}
		t.Cleanup(stop)
		return bus, stop
	}
	out := &reluctant{&bustest.Outlet{}, make(chan struct{}, 1), make(chan struct{})}
	bus, _ := begin("first", out)
	write(t, bus, 100)
	within(t, "all records come", func() bool { return len(out.Records()) == 100 })
	other, stop := begin("second", &bustest.Outlet{})
	<-out.asked
	stop()
	if err := other.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	close(out.give)
	for n := range 5 {
		write(t, bus, 100)
		within(t, "all records come again", func() bool { return len(out.Records()) >= 200+100*n })
	}
}

// blocked takes nothing any more once it is told so: Hand returns when its partition is given away.
type blocked struct {
	*bustest.Outlet
	full    atomic.Bool
	waiting atomic.Int64
}

// Hand implements [plugins.Outlet].
func (o *blocked) Hand(ctx context.Context, d plugins.Delivery) error {
	if !o.full.Load() {
		return o.Outlet.Hand(ctx, d)
	}
	o.waiting.Add(1)
	<-ctx.Done()
	d.Batch.Release()
	return ctx.Err()
}

// Revoking implements [plugins.Assignments]. It takes as long as a few looks at the stream.
func (o *blocked) Revoking(ctx context.Context, ps []plugins.Partition) error {
	select {
	case <-time.After(300 * time.Millisecond):
	case <-ctx.Done():
	}
	return o.Outlet.Revoking(ctx, ps)
}

// What a member could not hand over when its partitions were given to another comes to that one, although the server has
// delivered all of it.
func TestWhatWasNotHandedOverComesToTheNext(t *testing.T) {
	t.Parallel()
	b := serve(t, nil)
	group := connectors.Subscription{Topic: "bench.in", Group: "g", Start: connectors.StartEarliest}
	relay := bustest.NewRelay(t, b.addr()) // slow, so that there always is a look at the stream under way
	begin := func(owner, addr string, out plugins.Outlet) (connectors.Bus, func()) {
		r := newRig(t)
		bus := r.connect(t, r.config(map[string]any{"servers": []string{"nats://" + addr}, "partitions": int64(4), "session_timeout": 2 * time.Second}))
		e := env("source.in")
		e.Owner = owner
		source, err := bus.Reader(group, e)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = source.Run(ctx, out) // it ends because it is stopped
		}()
		stop := func() {
			cancel()
			<-ended
		}
		t.Cleanup(stop)
		return bus, stop
	}
	first := &blocked{Outlet: &bustest.Outlet{}}
	bus, stop := begin("first", relay.Addr(), first)
	write := func(t *testing.T, bus connectors.Bus, n int) {
		t.Helper()
		sink, err := bus.Writer(connectors.Publication{Topic: group.Topic}, env("sink.out"))
		if err != nil {
			t.Fatal(err)
		}
		records := make([]connectors.Record, n)
		for i := range records {
			records[i] = connectors.Record{Key: []byte{byte(i)}, Value: []byte("x")}
		}
		answer := make(chan error, 1)
		if err := sink.Write(t.Context(), bustest.Batch(records...), func(err error) { answer <- err }); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(<-answer, sink.(plugins.Closer).Close(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	write(t, bus, 100)
	within(t, "all records come", func() bool { return len(first.Records()) >= 100 })
	first.full.Store(true)
	relay.Delay(20 * time.Millisecond)
	write(t, bus, 100)
	within(t, "all partitions have something to hand over", func() bool { return first.waiting.Load() >= 4 })
	second := &bustest.Outlet{}
	begin("second", b.addr(), second)
	within(t, "the other has half of the partitions", func() bool { return len(second.Assignments()) == 2 })
	stop()
	within(t, "the other has all of it", func() bool { return len(second.Records()) >= 100 })
}

// Members that all cannot reach the server for a while do not take each other for dead when they can again: none of them
// knows that the others were silent.
func TestMembersThatAreHeldUpTogether(t *testing.T) {
	t.Parallel()
	b := serve(t, nil)
	relay := bustest.NewRelay(t, b.addr())
	outs := []*bustest.Outlet{{}, {}, {}, {}}
	for i, out := range outs {
		r := newRig(t)
		bus := r.connect(t, r.config(map[string]any{"servers": []string{"nats://" + relay.Addr()}, "partitions": int64(4), "session_timeout": 2 * time.Second}))
		e := env("source.in")
		e.Owner = fmt.Sprint("member ", i)
		source, err := bus.Reader(connectors.Subscription{Topic: "bench.in", Group: "g", Start: connectors.StartEarliest}, e)
		if err != nil {
			t.Fatal(err)
		}
		bustest.Start(t, source, out)
	}
	generations := func() map[plugins.Partition]int64 {
		all := map[plugins.Partition]int64{}
		for _, out := range outs {
			if as := out.Assignments(); len(as) == 1 {
				all[as[0].Partition] = as[0].Generation
			}
		}
		return all
	}
	within(t, "each has a partition", func() bool { return len(generations()) == len(outs) })
	before := generations()
	for range 2 {
		relay.Stall()
		time.Sleep(3 * time.Second) // that is the fault
		relay.Resume()
		time.Sleep(2 * time.Second) // a mistake may go unseen
	}
	within(t, "each has a partition again", func() bool { return len(generations()) == len(outs) })
	if after := generations(); !maps.Equal(before, after) {
		t.Errorf("the generations were %v, and are %v: a member was taken for dead", before, after)
	}
}
