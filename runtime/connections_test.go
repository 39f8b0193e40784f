package runtime_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
)

// wires are connections that note what becomes of them.
type wires struct {
	mu      sync.Mutex
	made    int
	open    int
	dir     string
	refusal error
}

type wire struct{ *wires }

func (w *wires) kind() plugins.ConnectorKind {
	return plugins.ConnectorKind{Name: "wire", New: func(_ plugins.Config, env plugins.Env) (plugins.Connection, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.refusal != nil {
			return nil, w.refusal
		}
		w.made++
		w.open++
		w.dir = env.Dir
		return wire{w}, nil
	}}
}

func (w wire) Close(context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open--
	return nil
}

func (wire) Status() plugins.ConnectionStatus {
	return plugins.ConnectionStatus{Connected: true, Reconnects: 3}
}

func (w *wires) counts() (made, open int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.made, w.open
}

// over makes a stage work over a wire.
func (w *wires) over(s *graph.Stage, speed int64) *graph.Stage {
	s.Via = "plant"
	s.Config = s.Config.WithConnector(w.kind(), plugins.NewConfig(map[string]any{"speed": speed}))
	return s
}

func TestConnectionsAreShared(t *testing.T) {
	t.Parallel()
	w, x := newWorld(t), new(wires)
	pipeline := func(speed int64, more ...*graph.Stage) *graph.Graph {
		return w.pipeline(append([]*graph.Stage{x.over(source("in", map[string]any{"size": int64(5)}), speed), x.over(sink("out", from("source.in")), speed)}, more...)...)
	}
	dir := t.TempDir()
	e := runtime.New(runtime.Config{Registry: &w.registry, StateDir: dir})
	ended := make(chan error, 1)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() { ended <- e.Run(ctx, pipeline(1)) }()
	w.until("the pipeline to run", func() bool { return e.Stats().Ready && len(w.written("sink.out")) > 0 })
	if made, open := x.counts(); made != 1 || open != 1 {
		t.Errorf("two stages over one connector: %d made, %d open", made, open)
	}
	if !strings.HasPrefix(x.dir, dir) || !strings.HasSuffix(x.dir, "plant") {
		t.Errorf("its folder is %q", x.dir)
	}
	if st := e.Stats().Connections; len(st) != 1 || st[0].Addr != "connector.plant" || st[0].Reconnects != 3 {
		t.Errorf("told of connections: %+v", st)
	}
	if _, err := e.Reload(ctx, pipeline(1, sink("side", from("source.in")))); err != nil {
		t.Fatal(err)
	}
	if made, _ := x.counts(); made != 1 {
		t.Errorf("a reload that leaves it as it is makes it %d times", made)
	}
	if _, err := e.Reload(ctx, pipeline(2)); err != nil {
		t.Fatal(err)
	}
	w.until("the old connection to be closed", func() bool { made, open := x.counts(); return made == 2 && open == 1 })
	x.mu.Lock()
	x.refusal = errors.New("no such plant")
	x.mu.Unlock()
	if _, err := e.Reload(ctx, pipeline(3)); err == nil || !strings.Contains(err.Error(), "connector.plant: no such plant") {
		t.Errorf("a reload with a connection that cannot be made: %v", err)
	}
	if made, open := x.counts(); made != 2 || open != 1 {
		t.Errorf("after a reload that failed: %d made, %d open", made, open)
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, open := x.counts(); open != 0 {
		t.Errorf("%d connections are open at the end", open)
	}
}
