package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
)

// folder makes a folder for one case of a property. It goes with the case: of all
// together, with a store in each, the disk may be full.
func folder(t *testing.T, rt *rapid.T) string {
	dir := t.TempDir()
	rt.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// world is a registry of hand-written kinds that a test looks into.
type world struct {
	t        *testing.T
	registry plugins.Registry

	mu      sync.Mutex
	got     map[string][]string // lines written, by sink address
	acked   []int64             // first number of each acknowledged batch
	nacked  int
	broken  map[string]error // what Write of a sink answers
	opens   map[string]int   // how often a kind's New or Open ran, by address
	resumed map[plugins.Partition]plugins.Position
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, got: map[string][]string{}, broken: map[string]error{}, opens: map[string]int{}}
	intShape := plugins.Columns(plugins.Field{Name: "n", Type: plugins.Of(plugins.Int)}, plugins.Field{Name: "k", Type: plugins.Of(plugins.String)})
	for _, err := range []error{
		w.registry.AddSource(plugins.SourceKind{
			Name:   "numbers",
			Output: func(plugins.Config) (plugins.Shape, error) { return intShape, nil },
			New: func(c plugins.Config, env plugins.Env) (plugins.Source, error) {
				w.count(env.Stage)
				return &numbers{w: w, from: c.Int("from"), to: c.Int("to"), size: int(c.Int("size")), parts: max(1, int(c.Int("parts"))), env: env}, nil
			},
		}),
		w.registry.AddTransform(plugins.TransformKind{Name: "where", New: func(c plugins.Config, _ plugins.Env) (plugins.Transform, error) {
			return where{c.Expr("where").Evaluator(plugins.Env{})}, nil
		}}),
		w.registry.AddTransform(plugins.TransformKind{
			Name: "parity",
			Outputs: func(in plugins.Shape, _ plugins.Config) ([]plugins.Output, error) {
				return []plugins.Output{{Name: "even", Shape: in}, {Name: "odd", Shape: in}}, nil
			},
			New: func(plugins.Config, plugins.Env) (plugins.Transform, error) { return new(parity), nil },
		}),
		w.registry.AddTransform(plugins.TransformKind{Name: "twice", New: func(plugins.Config, plugins.Env) (plugins.Transform, error) { return twice{}, nil }}),
		w.registry.AddTransform(plugins.TransformKind{Name: "tally", Keyed: true, New: func(_ plugins.Config, env plugins.Env) (plugins.Transform, error) {
			w.count(env.Stage)
			return &tally{w: w, last: map[string]int64{}}, nil
		}}),
		w.registry.AddSink(plugins.SinkKind{Name: "lines", Payload: true, New: func(_ plugins.Config, env plugins.Env) (plugins.Sink, error) {
			w.count(env.Stage)
			return &lines{w: w, addr: env.Stage}, nil
		}}),
		w.registry.AddCodec(plugins.Codec{
			Name:    "text",
			Framing: func(plugins.Config) (plugins.Framing, error) { return plugins.Framing{Terminator: []byte("\n")}, nil },
			Encoder: func(c plugins.EncoderConfig) (plugins.Encoder, error) { return encoder{c.Shape.Type.Fields}, nil },
		}),
		w.registry.AddCodec(plugins.Codec{
			Name:    "json",
			Framing: func(plugins.Config) (plugins.Framing, error) { return plugins.Framing{}, nil },
			Encoder: func(c plugins.EncoderConfig) (plugins.Encoder, error) { return encoder{c.Shape.Type.Fields}, nil },
		}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w *world) count(addr string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.opens[addr]++
}

// counted returns how often something was counted.
func (w *world) counted(addr string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.opens[addr]
}

// written returns what a sink has written so far.
func (w *world) written(addr string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.got[addr]...)
}

// breakSink makes writes of a sink fail; nil mends it.
func (w *world) breakSink(addr string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken[addr] = err
}

// patience is how long there may be nothing new on a busy machine.
const patience = time.Minute

// until waits for a condition.
func (w *world) until(what string, ok func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("gave up waiting for %s", what)
		}
	}
}

// numbers sends n from "from" to "to" (0: without end), k = n modulo 7. With
// parts, number n is in partition n modulo parts.
type numbers struct {
	w        *world
	from, to int64
	size     int
	parts    int
	env      plugins.Env
}

func (s *numbers) Seek(ps map[plugins.Partition]plugins.Position) error {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	s.w.resumed = ps
	for _, p := range ps {
		n, err := strconv.ParseInt(string(p), 10, 64)
		if err != nil {
			return err
		}
		s.from = n
	}
	return nil
}

