package memory_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(bustest.WatermillCopies), goleak.IgnoreAnyFunction(bustest.WatermillCloses))
}

func TestConnectionsOfOneNameShareTopics(t *testing.T) {
	t.Parallel()
	kind := kindOf(t)
	other := env()
	other.Pipeline = "other"
	for _, c := range []struct {
		name   string
		shared bool
	}{{"plant", true}, {"", false}} {
		values := map[string]any{}
		if c.name != "" {
			values["name"] = c.name
		}
		sink, _ := open(t, connect(t, kind, values, env()), "t")
		if err := write(t.Context(), t, sink, "a"); err != nil {
			t.Fatal(err)
		}
		topics, err := connect(t, kind, values, other).(connectors.Browser).Topics(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if (len(topics) == 1) != c.shared {
			t.Errorf("with the name %q, another pipeline sees %v", c.name, topics)
		}
	}
}

func TestRegistriesShareNothing(t *testing.T) {
	t.Parallel()
	values := map[string]any{"name": "plant"}
	sink, _ := open(t, connection(t, values, env()), "t")
	if err := write(t.Context(), t, sink, "a"); err != nil {
		t.Fatal(err)
	}
	topics, err := connection(t, values, env()).(connectors.Browser).Topics(t.Context())
	if err != nil || len(topics) > 0 {
		t.Errorf("topics of another registry: %v, %v", topics, err)
	}
}

func TestFullTopicWaitsForTheSlowestGroup(t *testing.T) {
	t.Parallel()
	log := &bustest.Journal{}
	e := env()
	e.Logger = log.Logger()
	conn := connection(t, map[string]any{"max_bytes": int64(4096)}, e)
	sink, err := conn.Writer(connectors.Publication{Topic: "t"}, e)
	if err != nil {
		t.Fatal(err)
	}
	fast, slow := &bustest.Outlet{}, &bustest.Outlet{}
	slow.Hold()
	bustest.Start(t, reader(t, conn, connectors.Subscription{Topic: "t", Group: "fast"}, e), fast)
	bustest.Start(t, reader(t, conn, connectors.Subscription{Topic: "t", Group: "slow"}, e), slow)
	bustest.Eventually(t, "both groups are there", func() bool { return len(fast.Assignments()) > 0 && len(slow.Assignments()) > 0 })
	const n = 50
	written := make(chan error, 1)
	go func() {
		for i := range n {
			if err := write(context.Background(), t, sink, fmt.Sprintf("%03d %s", i, strings.Repeat("x", 200))); err != nil {
				written <- err
				return
			}
			for len(fast.Records()) <= i { // it is never the slowest
				time.Sleep(time.Millisecond)
			}
		}
		written <- nil
	}()
	bustest.Eventually(t, "the writer says that it waits", func() bool {
		return log.Says("is full", "group=slow")
	})
	select {
	case err := <-written:
		t.Fatalf("everything was written (%v) although a group has read nothing", err)
	default:
	}
	slow.Free()
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	for _, out := range []*bustest.Outlet{fast, slow} {
		bustest.Eventually(t, "everything came", func() bool { return len(out.Records()) == n })
		for i, r := range out.Records() {
			if !strings.HasPrefix(r.Value, fmt.Sprintf("%03d ", i)) || r.Offset != int64(i) {
				t.Fatalf("record %d is %.5q with the offset %d", i, r.Value, r.Offset)
			}
		}
	}
	bustest.Eventually(t, "the log says that there is room", func() bool {
		return log.Says("has room again")
	})
}

func TestFullTopicNobodyReadsWaitsForTheFirstReader(t *testing.T) {
	t.Parallel()
	conn := connection(t, map[string]any{"max_bytes": int64(2048)}, env())
	sink, source := open(t, conn, "t")
	full, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var err error
	n := 0
	for ; err == nil && n < 100; n++ {
		err = write(full, t, sink, strings.Repeat("x", 500))
	}
	if full.Err() == nil || err == nil {
		t.Fatalf("%d records of 500 bytes went into 2048: %v", n, err)
	}
	out := &bustest.Outlet{}
	bustest.Start(t, source, out)
	bustest.Eventually(t, "what was taken comes", func() bool { return len(out.Records()) == n-1 })
	if err := write(t.Context(), t, sink, "more"); err != nil {
		t.Fatal(err)
	}
	bustest.Eventually(t, "more comes", func() bool { return len(out.Records()) == n })
}

func TestGroupWithoutMembersIsGivenUp(t *testing.T) {
	t.Parallel()
	log := &bustest.Journal{}
	e := env()
	e.Logger = log.Logger()
	conn := connection(t, map[string]any{"max_bytes": int64(2048), "inactive_threshold": time.Nanosecond}, e)
	sink, err := conn.Writer(connectors.Publication{Topic: "t"}, e)
	if err != nil {
		t.Fatal(err)
	}
	out := &bustest.Outlet{}
	reading := bustest.Start(t, reader(t, conn, connectors.Subscription{Topic: "t", Group: "gone"}, e), out)
	bustest.Eventually(t, "the group is there", func() bool { return len(out.Assignments()) > 0 })
	reading.Stop(t)
	stays := &bustest.Outlet{}
	bustest.Start(t, reader(t, conn, connectors.Subscription{Topic: "t", Group: "stays"}, e), stays)
	bustest.Eventually(t, "the other group is there", func() bool { return len(stays.Assignments()) > 0 })
	for range 20 {
		if err := write(t.Context(), t, sink, strings.Repeat("x", 500)); err != nil {
			t.Fatal(err)
		}
	}
	if !log.Says("is given up", "group=gone") {
		t.Errorf("nothing was said about what was dropped: %q", log)
	}
}

func TestPositionsThatAreGone(t *testing.T) {
	t.Parallel()
	conn := connection(t, map[string]any{"max_bytes": int64(2048)}, env())
	sink, source := open(t, conn, "t")
	out := &bustest.Outlet{}
	reading := bustest.Start(t, source, out)
	if err := write(t.Context(), t, sink, "first"); err != nil {
		t.Fatal(err)
	}
	bustest.Eventually(t, "it came", func() bool { return len(out.Records()) == 1 })
	old := out.Positions()
	for i := range 20 {
		if err := write(t.Context(), t, sink, strings.Repeat("x", 500)); err != nil {
			t.Fatal(err)
		}
		bustest.Eventually(t, "it came", func() bool { return len(out.Records()) == i+2 })
	}
	reading.Stop(t)
	seeking := reader(t, conn, connectors.Subscription{Topic: "t", Group: "g"}, env())
	if err := seeking.(plugins.Seeker).Seek(old); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err := seeking.Run(ctx, &positions{from: old})
	if err == nil || !plugins.IsPermanent(err) || !strings.Contains(err.Error(), "partition 0 of topic t has the records from ") || !strings.Contains(err.Error(), "this stage stands at 1") || !strings.Contains(err.Error(), "onstream state reset") {
		t.Errorf("the error is %v", err)
	}
}

// positions is an outlet that answers with the positions of a checkpoint.
type positions struct {
	bustest.Outlet
	from map[plugins.Partition]plugins.Position
}

func (p *positions) Assigned(context.Context, []plugins.Assignment) (map[plugins.Partition]plugins.Position, error) {
	return p.from, nil
}

func TestPositionOfAnotherProcess(t *testing.T) {
	t.Parallel()
	sink, source := open(t, connection(t, nil, env()), "t")
	out := &bustest.Outlet{}
	bustest.Start(t, source, out)
	if err := write(t.Context(), t, sink, "a", "b"); err != nil {
		t.Fatal(err)
	}
	bustest.Eventually(t, "they came", func() bool { return len(out.Records()) == 2 })

	log := &bustest.Journal{}
	e := env()
	e.Logger = log.Logger()
	next := connection(t, nil, e)
	sink, _ = open(t, next, "t")
	if err := write(t.Context(), t, sink, "c"); err != nil {
		t.Fatal(err)
	}
	again := &positions{from: out.Positions()}
	bustest.Start(t, reader(t, next, connectors.Subscription{Topic: "t", Group: "g"}, e), again)
	bustest.Eventually(t, "it begins anew", func() bool { r := again.Records(); return len(r) == 1 && r[0].Value == "c" })
	if !log.Says("what was in the memory bus when the process ended is gone") {
		t.Errorf("nothing was said about what is gone: %q", log)
	}
}

func TestRecordsThatAreRefused(t *testing.T) {
	t.Parallel()
	conn := connection(t, map[string]any{"max_bytes": int64(1024)}, env())
	sink, err := conn.Writer(connectors.Publication{}, env())
	if err != nil {
		t.Fatal(err)
	}
	var pool plugins.Pool
	w := connectors.NewBuilder(pool.Batch(), plugins.Partition{}, env().Framing)
	for _, r := range []connectors.Record{
		{Topic: "a", Value: []byte("1")},
		{Topic: "a", Value: make([]byte, 2000)},
		{Topic: "a b", Value: []byte("3")},
		{Topic: "a.*", Value: []byte("4")},
		{Topic: "", Value: []byte("5")},
		{Topic: "b", Value: []byte("6")},
	} {
		w.Add(r)
	}
	var rows plugins.RowErrors
	if err := sink.Write(t.Context(), w.Batch(), func(err error) { errors.As(err, &rows) }); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"1: the record has 2000 bytes, and a partition of topic a holds 1024: raise max_bytes of the connector",
		`2: "a b" cannot be the name of a topic: leave out spaces and control characters`,
		`3: "a.*" stands for several topics, and a record goes to one`,
		"4: a topic has a name, such as plant.d1.temp",
	}
	var got []string
	for _, f := range rows {
		got = append(got, fmt.Sprintf("%d: %s", f.Row, f.Msg))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	topics, err := conn.(connectors.Browser).Topics(t.Context())
	if err != nil || fmt.Sprint(topics) != "[{a 1 1} {b 1 1}]" {
		t.Errorf("topics %v, %v", topics, err)
	}
}

func TestReadersFramesTheirOwnWay(t *testing.T) {
	t.Parallel()
	conn := connection(t, nil, env())
	sink, _ := open(t, conn, "t")
	var pool plugins.Pool
	w := connectors.NewBuilder(pool.Batch(), plugins.Partition{}, env().Framing)
	for i := range 1000 {
		w.Add(connectors.Record{Value: fmt.Append(nil, i)})
	}
	if err := sink.Write(t.Context(), w.Batch(), func(error) {}); err != nil {
		t.Fatal(err)
	}
	for _, terminator := range []string{"\n", ";;", ""} {
		e := env()
		e.Framing.Terminator = []byte(terminator)
		out := &raw{terminator: terminator}
		bustest.Start(t, reader(t, conn, connectors.Subscription{Topic: "t", Group: "g" + terminator}, e), out)
		bustest.Eventually(t, "all came", func() bool { return len(out.Records()) == 1000 })
		if out.wrong() != "" {
			t.Errorf("with the terminator %q, %s", terminator, out.wrong())
		}
	}
}

func TestASparseBatchKeepsNothingElseAlive(t *testing.T) {
	t.Parallel()
	sink, source := open(t, connection(t, nil, env()), "t")
	var pool plugins.Pool
	w := connectors.NewBuilder(pool.Batch(), plugins.Partition{}, env().Framing)
	for i := range 1000 {
		w.Add(connectors.Record{Value: fmt.Appendf(nil, "%04d %s", i, strings.Repeat("x", 1000)), Key: []byte("k")})
	}
	b := w.Batch()
	b.Sel = b.Sel[500:701] // the others were filtered out
	if err := sink.Write(t.Context(), b, func(error) {}); err != nil {
		t.Fatal(err)
	}
	b.Release()
	out := &sized{}
	bustest.Start(t, source, out)
	bustest.Eventually(t, "they come", func() bool { return len(out.Records()) == 201 })
	if r := out.Records(); !strings.HasPrefix(r[0].Value, "0500 ") || !strings.HasPrefix(r[200].Value, "0700 ") || r[200].Key != "k" {
		t.Errorf("from %.5q to %.5q", r[0].Value, r[200].Value)
	}
	if n := out.largest.Load(); n > 300<<10 {
		t.Errorf("201 records of 1 KiB came with %d bytes", n)
	}
}

// sized notes how much memory a batch keeps alive.
type sized struct {
	bustest.Outlet
	largest atomic.Int64
}

func (s *sized) Hand(ctx context.Context, d plugins.Delivery) error {
	s.largest.Store(max(s.largest.Load(), int64(len(d.Batch.Data))))
	return s.Outlet.Hand(ctx, d)
}

// raw looks at what follows each value.
type raw struct {
	bustest.Outlet
	terminator string
}

func (r *raw) Hand(ctx context.Context, d plugins.Delivery) error {
	b := d.Batch
	for _, i := range b.Sel {
		end := b.Values[i].Off + b.Values[i].Len
		if int(end)+len(r.terminator) > len(b.Data) || string(b.Data[end:int(end)+len(r.terminator)]) != r.terminator {
			return fmt.Errorf("value %q is not followed by its terminator", b.Value(i))
		}
	}
	return r.Outlet.Hand(ctx, d)
}

func (r *raw) wrong() string {
	for i, x := range r.Records() {
		if x.Value != fmt.Sprint(i) {
			return fmt.Sprintf("record %d is %q", i, x.Value)
		}
	}
	return ""
}

func TestLag(t *testing.T) {
	t.Parallel()
	sink, source := open(t, connection(t, nil, env()), "t")
	lagging := source.(plugins.Lagging)
	if _, known := lagging.Lag(); known {
		t.Error("the lag is known before the source runs")
	}
	if err := write(t.Context(), t, sink, "a", "b", "c"); err != nil {
		t.Fatal(err)
	}
	out := &bustest.Outlet{}
	out.Block()
	bustest.Start(t, source, out)
	bustest.Eventually(t, "the lag is known", func() bool { n, known := lagging.Lag(); return known && n == 3 })
	out.Unblock()
	bustest.Eventually(t, "nothing lags", func() bool { n, _ := lagging.Lag(); return n == 0 })
}

func TestNewTopicsOfAPattern(t *testing.T) {
	t.Parallel()
	conn := connection(t, nil, env())
	out := &bustest.Outlet{}
	bustest.Start(t, reader(t, conn, connectors.Subscription{Topic: "plant.*", Group: "g", Start: connectors.StartLatest}, env()), out)
	seed, _ := open(t, conn, "plant.seed")
	if err := write(t.Context(), t, seed, "x"); err != nil {
		t.Fatal(err)
	}
	bustest.Eventually(t, "the source is there", func() bool { return len(out.Assignments()) > 0 })
	sink, _ := open(t, conn, "plant.a")
	if err := write(t.Context(), t, sink, "y"); err != nil {
		t.Fatal(err)
	}
	came := func(r bustest.Record) bool { return r.Value == "y" }
	bustest.Eventually(t, "what is written to it comes", func() bool { return slices.ContainsFunc(out.Records(), came) })
	if r := out.Records()[slices.IndexFunc(out.Records(), came)]; r.Topic != "plant.a" || r.Offset != 0 {
		t.Errorf("the first record of a topic that came later is %+v", r)
	}
}

// FuzzPosition gives a source what a checkpoint might hold.
func FuzzPosition(f *testing.F) {
	sink, source := open(f, connection(f, nil, env()), "t")
	out := &bustest.Outlet{}
	bustest.Start(f, source, out)
	if err := write(f.Context(), f, sink, "a"); err != nil {
		f.Fatal(err)
	}
	bustest.Eventually(f, "it came", func() bool { return len(out.Records()) == 1 })
	for _, p := range out.Positions() {
		f.Add([]byte(p))
		f.Add([]byte(p)[:len(p)-1])
	}
	f.Add([]byte{})
	f.Add([]byte{2, 0, 0, 0, 0, 0, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, p []byte) {
		at := map[plugins.Partition]plugins.Position{{Name: "t"}: p}
		source := reader(t, connection(t, nil, env()), connectors.Subscription{Topic: "t", Group: "g"}, env())
		if err := source.(plugins.Seeker).Seek(at); err != nil {
			if !strings.Contains(err.Error(), "this is no position of the memory bus") || !strings.Contains(err.Error(), "onstream state reset DIR") {
				t.Errorf("the error is %v", err)
			}
			return
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_ = source.Run(ctx, &positions{from: at}) // whatever it says of it, it does not panic
	})
}

// A key has the same partition each time that a pipeline runs: what stages keep of
// it goes with that.
func TestKeysStayInTheirPartitions(t *testing.T) {
	t.Parallel()
	var before map[string]int32
	for range 2 { // each kind has a bus of its own, as each process has
		conn := connect(t, kindOf(t), map[string]any{"partitions": int64(4)}, env())
		sink, source := open(t, conn, "plant")
		var keys []string
		for n := range 50 {
			keys = append(keys, fmt.Sprint("d", n))
		}
		if err := write(t.Context(), t, sink, keys...); err != nil {
			t.Fatal(err)
		}
		out := &bustest.Outlet{}
		bustest.Start(t, source, out)
		bustest.Eventually(t, "all come", func() bool { return len(out.Records()) == len(keys) })
		parts, used := map[string]int32{}, map[int32]bool{}
		for _, r := range out.Records() {
			parts[r.Value], used[r.Part.ID] = r.Part.ID, true
		}
		if len(used) != 4 || before != nil && !maps.Equal(parts, before) {
			t.Errorf("the keys are in %v, and were in %v", parts, before)
		}
		before = parts
	}
}
