package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

func transactionBus(t *testing.T, addr, id string) connectors.Bus {
	t.Helper()
	return connect(t, addr, map[string]any{"transactional_id": id, "create": "if_missing"}, nested(t, "topic", "partitions", int64(1)))
}

// committed are the options of who sees only what was committed.
var readCommitted = kgo.FetchIsolationLevel(kgo.ReadCommitted())

func begin(t *testing.T, s plugins.Sink) plugins.Transactional {
	t.Helper()
	x, ok := s.(plugins.Transactional)
	if !ok {
		t.Fatal("the sink has no transactions")
	}
	if err := x.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	return x
}

func written(t *testing.T, s plugins.Sink, values ...string) {
	t.Helper()
	var rows []row
	for _, v := range values {
		rows = append(rows, row{value: v})
	}
	if err := send(t, s, batchOf(rows...)).wait(t); err != nil {
		t.Fatal(err)
	}
}

func TestATransactionIsSeenAsAWhole(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, addr, unique string) {
		topic := unique + ".out"
		s := write(t, transactionBus(t, addr, unique), topic)
		x := begin(t, s)
		written(t, s, "given up")
		if err := x.Abort(t.Context()); err != nil {
			t.Fatal(err)
		}
		begin(t, s)
		written(t, s, "1", "2")
		written(t, s, "3")
		if err := x.Commit(t.Context(), "first", nil); err != nil {
			t.Fatal(err)
		}
		begin(t, s)
		if err := x.Commit(t.Context(), "empty", nil); err != nil {
			t.Fatal(err)
		}
		begin(t, s)
		written(t, s, "4")
		if err := x.Commit(t.Context(), "second", nil); err != nil {
			t.Fatal(err)
		}
		if got := consume(t, addr, topic, 4, readCommitted)[0]; !slices.Equal(got, []string{"1", "2", "3", "4"}) {
			t.Errorf("%q are seen", got)
		}
		if mark, err := x.Committed(t.Context()); mark != "second" || err != nil {
			t.Errorf("the last mark is %q, %v", mark, err)
		}
	})
}

// A process that dies leaves a transaction open. The next one gives it up, learns
// which was the last, and writes again what was in the open one.
func TestTheNextProcessGoesOnAfterTheLastTransaction(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, addr, unique string) {
		topic := unique + ".out"
		before := write(t, transactionBus(t, addr, unique), topic)
		x := begin(t, before)
		written(t, before, "1")
		if err := x.Commit(t.Context(), "one", nil); err != nil {
			t.Fatal(err)
		}
		begin(t, before)
		written(t, before, "2")
		// It says nothing more, and the next one starts.
		after := write(t, transactionBus(t, addr, unique), topic)
		mark, err := after.(plugins.Transactional).Committed(t.Context())
		if mark != "one" || err != nil {
			t.Fatalf("the last mark is %q, %v", mark, err)
		}
		y := begin(t, after)
		written(t, after, "2 again")
		// The former one comes back to life.
		if err := x.Commit(t.Context(), "two", nil); err == nil {
			t.Error("a process commits although another one has taken over")
		} else {
			t.Logf("what the user reads: %v", err)
		}
		if err := y.Commit(t.Context(), "two", nil); err != nil {
			t.Fatal(err)
		}
		if got := consume(t, addr, topic, 2, readCommitted)[0]; !slices.Equal(got, []string{"1", "2 again"}) {
			t.Errorf("%q are seen", got)
		}
	})
}

