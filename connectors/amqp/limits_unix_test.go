//go:build unix

package amqp_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// The server's limit of a record is learned from its refusal: only that record fails.
func TestServerThatTakesLess(t *testing.T) {
	t.Parallel()
	o := newOwn(t, "max_message_size = 65536")
	bus := open(t, config(t, o.addr, nil, nil))
	s := bustest.Subscribe(bustest.Unused())
	out := &bustest.Outlet{}
	joined(t, bus, s, out)
	var rows plugins.RowErrors
	if err := bustest.Insist(t, bus, string(s.Topic), "1", "2", strings.Repeat("x", 100_000), "4"); !errors.As(err, &rows) || len(rows) != 1 || rows[0].Row != 2 {
		t.Fatalf("the sink says %v: %+v", err, rows)
	}
	bustest.Says(t, rows, "the record has 100000 bytes, and the bus takes 65536", "max_message_size of the server")
	bustest.Eventually(t, "the others come", func() bool {
		values := out.Values()
		return slices.Contains(values, "1") && slices.Contains(values, "2") && slices.Contains(values, "4")
	})
}

// A server that is short of memory takes nothing: the sink waits, and the connection says why.
func TestServerThatIsFull(t *testing.T) {
	t.Parallel()
	o := newOwn(t, "vm_memory_high_watermark.absolute = 1MB")
	bus := open(t, config(t, o.addr, map[string]any{"mandatory": false}, nil))
	sink, err := bus.Writer(connectors.Publication{Topic: "a.b"}, bustest.Env("test"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		for {
			if err := sink.Write(ctx, bustest.Batch(bustest.Records("x")...), func(error) {}); err != nil {
				ended <- err
				return
			}
		}
	}()
	bustest.Eventually(t, "the connection says that the server takes nothing", func() bool {
		return strings.Contains(bus.(plugins.Monitored).Status().Err, "the server takes no records for now")
	})
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
