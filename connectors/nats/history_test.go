package nats_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// run reads until the outlet has n records, and returns where it stands then. The source goes on until
// the test ends, or stop is called.
func run(t *testing.T, bus connectors.Bus, s connectors.Subscription, out *bustest.Outlet, n int) (stop func() error) {
	t.Helper()
	source := sourceOf(t, bus, s)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- source.Run(ctx, out) }()
	stopped := false
	stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-ended
	}
	t.Cleanup(func() { _ = stop() })
	within(t, "enough records come", func() bool {
		select {
		case err := <-ended:
			t.Fatalf("the source ended: %v", err)
		default:
		}
		return len(out.Records()) >= n
	})
	return stop
}

func within(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it is still not so that %s", what)
		}
	}
}

// past is a place that was read up to, of a stream with 10 records.
func past(t *testing.T) (url string, bus connectors.Bus, js jetstream.JetStream, from map[plugins.Partition]plugins.Position) {
	t.Helper()
	b := serve(t, nil)
	r := newRig(t)
	bus = r.connect(t, r.config(map[string]any{"servers": []string{b.url()}, "session_timeout": 400 * time.Millisecond}))
	write(t, bus, 10)
	out := &bustest.Outlet{}
	stop := run(t, bus, connectors.Subscription{Topic: "bench.in", Group: "past", Start: connectors.StartEarliest}, out, 10)
	_ = stop()
	return b.url(), bus, client(t, b.url()), out.Positions()
}

// What became of a stream behind the back of a pipeline is noticed, and nothing is passed over silently.
func TestStreamChangedBehindThePosition(t *testing.T) {
	t.Parallel()
	topic := connectors.Subscription{Topic: "bench.in"}
	remake := func(t *testing.T, js jetstream.JetStream) {
		if err := js.DeleteStream(t.Context(), "bench"); err != nil {
			t.Fatal(err)
		}
		if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "bench", Subjects: []string{"bench.>"}}); err != nil {
			t.Fatal(err)
		}
	}
	purge := func(t *testing.T, js jetstream.JetStream, seq uint64) {
		s, err := js.Stream(t.Context(), "bench")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Purge(t.Context(), jetstream.WithPurgeSequence(seq)); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		change func(*testing.T, connectors.Bus, jetstream.JetStream)
		want   string
	}{
		"made anew":      {func(t *testing.T, bus connectors.Bus, js jetstream.JetStream) { remake(t, js); write(t, bus, 20) }, "stream bench was made anew at"},
		"removed unread": {func(t *testing.T, bus connectors.Bus, js jetstream.JetStream) { write(t, bus, 10); purge(t, js, 16) }, "stream bench begins with record 16, and the next to read is 11"},
		"divided otherwise": {func(t *testing.T, _ connectors.Bus, js jetstream.JetStream) {
			s, err := js.Stream(t.Context(), "bench")
			if err != nil {
				t.Fatal(err)
			}
			config := s.CachedInfo().Config
			config.SubjectTransform = &jetstream.SubjectTransformConfig{Source: ">", Destination: "{{partition(3)}}.>"}
			if _, err := js.UpdateStream(t.Context(), config); err != nil {
				t.Fatal(err)
			}
		}, "stream bench has 3 partitions now, and had 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, bus, js, from := past(t)
			c.change(t, bus, js)
			wantPermanent(t, outcome(t, bus, topic, from), c.want, "onstream state reset DIR source.in", "another group")
		})
	}
}

// A stream that has lost its end, as one does whose server did not force it to disk, would give new records the
// numbers of those that were read.
func TestStreamLostItsEnd(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]int{"and is shorter": 0, "and was written to": 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, bus, js, from := past(t)
			info, err := js.Stream(t.Context(), "bench")
			if err != nil {
				t.Fatal(err)
			}
			snapshot := info.CachedInfo().Created
			// There is no way to cut a stream short but to make another one; a position of that one's time stands for
			// it.
			if err := js.DeleteStream(t.Context(), "bench"); err != nil {
				t.Fatal(err)
			}
			made, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "bench", Subjects: []string{"bench.>"}})
			if err != nil {
				t.Fatal(err)
			}
			if after > 0 {
				write(t, bus, after)
			}
			for p, at := range from {
				from[p] = rename(at, snapshot, made.CachedInfo().Created)
			}
			want := "stream bench ends with record 0, and the position is after record 10"
			if after > 0 {
				want = "record 10 of stream bench is of"
			}
			wantPermanent(t, outcome(t, bus, connectors.Subscription{Topic: "bench.in"}, from), want)
		})
	}
}

