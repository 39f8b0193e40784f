package nats_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// What a stream's limit removes before it is read is told: by stopping, where it certainly was
// for the source, and otherwise by a warning and a count. Meanwhile so much is written that the
// number of those that wait stays as it is.
func TestRecordsThatAreRemovedBeforeTheyAreReadAreTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stream map[string]any
		stops  bool
	}{
		"all of the stream":  {map[string]any{"name": "full", "subjects": []string{"a.b"}}, true},
		"part of the stream": {map[string]any{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bustest.Journal
			c.stream["max_bytes"] = int64(8 << 20)
			r := newRig(t)
			bus := r.connect(t, r.config(map[string]any{"session_timeout": 400 * time.Millisecond}, r.nested("stream", c.stream)))
			sink, err := bus.Writer(connectors.Publication{Topic: "a.b"}, env("sink.out"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = sink.(plugins.Closer).Close(t.Context()) })
			value := bytes.Repeat([]byte("x"), 100_000)
			write := func(n int) {
				for range n {
					if err := put(t, sink, value); err != nil {
						t.Fatal(err)
					}
				}
			}
			write(1)
			out := &bustest.Outlet{}
			out.Hold()
			stage := env("source.in")
			stage.Logger = slog.New(slog.NewTextHandler(&log, nil))
			source, err := bus.Reader(connectors.Subscription{Topic: "a.b", Group: "g", Start: connectors.StartEarliest}, stage)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			t.Cleanup(cancel)
			ended := make(chan error, 1)
			go func() { ended <- source.Run(ctx, out) }()
			bustest.Eventually(t, "the first one comes", func() bool { return len(out.Records()) == 1 })
			out.Block()
			write(500) // the source holds some of them, and the stream has room for 80
			out.Unblock()
			out.Free()
			var stopped error
			bustest.Eventually(t, "the source stops, or the last one comes", func() bool {
				select {
				case stopped = <-ended:
					return true
				default:
				}
				all := out.Records()
				return !c.stops && all[len(all)-1].Offset == 501
			})
			if stopped != nil { // also for a part, where an inspection has seen that fewer wait
				wantPermanent(t, stopped, "were removed (max_age, max_bytes or a purge) before they were read", "forget the position")
				return
			}
			defer func() {
				cancel()
				if err := <-ended; !errors.Is(err, context.Canceled) {
					t.Errorf("the source ended with: %v", err)
				}
			}()
			missed := int64(501 - len(out.Records()))
			if missed == 0 {
				t.Fatal("nothing was removed: the test has to write more")
			}
			bustest.Eventually(t, "it is counted", func() bool { return bus.(plugins.Monitored).Status().Dropped == missed })
			bustest.Eventually(t, "it is told", func() bool {
				return bytes.Contains([]byte(log.String()), []byte("a stream removes records (max_age, max_bytes or a purge) before they are read"))
			})
		})
	}
}