func TestPositionsAreCommittedWithTheRecords(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, addr, unique string) {
		bus := transactionBus(t, addr, unique)
		in, out, group := connectors.Topic(unique+".in"), unique+".out", unique+".group"
		feed := write(t, connect(t, addr, map[string]any{"create": "if_missing"}, nested(t, "topic", "partitions", int64(1))), string(in))
		written(t, feed, "1", "2", "3")
		taken := &bustest.Outlet{}
		taken.Hold() // acknowledged by nobody but the transaction
		e := bustest.Env("source.in")
		e.Owner = "here"
		r := read(t, bus, connectors.Subscription{Topic: in, Group: group}, e, nil, taken)
		bustest.Eventually(t, "all is read", func() bool { return len(taken.Records()) == 3 })
		s := write(t, bus, out)
		x := begin(t, s)
		written(t, s, "a", "b", "c")
		at := map[string]map[plugins.Partition]plugins.Position{"source.in": taken.Positions(), "source.file": {{Name: "f"}: []byte("x")}}
		asks := admin(t, addr)
		stands := func() int64 {
			all, err := asks.FetchOffsets(t.Context(), group)
			if err != nil {
				return -1 // there is no group yet
			}
			o, ok := all.Lookup(string(in), 0)
			if !ok {
				return -1
			}
			return o.At
		}
		if n := stands(); n > 0 {
			t.Errorf("the group stands at %d before the transaction is committed", n)
		}
		if err := x.Commit(t.Context(), "m", at); err != nil {
			t.Fatal(err)
		}
		bustest.Eventually(t, "the group stands where the transaction says", func() bool { return stands() == 3 })
		r.Stop(t)
		written(t, feed, "4")
		again := &bustest.Outlet{}
		read(t, bus, connectors.Subscription{Topic: in, Group: group}, e, nil, again)
		bustest.Eventually(t, "the next is read", func() bool { return len(again.Records()) > 0 })
		if got := again.Values(); got[0] != "4" {
			t.Errorf("%q are read again", got)
		}
	})
}

// Without an engine that leads, what waits is committed when nothing more does.
func TestASinkCommitsByItself(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, addr, unique string) {
		topic := unique + ".out"
		s := write(t, transactionBus(t, addr, unique), topic)
		if err := s.(plugins.Opener).Open(t.Context()); err != nil {
			t.Fatal(err)
		}
		first, second := send(t, s, batchOf(row{value: "1"})), send(t, s, batchOf(row{value: "2"}))
		if err := s.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, x := range []*sent{first, second} {
			if err := x.wait(t); err != nil {
				t.Fatal(err)
			}
		}
		if got := consume(t, addr, topic, 2, readCommitted)[0]; !slices.Equal(got, []string{"1", "2"}) {
			t.Errorf("%q are seen", got)
		}
	})
}

func TestATransactionThatTookTooLong(t *testing.T) {
	t.Parallel()
	c := cluster(t, kfake.SeedTopics(1, "out"))
	addr := c.ListenAddrs()[0]
	s := write(t, connect(t, addr, map[string]any{"transactional_id": "t", "transaction_timeout": time.Second}), "out")
	x := begin(t, s)
	written(t, s, "late")
	time.Sleep(1500 * time.Millisecond) // the cluster's own clock
	if err := x.Commit(t.Context(), "late", nil); err == nil {
		t.Error("a transaction was committed that the cluster has given up")
	} else {
		t.Logf("what the user reads: %v", err)
	}
	if err := x.Abort(t.Context()); err != nil {
		t.Fatal(err)
	}
	begin(t, s)
	written(t, s, "again")
	if err := x.Commit(t.Context(), "again", nil); err != nil {
		t.Fatal(err)
	}
	if got := consume(t, addr, "out", 1, readCommitted)[0]; !slices.Equal(got, []string{"again"}) {
		t.Errorf("%q are seen", got)
	}
}

