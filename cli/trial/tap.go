package trial

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
)

// tapKind is the kind of the sinks that taps are. The space keeps it apart
// from kinds that can be registered by anybody else.
const tapKind = "trial tap"

// withTaps returns the graph with a sink for each tap.
func withTaps(c Config, tape *tape) (*graph.Graph, error) {
	g := c.Graph
	tapped := *g
	tapped.Stages = slices.Clone(g.Stages)
	for i, t := range c.Taps {
		inputs, shape, err := edge(g, t)
		if err != nil {
			return nil, err
		}
		s := &graph.Stage{
			Role: graph.Sink, Kind: tapKind, Name: tapName(i),
			Config: plugins.NewConfig(map[string]any{"tap": int64(i)}),
			Inputs: inputs, In: shape, Format: jsonFormat,
			// What cannot be looked at is not an error of the pipeline.
			OnError: graph.Drop,
		}
		if whole(g, inputs, shape) { // it comes as it is, and what is no record of its format, too
			s.Format, s.Options = shape.Format, shape.Options
			v, err := newViewer(shape, c.Registry)
			if err != nil {
				return nil, err
			}
			tape.heads[i] = head{v, reads(g.Stage(t.At), shape, c.Registry)}
		}
		tapped.Stages = append(tapped.Stages, s)
	}
	return &tapped, nil
}

func tapName(tap int) string { return "trial tap " + strconv.Itoa(tap) }

// whole reports whether all inputs bring payloads that are the record, of one format.
func whole(g *graph.Graph, inputs []graph.Input, shape plugins.Shape) bool {
	return shape.Untouched() && !slices.ContainsFunc(inputs, func(in graph.Input) bool {
		from := g.Stage(in.From)
		if from == nil || in.Output == graph.Errors {
			return true
		}
		is := from.Outputs[from.Output(in.Output)].Shape
		return !is.Untouched() || is.Format != shape.Format || is.Options.Fingerprint() != shape.Options.Fingerprint()
	})
}

// reads reports whether a stage is a sink for which the engine reads the records, to write them in another form: it
// is not given those that are none of their format.
func reads(s *graph.Stage, shape plugins.Shape, r *plugins.Registry) bool {
	if s.Role != graph.Sink || s.Format == "" {
		return false
	}
	kind, _ := r.Sink(s.Kind)
	body := len(kind.BodyExprs(s.Config)) > 0
	return body || s.Format != shape.Format || s.Options.Fingerprint() != shape.Options.Fingerprint()
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
	heads   []head // by tap
	mu      sync.Mutex
	step    int
	records [][]Record
	skipped []int64 // records that the sink behind a tap is not given
}

// head reads what passes a tap as payloads.
type head struct {
	viewer *viewer // nil where records are given as JSON
	skips  bool    // what is no record of its format
}

func newTape(taps int) *tape {
	return &tape{heads: make([]head, taps), records: make([][]Record, taps), skipped: make([]int64, taps)}
}

// begin says that what comes from now on is of a step.
func (t *tape) begin(step int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.step = step
}

func (t *tape) add(tap int, b *plugins.Batch) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.heads[tap]
	if h.viewer == nil {
		for _, i := range b.Sel {
			t.records[tap] = append(t.records[tap], Record{Step: t.step, JSON: bytes.Clone(b.Value(i))})
		}
		return
	}
	for _, r := range h.viewer.view(b, t.step) {
		if r.JSON == nil && h.skips {
			t.skipped[tap]++
			continue
		}
		t.records[tap] = append(t.records[tap], r)
	}
}

// unseen counts the records that have passed each tap and cannot be shown. Those that failed in the sink behind it have
// not reached that.
func (t *tape) unseen(c Config, stats runtime.Stats) []int64 {
	dead := map[string]int64{}
	for _, s := range stats.Stages {
		dead[s.Addr] = s.Dead
	}
	out := make([]int64, len(c.Taps))
	for i, at := range c.Taps {
		out[i] = t.skipped[i] + dead[string(graph.Sink)+"."+tapName(i)]
		if s := c.Graph.Stage(at.At); s != nil && s.Role == graph.Sink && at.Output != graph.Errors {
			out[i] = max(0, out[i]-dead[at.At])
		}
	}
	return out
}

func (t *tape) kind() plugins.SinkKind {
	return plugins.SinkKind{
		Name:          tapKind,
		Schema:        plugins.Schema{Attrs: []plugins.Attr{{Name: "tap", Type: plugins.AttrInt}}},
		Payload:       true,
		Via:           tapKind, // records are not lines of a stream
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
