//go:build unix

package amqp_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// insists writes records, again and again while that fails for a while, as the engine does.
func insists(t testing.TB, sink plugins.Sink, values ...string) error {
	t.Helper()
	var pool plugins.Pool
	w := connectors.NewBuilder(pool.Batch(), plugins.Partition{}, environment().Framing)
	for _, v := range values {
		w.Add(connectors.Record{Value: []byte(v)})
	}
	b := w.Batch()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		done := make(chan error, 1)
		if err := sink.Write(t.Context(), b, func(err error) { done <- err }); err != nil {
			done <- err
		}
		err := <-done
		var rows plugins.RowErrors
		var part *plugins.PartialError
		switch {
		case err == nil || errors.As(err, &rows) || plugins.IsPermanent(err):
			return err
		case time.Now().After(end):
			t.Fatalf("it goes on to fail: %v", err)
		case errors.As(err, &part):
			b.Sel = b.Sel[part.Done:]
		}
	}
}

// The server's limit of a record is learned from its refusal: only that record fails.
func TestServerThatTakesLess(t *testing.T) {
	t.Parallel()
	o := newOwn(t, "max_message_size = 65536")
	bus := open(t, config(t, o.addr, nil, nil))
	s := subscription(unused())
	out := &bustest.Outlet{}
	joined(t, bus, s, out)
	sink, err := bus.Writer(connectors.Publication{Topic: s.Topic}, environment())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := sink.(plugins.Closer).Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	var rows plugins.RowErrors
	if err := insists(t, sink, "1", "2", strings.Repeat("x", 100_000), "4"); !errors.As(err, &rows) || len(rows) != 1 || rows[0].Row != 2 {
		t.Fatalf("the sink says %v: %+v", err, rows)
	}
	says(t, rows, "the record has 100000 bytes, and the bus takes 65536", "max_message_size of the server")
	seen := map[string]bool{}
	for end := time.Now().Add(30 * time.Second); !seen["1"] || !seen["2"] || !seen["4"]; time.Sleep(5 * time.Millisecond) {
		for _, r := range out.Records() {
			seen[r.Value] = true
		}
		if time.Now().After(end) {
			t.Fatalf("only %v came", seen)
		}
	}
}

// A server that is short of memory takes nothing: the sink waits, and the connection says why.
func TestServerThatIsFull(t *testing.T) {
	t.Parallel()
	o := newOwn(t, "vm_memory_high_watermark.absolute = 1MB")
	bus := open(t, config(t, o.addr, map[string]any{"mandatory": false}, nil))
	sink, err := bus.Writer(connectors.Publication{Topic: "a.b"}, environment())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		var pool plugins.Pool
		for {
			w := connectors.NewBuilder(pool.Batch(), plugins.Partition{}, environment().Framing)
			w.Add(connectors.Record{Value: []byte("x")})
			if err := sink.Write(ctx, w.Batch(), func(error) {}); err != nil {
				ended <- err
				return
			}
		}
	}()
	for end := time.Now().Add(30 * time.Second); !strings.Contains(bus.(plugins.Monitored).Status().Err, "the server takes no records for now"); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the connection says %+v", bus.(plugins.Monitored).Status())
		}
	}
	select {
	case err := <-ended:
		t.Errorf("the sink does not wait: %v", err)
	case <-time.After(100 * time.Millisecond): // a mistake may go unseen
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := sink.(plugins.Closer).Close(context.Background()); err != nil {
		t.Error(err)
	}
}