func TestStateLogs(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, addr, unique string) {
		source := unique + ".in"
		a := connect(t, addr, map[string]any{"create": "if_missing"}, nested(t, "topic", "partitions", int64(2)))
		written(t, write(t, a, source), "x")
		b := connect(t, addr, nil)
		open := func(bus connectors.Bus, p int32) plugins.StateLog {
			l, err := bus.(plugins.StateLogs).StateLog(t.Context(), unique+".p.in", plugins.Partition{Name: source, ID: p})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := l.Close(context.Background()); err != nil {
					t.Error(err)
				}
			})
			return l
		}
		entries := func(l plugins.StateLog) (texts []string, numbers []int64) {
			err := l.Read(t.Context(), func(n int64, e []byte) error {
				texts, numbers = append(texts, string(e)), append(numbers, n)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return texts, numbers
		}
		la, lb, other := open(a, 1), open(b, 1), open(b, 0)
		if texts, _ := entries(la); len(texts) > 0 {
			t.Errorf("a new log has %q", texts)
		}
		large := strings.Repeat("x", plugins.MaxStateEntry)
		for _, step := range []struct {
			l  plugins.StateLog
			es []string
		}{{la, []string{"1", "2"}}, {lb, []string{"3"}}, {la, []string{large, "4"}}, {other, []string{"foreign"}}} {
			var es [][]byte
			for _, e := range step.es {
				es = append(es, []byte(e))
			}
			if err := step.l.Append(t.Context(), es...); err != nil {
				t.Fatal(err)
			}
		}
		want := []string{"1", "2", "3", large, "4"}
		fromA, numbers := entries(la)
		fromB, _ := entries(lb)
		if !slices.Equal(fromA, want) || !slices.Equal(fromB, want) || !slices.IsSorted(numbers) {
			t.Errorf("the logs have %.9q and %.9q, numbered %v", fromA, fromB, numbers)
		}
		for range 2 {
			if err := lb.Trim(t.Context(), numbers[3]); err != nil {
				t.Fatal(err)
			}
		}
		if texts, _ := entries(la); len(texts) != 2 {
			t.Errorf("after trimming, the log has %.9q", texts)
		}
		// The source has more partitions now.
		if _, err := admin(t, addr).UpdatePartitions(t.Context(), 4, source); err != nil {
			t.Fatal(err)
		}
		bustest.Eventually(t, "the log of a new partition is there", func() bool {
			l, err := a.(plugins.StateLogs).StateLog(t.Context(), unique+".p.in", plugins.Partition{Name: source, ID: 3})
			return err == nil && l.Append(t.Context(), []byte("new")) == nil
		})
	})
}

// A mark that is gone is no sign that the last transaction was not committed: it is kept as a position of a
// group, and expires with that. Nothing is written twice on that account.
func TestAMarkThatIsGone(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, addr, unique string) {
		topic := unique + ".out"
		a := admin(t, addr)
		x := begin(t, write(t, transactionBus(t, addr, unique), topic))
		written(t, x.(plugins.Sink), "1")
		next := write(t, transactionBus(t, addr, unique), topic).(plugins.Transactional)
		if mark, err := next.Committed(t.Context()); mark != "" || err != nil {
			t.Fatalf("before the first transaction is committed, the mark is %q, %v", mark, err)
		}
		begin(t, next.(plugins.Sink))
		written(t, next.(plugins.Sink), "2")
		if err := next.Commit(t.Context(), "one", nil); err != nil {
			t.Fatal(err)
		}
		bustest.Eventually(t, "the group is deleted, as when it expires", func() bool {
			deleted, err := a.DeleteGroups(t.Context(), unique)
			return err == nil && deleted.Error() == nil
		})
		_, err := write(t, transactionBus(t, addr, unique), topic).(plugins.Transactional).Committed(t.Context())
		bustest.Permanent(t, err, "it cannot be told whether the last transaction of "+`"`+unique+`"`+" was committed", addr, "offsets.retention.minutes", "onstream state reset --all")
	})
}

