package nats_test

import (
	"context"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// Without anything written in its block, the bus is a server in the process, which keeps its streams where the
// pipeline keeps its state.
func TestEmbeddedKeepsStreams(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	group := connectors.Subscription{Topic: "bench.in", Group: "g", Start: connectors.StartEarliest}
	for turn, durability := range []string{"interval", "fsync", "os"} {
		r := newRig(t)
		// Nobody waits until a session of the turn before is over.
		made, err := r.kind.New(r.config(map[string]any{"durability": durability, "session_timeout": 10 * time.Minute}), func() plugins.Env { e := env("connector.bus"); e.Dir = dir; return e }())
		if err != nil {
			t.Fatal(err)
		}
		bus := made.(connectors.Bus)
		out := &bustest.Outlet{}
		write(t, bus, 10)
		stop := run(t, bus, group, out, 10)
		_ = stop()
		if n := len(out.Records()); n != 10 {
			t.Errorf("turn %d: %d records came; the group has read those of the turns before", turn, n)
		}
		if err := bus.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	found := false
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		found = found || strings.HasSuffix(path, ".blk")
		return err
	})
	if err != nil || !found {
		t.Errorf("there are no streams in the folder (%v)", err)
	}
}

// Without a folder everything is in memory, and the log says so.
func TestEmbeddedInMemory(t *testing.T) {
	t.Parallel()
	var log bustest.Journal
	r := newRig(t)
	bus := r.connect(t, r.config(nil), func(e *plugins.Env) { e.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	write(t, bus, 100)
	read(t, bus, "g", 100)
	if !strings.Contains(log.String(), "keeps its streams in memory only") || !strings.Contains(log.String(), "run with --state DIR, or set store_dir") {
		t.Errorf("the log says %q", log.String())
	}
}

// Others are let in where the block says so, with the token that it says.
func TestEmbeddedListens(t *testing.T) {
	t.Parallel()
	var log bustest.Journal
	r := newRig(t)
	bus := r.connect(t, r.config(map[string]any{"listen": "127.0.0.1:0", "token": plugins.NewSecret("hunter2"), "store_dir": t.TempDir()}),
		func(e *plugins.Env) { e.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	write(t, bus, 10)
	_, address, ok := strings.Cut(log.String(), "address=nats://")
	if !ok {
		t.Fatalf("the log does not say where: %q", log.String())
	}
	address = "nats://" + strings.TrimSpace(strings.Split(address, "\n")[0])
	elsewhere := newRig(t)
	other := elsewhere.connect(t, elsewhere.config(map[string]any{"servers": []string{address}, "token": plugins.NewSecret("hunter2")}))
	read(t, other, "g", 10)
	if _, err := natsgo.Connect(address); err == nil || !strings.Contains(err.Error(), "Authorization Violation") {
		t.Errorf("without the token: %v", err)
	}
	if strings.Contains(log.String(), "hunter2") {
		t.Error("the log tells the token")
	}
}

// One stage of one state folder is one member, even when its process was killed: the next one does not wait
// until its session is over.
func TestSuccessorDoesNotWait(t *testing.T) {
	t.Parallel()
	b := serve(t, nil)
	group := connectors.Subscription{Topic: "bench.in", Group: "g", Start: connectors.StartEarliest}
	reader := func() (*bustest.Outlet, connectors.Bus, chan error) {
		r := newRig(t) // another process
		bus := r.connect(t, r.config(map[string]any{"servers": []string{b.url()}, "session_timeout": 10 * time.Minute}))
		out, ended := &bustest.Outlet{}, make(chan error, 1)
		source := sourceOf(t, bus, group)
		go func() { ended <- source.Run(t.Context(), out) }()
		return out, bus, ended
	}
	first, bus, ended := reader()
	write(t, bus, 10)
	within(t, "the records come", func() bool { return len(first.Records()) == 10 })
	second, _, _ := reader()
	within(t, "the second has the partition", func() bool { return len(second.Assignments()) == 1 })
	write(t, bus, 1)
	within(t, "the second reads on", func() bool { return len(second.Records()) > 0 })
	wantPermanent(t, <-ended, "another process runs this stage with the same state folder")
}

// A pattern is of all streams that take what it stands for, also of those that are made later.
func TestPatternOverStreams(t *testing.T) {
	t.Parallel()
	b := serve(t, nil)
	js := client(t, b.url())
	put := func(stream, subject string) {
		if _, err := js.CreateOrUpdateStream(t.Context(), jetstream.StreamConfig{Name: stream, Subjects: []string{stream + ".>"}}); err != nil {
			t.Fatal(err)
		}
		if _, err := js.Publish(t.Context(), subject, []byte(subject)); err != nil {
			t.Fatal(err)
		}
	}
	put("a", "a.temp")
	put("b", "b.temp")
	put("a", "a.other")
	r := newRig(t)
	bus := r.connect(t, r.config(map[string]any{"servers": []string{b.url()}}))
	out := &bustest.Outlet{}
	run(t, bus, connectors.Subscription{Topic: "*.temp", Group: "g", Start: connectors.StartEarliest}, out, 2)
	put("c", "c.temp")
	within(t, "the stream that is made later is read, too", func() bool { return len(out.Records()) == 3 })
	for _, x := range out.Records() {
		if x.Topic != x.Value {
			t.Errorf("record %q is said to be of topic %q", x.Value, x.Topic)
		}
	}
}

// The one named stream takes what is written and read, whatever the first level.
func TestNamedStream(t *testing.T) {
	t.Parallel()
	b := serve(t, nil)
	r := newRig(t)
	bus := r.connect(t, r.config(map[string]any{"servers": []string{b.url()}}, r.nested("stream", map[string]any{"name": "all"})))
	for _, topic := range []connectors.Topic{"a.b", "c", "d.e.f"} {
		if err := open(t, bus, topic); err != nil {
			t.Fatal(err)
		}
	}
	s, err := client(t, b.url()).Stream(t.Context(), "all")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(s.CachedInfo().Config.Subjects, " "); got != "a a.> c c.> d d.>" {
		t.Errorf("the stream takes %s", got)
	}
	fixed := r.connect(t, r.config(map[string]any{"servers": []string{b.url()}}, r.nested("stream", map[string]any{"name": "all", "subjects": []string{"a.>"}})))
	wantPermanent(t, open(t, fixed, "x.y"), "stream all does not take x.y (it takes a, a.>, c, c.>, d, d.>): add that to its subjects")
}

// With msg_id = "key" the server drops what it has taken before.
func TestMessageIDs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	bus := r.connect(t, r.config(map[string]any{"msg_id": "key"}))
	for range 2 {
		sink, err := bus.Writer(connectors.Publication{Topic: "a.b"}, env("sink.out"))
		if err != nil {
			t.Fatal(err)
		}
		var pool plugins.Pool
		w := connectors.NewBuilder(pool.Batch(), plugins.Partition{}, plugins.Framing{Terminator: []byte("\n")})
		for _, key := range []string{"1", "2", "\x00"} {
			w.Add(connectors.Record{Value: []byte("v"), Key: []byte(key)})
		}
		answer := make(chan error, 1)
		if err := sink.Write(t.Context(), w.Batch(), func(err error) { answer <- err }); err != nil {
			t.Fatal(err)
		}
		if err := <-answer; err != nil {
			t.Fatal(err)
		}
		if err := sink.(plugins.Closer).Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	topics, err := bus.(connectors.Browser).Topics(t.Context())
	if err != nil || len(topics) != 1 || topics[0].Name != "a.b" || topics[0].Records != 3 {
		t.Errorf("the topics are %+v (%v)", topics, err)
	}
}

// What is acknowledged after the source has ended is committed all the same.
func TestLateAcknowledgement(t *testing.T) {
	t.Parallel()
	b := serve(t, nil)
	group := connectors.Subscription{Topic: "bench.in", Group: "g", Start: connectors.StartEarliest}
	connect := func() connectors.Bus {
		r := newRig(t)
		return r.connect(t, r.config(map[string]any{"servers": []string{b.url()}}))
	}
	first := connect()
	write(t, first, 10)
	out := &bustest.Outlet{}
	out.Hold()
	stop := run(t, first, group, out, 10)
	_ = stop()
	out.Free()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := first.Close(ctx); err != nil {
		t.Fatal(err)
	}
	again := &bustest.Outlet{}
	second := connect()
	write(t, second, 1)
	run(t, second, group, again, 1)
	if n := len(again.Records()); n != 1 {
		t.Errorf("%d records came again", n-1)
	}
}

// A stream that is a queue of work forgets what is acknowledged, and only that.
func TestWorkQueue(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	bus := r.connect(t, r.config(map[string]any{"session_timeout": 400 * time.Millisecond}, r.nested("stream", map[string]any{"retention": "workqueue"})))
	group := connectors.Subscription{Topic: "bench.in", Group: "g", Start: connectors.StartEarliest}
	write(t, bus, 5)
	out := &bustest.Outlet{}
	stop := run(t, bus, group, out, 5)
	kept := func() int64 {
		topics, err := bus.(connectors.Browser).Topics(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n := int64(0)
		for _, x := range topics {
			n += x.Records
		}
		return n
	}
	within(t, "what is acknowledged is forgotten", func() bool { return kept() == 0 })
	out.Hold()
	write(t, bus, 3)
	within(t, "more comes", func() bool { return len(out.Records()) == 8 })
	_ = stop()
	if n := kept(); n != 3 {
		t.Errorf("%d records are kept, and 3 are not acknowledged", n)
	}
	again := &bustest.Outlet{}
	run(t, bus, group, again, 3)
	within(t, "all is forgotten", func() bool { return kept() == 0 })
	if n := len(again.Records()); n != 3 {
		t.Errorf("%d records come again, and 3 were not acknowledged", n)
	}
}
