package trial

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// tapKind is the kind of the sinks that taps are. The space keeps it apart
// from kinds that can be registered by anybody else.
const tapKind = "trial tap"

// withTaps returns the graph with a sink for each tap.
func withTaps(g *graph.Graph, taps []Tap) (*graph.Graph, error) {
	tapped := *g
	tapped.Stages = slices.Clone(g.Stages)
	for i, t := range taps {
		inputs, shape, err := edge(g, t)
		if err != nil {
			return nil, err
		}
		tapped.Stages = append(tapped.Stages, &graph.Stage{
			Role: graph.Sink, Kind: tapKind, Name: "trial tap " + strconv.Itoa(i),
			Config: plugins.NewConfig(map[string]any{"tap": int64(i)}),
			Inputs: inputs, In: shape, Format: jsonFormat,
			// What cannot be looked at is not an error of the pipeline.
			OnError: graph.Drop,
		})
	}
	return &tapped, nil
}

// edge returns where a tap looks, and the shape of the records there.
func edge(g *graph.Graph, t Tap) ([]graph.Input, plugins.Shape, error) {
	if t.At == graph.Errors {
		return []graph.Input{{From: graph.Errors}}, graph.ErrorShape(), nil
	}
	s := g.Stage(t.At)
	if s == nil {
		return nil, plugins.Shape{}, fmt.Errorf("there is no stage %s", t.At)
	}
	if s.Role == graph.Sink {
		return s.Inputs, s.In, nil
	}
	in := []graph.Input{{From: t.At, Output: t.Output}}
	if t.Output == graph.Errors {
		return in, graph.ErrorShape(), nil
	}
	i := s.Output(t.Output)
	if i < 0 {
		return nil, plugins.Shape{}, fmt.Errorf("%s has no output %q", t.At, t.Output)
	}
	return in, s.Outputs[i].Shape, nil
}

// tape keeps what passes the taps.
type tape struct {
	mu      sync.Mutex
	step    int
	records [][]Record
}

func newTape(taps int) *tape { return &tape{records: make([][]Record, taps)} }

// begin says that what comes from now on is of a step.
func (t *tape) begin(step int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.step = step
}

func (t *tape) add(tap int, b *plugins.Batch) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, i := range b.Sel {
		t.records[tap] = append(t.records[tap], Record{t.step, bytes.Clone(b.Value(i))})
	}
}

func (t *tape) kind() plugins.SinkKind {
	return plugins.SinkKind{
		Name:          tapKind,
		Schema:        plugins.Schema{Attrs: []plugins.Attr{{Name: "tap", Type: plugins.AttrInt}}},
		Payload:       true,
		DefaultFormat: jsonFormat,
		Capabilities:  func(plugins.Config) plugins.Capabilities { return plugins.Capabilities{} },
		New: func(c plugins.Config, _ plugins.Env) (plugins.Sink, error) {
			return &recorder{t, int(c.Int("tap"))}, nil
		},
	}
}

// recorder is the sink of a tap.
type recorder struct {
	tape *tape
	tap  int
}

func (r *recorder) Write(_ context.Context, b *plugins.Batch, done func(error)) error {
	r.tape.add(r.tap, b)
	done(nil)
	return nil
}

func (*recorder) Flush(context.Context) error { return nil }

// taker stands for a sink: it takes everything.
type taker struct{}

func (taker) Write(_ context.Context, _ *plugins.Batch, done func(error)) error {
	done(nil)
	return nil
}

func (taker) Flush(context.Context) error { return nil }

var (
	_ plugins.Sink = (*recorder)(nil)
	_ plugins.Sink = taker{}
)