// A stream that is deleted, or loses what was not read, while it is read: the same.
func TestStreamChangesWhileItIsRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*testing.T, connectors.Bus, jetstream.Stream, jetstream.JetStream, plugins.Lagging)
		want   string
	}{
		"deleted": {func(t *testing.T, _ connectors.Bus, _ jetstream.Stream, js jetstream.JetStream, _ plugins.Lagging) {
			if err := js.DeleteStream(t.Context(), "bench"); err != nil {
				t.Fatal(err)
			}
		}, "stream bench is gone"},
		"removed unread": {func(t *testing.T, bus connectors.Bus, s jetstream.Stream, _ jetstream.JetStream, source plugins.Lagging) {
			write(t, bus, 30_000)
			within(t, "the source knows how much there is", func() bool { n, ok := source.Lag(); return ok && n >= 15_000 })
			if err := s.Purge(t.Context(), jetstream.WithPurgeSequence(30_000)); err != nil {
				t.Fatal(err)
			}
		}, "records of stream bench were removed"},
		"divided otherwise": {func(t *testing.T, _ connectors.Bus, s jetstream.Stream, js jetstream.JetStream, _ plugins.Lagging) {
			config := s.CachedInfo().Config
			config.SubjectTransform = &jetstream.SubjectTransformConfig{Source: ">", Destination: "{{partition(3)}}.>"}
			if _, err := js.UpdateStream(t.Context(), config); err != nil {
				t.Fatal(err)
			}
		}, "stream bench has 3 partitions now, and had 1 when reading began"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := serve(t, nil)
			r := newRig(t)
			bus := r.connect(t, r.config(map[string]any{"servers": []string{b.url()}, "session_timeout": 400 * time.Millisecond}))
			write(t, bus, 1)
			source := sourceOf(t, bus, connectors.Subscription{Topic: "bench.in", Start: connectors.StartEarliest})
			out := &bustest.Outlet{}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ended := make(chan error, 1)
			go func() { ended <- source.Run(ctx, out) }()
			within(t, "a record comes", func() bool { return len(out.Records()) > 0 })
			out.Block()
			js := client(t, b.url())
			s, err := js.Stream(t.Context(), "bench")
			if err != nil {
				t.Fatal(err)
			}
			c.change(t, bus, s, js, source.(plugins.Lagging))
			defer time.AfterFunc(60*time.Second, cancel).Stop() // from now on: to write so much may take longer on a busy machine
			// What was fetched before the change may be all that there was to read: then only who reads on finds out.
			if name != "divided otherwise" {
				out.Unblock()
			}
			wantPermanent(t, <-ended, c.want)
		})
	}
}

// A stream that loses what was not read between two questions of one look at it: how far it goes, and how much waits
// for the reader.
func TestStreamChangesWhileItIsLookedAt(t *testing.T) {
	t.Parallel()
	b := serve(t, nil)
	relay := bustest.NewRelay(t, b.addr())
	r := newRig(t)
	bus := r.connect(t, r.config(map[string]any{"servers": []string{"nats://" + relay.Addr()}, "session_timeout": 400 * time.Millisecond}))
	write(t, bus, 1)
	source := sourceOf(t, bus, connectors.Subscription{Topic: "bench.in", Start: connectors.StartEarliest})
	out := &bustest.Outlet{}
	running := bustest.Start(t, source, out)
	within(t, "a record comes", func() bool { return len(out.Records()) > 0 })
	out.Block()
	write(t, bus, 20_000)
	within(t, "the source knows how much there is", func() bool { n, ok := source.(plugins.Lagging).Lag(); return ok && n >= 13_000 })
	js := client(t, b.url())
	s, err := js.Stream(t.Context(), "bench")
	if err != nil {
		t.Fatal(err)
	}
	questions, err := js.Conn().SubscribeSync("$JS.API.STREAM.INFO.bench")
	if err != nil {
		t.Fatal(err)
	}
	relay.Delay(500 * time.Millisecond) // the next question comes a second after this one
	if _, err := questions.NextMsg(time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := s.Purge(t.Context(), jetstream.WithPurgeSequence(20_000)); err != nil {
		t.Fatal(err)
	}
	relay.Delay(0)
	wantPermanent(t, running.Err(t), "records of stream bench were removed")
}

// A topic on which nothing happens, in a stream of which others' records are removed, has lost nothing.
func TestQuietTopicLosesNothing(t *testing.T) {
	t.Parallel()
	url, bus, js, _ := past(t)
	_ = url
	out := &bustest.Outlet{}
	group := connectors.Subscription{Topic: "bench.in", Group: "quiet", Start: connectors.StartEarliest}
	stop := run(t, bus, group, out, 10)
	for range 20 {
		if _, err := js.Publish(t.Context(), "bench.other", nil); err != nil {
			t.Fatal(err)
		}
	}
	kv, err := js.KeyValue(t.Context(), "onstream_groups")
	if err != nil {
		t.Fatal(err)
	}
	within(t, "the group knows that there is nothing more for it", func() bool {
		keys, err := kv.Keys(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			if e, err := kv.Get(t.Context(), k); err == nil && strings.HasPrefix(k, "quiet.") && strings.Contains(string(e.Value()), `"scanned":30`) {
				return true
			}
		}
		return false
	})
	_ = stop()
	s, err := js.Stream(t.Context(), "bench")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Purge(t.Context(), jetstream.WithPurgeSequence(25)); err != nil {
		t.Fatal(err)
	}
	write(t, bus, 5)
	run(t, bus, group, out, 15)
}

// The number of partitions that the connector says is that of the stream.
func TestOtherPartitions(t *testing.T) {
	t.Parallel()
	b := serve(t, nil)
	r := newRig(t)
	four := r.connect(t, r.config(map[string]any{"servers": []string{b.url()}, "partitions": int64(4)}))
	if err := open(t, four, "a.b"); err != nil {
		t.Fatal(err)
	}
	two := r.connect(t, r.config(map[string]any{"servers": []string{b.url()}, "partitions": int64(2)}))
	wantPermanent(t, outcome(t, two, connectors.Subscription{Topic: "a.b"}, nil), "stream a has 4 partitions, and the connector says 2: write partitions = 4")
}

// A position that nobody wrote is refused before anything runs.
func TestDamagedPosition(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	bus := r.connect(t, r.config(nil))
	err := sourceOf(t, bus, connectors.Subscription{Topic: "a.b"}).(plugins.Seeker).Seek(map[plugins.Partition]plugins.Position{{Name: "a.b"}: {7, 7}})
	if err == nil || !strings.Contains(err.Error(), "the stored position is not one of a stream of NATS") || !strings.Contains(err.Error(), "onstream state reset DIR source.in") {
		t.Errorf("%v", err)
	}
}
