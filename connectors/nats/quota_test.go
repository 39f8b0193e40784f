package nats_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// put writes a record and returns the answer.
func put(t *testing.T, sink plugins.Sink, value []byte) error {
	t.Helper()
	answer := make(chan error, 1)
	if err := sink.Write(t.Context(), bustest.Batch(connectors.Record{Value: value}), func(err error) { answer <- err }); err != nil {
		return err
	}
	return <-answer
}

// fill writes records until there is room for none, and returns how many there are, and why.
func fill(t *testing.T, sink plugins.Sink) (written int, why error) {
	t.Helper()
	for _, size := range []int{20_000, 500, 1} {
		for {
			if why = put(t, sink, bytes.Repeat([]byte("x"), size)); why != nil {
				break
			}
			if written++; written > 1000 {
				t.Fatal("there is no bound")
			}
		}
	}
	return written, why
}

// A store that is full holds up who writes, and nobody else: what a group has read makes room.
func TestFullStoreHoldsUpWritersOnly(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]map[string]any{
		"on disk":   {"max_file_store": int64(1 << 20), "store_dir": t.TempDir()},
		"in memory": {"max_memory_store": int64(1 << 20)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			bus := r.connect(t, r.config(store, r.nested("stream", map[string]any{"retention": "workqueue"})))
			sink, err := bus.Writer(connectors.Publication{Topic: "a.b"}, env("sink.out"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = sink.(plugins.Closer).Close(t.Context()) })
			written, err := fill(t, sink)
			want := ": max_file_store (for streams in memory, max_memory_store) of the connector is used up: raise it, or let streams drop what is old"
			if err == nil || plugins.IsPermanent(err) || !strings.Contains(err.Error(), want) {
				t.Fatalf("after %d records the answer is %v, want %s", written, err, want)
			}
			out := &bustest.Outlet{}
			stop := run(t, bus, connectors.Subscription{Topic: "a.b", Group: "g", Start: connectors.StartEarliest}, out, written)
			bustest.Eventually(t, "there is room again", func() bool { return put(t, sink, []byte("more")) == nil })
			bustest.Eventually(t, "that comes, too", func() bool { return len(out.Records()) == written+1 })
			_ = stop()
		})
	}
}

// A group of a stream that drops nothing goes on to be told how far it is while there is no
// room, for as long as it takes.
func TestGroupOfAFullStoreKeepsItsPosition(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	group := connectors.Subscription{Topic: "a.b", Group: "g", Start: connectors.StartEarliest}
	for turn, config := range []map[string]any{{"max_file_store": int64(1 << 20)}, {"max_file_store": int64(1 << 20), "session_timeout": 400 * time.Millisecond}} {
		config["store_dir"] = dir
		r := newRig(t)
		made, err := r.kind.New(r.config(config), env("connector.bus"))
		if err != nil {
			t.Fatal(err)
		}
		bus := made.(connectors.Bus)
		sink, err := bus.Writer(connectors.Publication{Topic: "a.b"}, env("sink.out"))
		if err != nil {
			t.Fatal(err)
		}
		written, _ := fill(t, sink)
		if turn > 0 && written > 0 {
			t.Errorf("%d records found room the second time", written)
		}
		out := &bustest.Outlet{}
		source := sourceOf(t, bus, group)
		running := bustest.Start(t, source, out)
		bustest.Eventually(t, "all is read", func() bool {
			lag, known := source.(plugins.Lagging).Lag()
			return known && lag == 0
		})
		running.Stop(t)
		if n := len(out.Records()); n != written {
			t.Errorf("turn %d: %d records came instead of %d: the position was not kept", turn, n, written)
		}
		if err := sink.(plugins.Closer).Close(t.Context()); err != nil {
			t.Error(err)
		}
		if err := bus.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