// Records that each have their own topic are marked in the one that comes first: the next process may have
// another one there, and the last mark counts.
func TestMarksOfRecordsWithTopics(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, addr, unique string) {
		process := func(topic, mark string, times int) {
			bus := transactionBus(t, addr, unique)
			s, err := bus.Writer(connectors.Publication{}, bustest.Env("sink.out"))
			if err != nil {
				t.Fatal(err)
			}
			for range times {
				x := begin(t, s)
				if err := send(t, s, batchOf(row{topic: "a..b", value: "x"}, row{topic: unique + topic, value: "x"})).wait(t); len(rowsOf(t, err)) != 1 {
					t.Fatal(err)
				}
				if err := x.Commit(t.Context(), mark, nil); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.(plugins.Closer).Close(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		process(".a", "former", 3)
		process(".b", "last", 1)
		mark, err := write(t, transactionBus(t, addr, unique), "").(plugins.Transactional).Committed(t.Context())
		if mark != "last" || err != nil {
			t.Errorf("the last mark is %q, %v", mark, err)
		}
	})
}

// The first records of a topic are committed like any others.
func TestATransactionOfATopicThatIsNew(t *testing.T) {
	t.Parallel()
	addr := cluster(t).ListenAddrs()[0]
	unique := "new"
	s := write(t, transactionBus(t, addr, unique), "")
	for i := range 40 {
		x := begin(t, s)
		if err := send(t, s, batchOf(row{topic: fmt.Sprint(unique, ".", i), value: "x"})).wait(t); err != nil {
			t.Fatal(err)
		}
		if err := x.Commit(t.Context(), fmt.Sprint(i), nil); err != nil {
			t.Fatal(err)
		}
		if mark, err := x.Committed(t.Context()); mark != fmt.Sprint(i) || err != nil {
			t.Fatalf("after transaction %d the mark is %q, %v", i, mark, err)
		}
	}
}

// A transaction all of whose records are refused has a mark like any other.
func TestATransactionOfRefusedRecords(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, addr, unique string) {
		s := write(t, transactionBus(t, addr, unique), unique)
		x := begin(t, s)
		written(t, s, "1")
		if err := x.Commit(t.Context(), "former", nil); err != nil {
			t.Fatal(err)
		}
		x = begin(t, s)
		large := string(make([]byte, 2<<20))
		if err := send(t, s, batchOf(row{value: large})).wait(t); len(rowsOf(t, err)) != 1 {
			t.Fatal(err)
		}
		if err := x.Commit(t.Context(), "last", nil); err != nil {
			t.Fatal(err)
		}
		if err := s.(plugins.Closer).Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		mark, err := write(t, transactionBus(t, addr, unique), unique).(plugins.Transactional).Committed(t.Context())
		if mark != "last" || err != nil {
			t.Errorf("the last mark is %q, %v", mark, err)
		}
	})
}

// A batch that was written in part, in a transaction that is given up for this, is written
// again as a whole.
func TestWhatIsGivenUpIsWrittenAgain(t *testing.T) {
	t.Parallel()
	c := cluster(t, kfake.SeedTopics(3, "out"))
	addr := c.ListenAddrs()[0]
	s := write(t, connect(t, addr, map[string]any{"transactional_id": "t"}), "out")
	var rows []row
	for i := range 100 {
		rows = append(rows, row{key: fmt.Sprint(i), value: fmt.Sprint(i)})
	}
	b := batchOf(rows...)
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "out", Partitions: []int32{1}, Err: kerr.UnknownServerError, Count: 1})
	for failures := 0; ; failures++ {
		written := send(t, s, b)
		if err := s.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		err := written.wait(t)
		if err == nil {
			if failures == 0 {
				t.Fatal("nothing failed")
			}
			break
		}
		if part, ok := errors.AsType[*plugins.PartialError](err); ok {
			b.Sel = b.Sel[part.Done:]
		}
	}
	seen := 0
	for _, values := range consume(t, addr, "out", len(rows), readCommitted) {
		seen += len(values)
	}
	if seen != len(rows) {
		t.Errorf("%d of %d records are seen", seen, len(rows))
	}
}
