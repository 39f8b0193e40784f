package transforms_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
)

// stopper takes results until it ends everything.
type stopper struct {
	joinOut
	stop context.CancelFunc
	rows int
}

func (s *stopper) Emit(_ int, b *plugins.Batch) {
	s.rows += len(b.Sel)
	s.stop()
}

// A hot key makes as many results of a batch as there are pairs; when all is to
// stop at once, that does not wait for them.
func TestAHotJoinStopsAtOnce(t *testing.T) {
	t.Parallel()
	const kept, batch = 3000, 3000
	for name, call := range map[string]func(ctx context.Context, tr plugins.Transform, b *plugins.Batch, out plugins.Emitter) error{
		"records": func(ctx context.Context, tr plugins.Transform, b *plugins.Batch, out plugins.Emitter) error {
			return tr.(plugins.Ported).ProcessPort(ctx, 1, b, out)
		},
		"the end": func(ctx context.Context, tr plugins.Transform, _ *plugins.Batch, out plugins.Emitter) error {
			return tr.(plugins.Finisher).Finish(ctx, out)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := startJoin(t, 1, joinConfig("within", time.Hour, "type", "left", "max_rows", int64(10_000)))
			rs := [2][]joinRecord{}
			for n := range int64(kept) {
				rs[0] = append(rs[0], inLeft("hot", n%60, n))
			}
			for n := range int64(batch) {
				rs[1] = append(rs[1], inRight("hot", n%60, n))
			}
			j.put(rs[0]...)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			out := &stopper{stop: stop}
			b := joinBatchOf(j.env.Pool, rs[1])
			defer b.Release()
			if err := call(ctx, j.lanes[0], b, out); !errors.Is(err, context.Canceled) {
				t.Errorf("the error is %v", err)
			}
			if out.rows == 0 || out.rows > 2000 {
				t.Errorf("%d of %d results were made", out.rows, kept*batch)
			}
		})
	}
}