func (s *numbers) Run(ctx context.Context, out plugins.Outlet) error {
	for n := s.from; s.to == 0 || n < s.to; {
		first := n
		if s.to == 0 {
			time.Sleep(200 * time.Microsecond) // the test keeps what is written
		}
		for p := range s.parts {
			b := out.Batch()
			b.Part = plugins.Partition{Name: "p", ID: int32(p)}
			var ns []int64
			for m := first; m < first+int64(s.size*s.parts) && (s.to == 0 || m < s.to); m++ {
				if m%int64(s.parts) == int64(p) {
					ns = append(ns, m)
				}
				n = max(n, m+1)
			}
			b.SelectAll(len(ns))
			nc, kc := b.NewColumn("n", plugins.Int), b.NewColumn("k", plugins.String)
			b.Offsets = b.SpareOffsets()
			for i, m := range ns {
				nc.Ints[i] = m
				kc.AppendString(uint32(i), strconv.FormatInt(m%7, 10))
				b.Offsets = append(b.Offsets, m)
				if m < 0 {
					b.Fail(uint32(i), plugins.Failure{Code: "negative", Msg: fmt.Sprintf("%d is negative", m)})
				}
			}
			next := n
			err := out.Hand(ctx, plugins.Delivery{
				Batch: b, Next: plugins.Position(strconv.FormatInt(next, 10)),
				Ack: func() {
					s.w.mu.Lock()
					defer s.w.mu.Unlock()
					if p == 0 {
						s.w.acked = append(s.w.acked, first)
					}
				},
				Nack: func(error) {
					s.w.mu.Lock()
					defer s.w.mu.Unlock()
					s.w.nacked++
				},
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

type where struct{ ev plugins.Evaluator }

func (t where) Process(_ context.Context, b *plugins.Batch, out plugins.Emitter) error {
	col := t.ev.Eval(b)
	before := len(b.Sel)
	alive := b.Sel[:0]
	for _, i := range b.Sel {
		if col.Bools[i] {
			alive = append(alive, i)
		}
	}
	b.Sel = alive
	out.Drop(before - len(alive))
	out.Emit(0, b)
	return nil
}

type parity struct{ sel [2][]uint32 }

func (t *parity) Process(_ context.Context, b *plugins.Batch, out plugins.Emitter) error {
	n := b.Column("n")
	t.sel[0], t.sel[1] = t.sel[0][:0], t.sel[1][:0]
	for _, i := range b.Sel {
		p := n.Ints[i] & 1
		t.sel[p] = append(t.sel[p], i)
	}
	for p := range t.sel {
		b.Sel = t.sel[p]
		out.Emit(p, b)
	}
	return nil
}

// twice emits every record a second time.
type twice struct{}

func (twice) Process(_ context.Context, b *plugins.Batch, out plugins.Emitter) error {
	sel := append([]uint32(nil), b.Sel...)
	out.Emit(0, b)
	b.Sel = append(b.Sel[:0], sel...)
	out.Make(len(sel))
	out.Emit(0, b)
	return nil
}

// tally fails the test's assertions in world when numbers of a key do not
// grow, or when a key is seen by two instances.
type tally struct {
	w    *world
	last map[string]int64
}

func (t *tally) Process(_ context.Context, b *plugins.Batch, out plugins.Emitter) error {
	n, k := b.Column("n"), b.Column("k")
	for _, i := range b.Sel {
		key := string(k.Bytes(i))
		if last, ok := t.last[key]; ok && n.Ints[i] != last+7 {
			return fmt.Errorf("key %s: %d after %d", key, n.Ints[i], last)
		}
		t.last[key] = n.Ints[i]
	}
	out.Emit(0, b)
	return nil
}

// expr is a condition or value over the column n.
type expr struct {
	name string
	bool func(n int64) (bool, error)
}

func (x expr) Type() plugins.Type { return plugins.Of(plugins.Bool) }
func (x expr) Reads() []plugins.Field {
	return []plugins.Field{{Name: "n", Type: plugins.Of(plugins.Int)}}
}
func (x expr) String() string { return x.name }
func (x expr) Range() string  { return "test:1,1-2" }
func (x expr) Evaluator(plugins.Env) plugins.Evaluator {
	return &evaluator{x: x}
}

type evaluator struct {
	x   expr
	col plugins.Column
}

func (e *evaluator) Eval(b *plugins.Batch) *plugins.Column {
	n := b.Column("n")
	e.col.Reset(plugins.Bool, b.Len)
	for _, i := range b.Sel {
		v, err := e.x.bool(n.Ints[i])
		if err != nil {
			b.Fail(i, plugins.Failure{Code: "expr", Msg: err.Error(), Expr: e.x.Range()})
		}
		e.col.Bools[i] = v
	}
	b.DropFailed()
	return &e.col
}

// keyExpr is the column k.
type keyExpr struct{}

func (keyExpr) Type() plugins.Type { return plugins.Of(plugins.String) }
func (keyExpr) Reads() []plugins.Field {
	return []plugins.Field{{Name: "k", Type: plugins.Of(plugins.String)}}
}
func (keyExpr) String() string { return "event.k" }
func (keyExpr) Range() string  { return "test:1,1-2" }
func (keyExpr) Evaluator(plugins.Env) plugins.Evaluator {
	return keyEvaluator{}
}

type keyEvaluator struct{}

func (keyEvaluator) Eval(b *plugins.Batch) *plugins.Column { return b.Column("k") }

type encoder struct{ fields []plugins.Field }

func (encoder) Needs() []plugins.Field { return nil }
func (encoder) Preamble() []byte       { return nil }
func (x encoder) Encode(b, dst *plugins.Batch) {
	for _, i := range b.Sel {
		at := len(dst.Data)
		for k, f := range x.fields {
			if k > 0 {
				dst.Data = append(dst.Data, ' ')
			}
			v := b.Column(f.Name).Value(i)
			if v.Kind == plugins.Int {
				dst.Data = strconv.AppendInt(dst.Data, v.Int, 10)
			} else {
				dst.Data = append(dst.Data, v.Text...)
			}
		}
		dst.Values = append(dst.Values, plugins.Span{Off: uint32(at), Len: uint32(len(dst.Data) - at)})
		dst.Data = append(dst.Data, '\n')
	}
}

type lines struct {
	w    *world
	addr string
}

func (s *lines) Write(_ context.Context, b *plugins.Batch, done func(error)) error {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if err := s.w.broken[s.addr]; err != nil {
		return err
	}
	for _, i := range b.Sel {
		s.w.got[s.addr] = append(s.w.got[s.addr], string(b.Value(i)))
	}
	done(nil)
	return nil
}

func (s *lines) Flush(context.Context) error { return nil }

var (
	_       plugins.Seeker = (*numbers)(nil)
	errDown                = errors.New("the sink is down")
)

// pipeline builds a graph: it fills in shapes by asking the kinds.
func (w *world) pipeline(stages ...*graph.Stage) *graph.Graph {
	g := &graph.Graph{Name: "test", Stages: stages}
	for _, s := range g.Downstream() {
		switch s.Role {
		case graph.Source:
			kind, _ := w.registry.Source(s.Kind)
			shape, _ := kind.Output(s.Config)
			s.Outputs = []plugins.Output{{Shape: shape}}
		case graph.Transform:
			for _, in := range s.Inputs {
				if up := g.Stage(in.From); up != nil {
					s.In = up.Outputs[up.Output(in.Output)].Shape
				}
			}
			kind, _ := w.registry.Transform(s.Kind)
			s.Outputs = []plugins.Output{{Shape: s.In}}
			if kind.Outputs != nil {
				s.Outputs, _ = kind.Outputs(s.In, s.Config)
			}
		case graph.Sink:
			s.Format = "text"
		}
	}
	return g
}

func source(name string, attrs map[string]any) *graph.Stage {
	return &graph.Stage{Role: graph.Source, Kind: "numbers", Name: name, Config: plugins.NewConfig(attrs)}
}

func transform(kind, name string, attrs map[string]any, from ...graph.Input) *graph.Stage {
	return &graph.Stage{Role: graph.Transform, Kind: kind, Name: name, Config: plugins.NewConfig(attrs), Inputs: from}
}

func sink(name string, from ...graph.Input) *graph.Stage {
	return &graph.Stage{Role: graph.Sink, Kind: "lines", Name: name, Inputs: from,
		Retry: graph.Retry{Backoff: time.Millisecond, MaxBackoff: 5 * time.Millisecond}}
}

func from(addr string) graph.Input         { return graph.Input{From: addr} }
func output(addr, name string) graph.Input { return graph.Input{From: addr, Output: name} }

// balanced asserts that every record of a finished pipeline is accounted for,
// in each stage and on each edge.
func balanced(t *testing.T, g *graph.Graph, st runtime.Stats) {
	t.Helper()
	by := map[string]runtime.StageStats{}
	for _, s := range st.Stages {
		by[s.Addr] = s
		if !s.Balanced() || s.Held != 0 {
			t.Errorf("%s is not balanced: %+v", s.Addr, s)
		}
	}
	for _, s := range g.Stages {
		if len(s.Outputs) == 1 {
			for _, e := range g.Consumers(s.Addr(), s.Outputs[0].Name) {
				if len(e.To.Inputs) == 1 && by[e.To.Addr()].In != by[s.Addr()].Out {
					t.Errorf("%s passed on %d records, %s got %d", s.Addr(), by[s.Addr()].Out, e.To.Addr(), by[e.To.Addr()].In)
				}
			}
		}
	}
}
