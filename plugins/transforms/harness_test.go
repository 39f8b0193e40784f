package transforms_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/transforms"
)

// expr is a fake of a compiled expression: eval fills the column.
type expr struct {
	typ  plugins.Type
	eval func(b *plugins.Batch, col *plugins.Column)
}

func (e expr) Type() plugins.Type     { return e.typ }
func (e expr) Reads() []plugins.Field { return nil }
func (e expr) String() string         { return "fake" }
func (e expr) Range() string          { return "test.hcl:1,1-2" }
func (e expr) Evaluator(plugins.Env) plugins.Evaluator {
	return &evaluator{eval: e.eval, kind: e.typ.Kind}
}

type evaluator struct {
	eval func(b *plugins.Batch, col *plugins.Column)
	kind plugins.Kind
	col  plugins.Column
}

func (e *evaluator) Eval(b *plugins.Batch) *plugins.Column {
	e.col.Reset(e.kind, b.Len)
	e.col.Data = e.col.Data[:0]
	e.eval(b, &e.col)
	b.DropFailed()
	return &e.col
}

// field reads a column of the batch.
func field(name string, t plugins.Type) expr {
	return expr{t, func(b *plugins.Batch, col *plugins.Column) {
		from := b.Column(name)
		for _, i := range b.Sel {
			col.SetValue(i, from.Value(i))
		}
	}}
}

// payload is the payload of the record, without copying it.
func payload(k plugins.Kind) expr {
	return expr{plugins.Of(k), func(b *plugins.Batch, col *plugins.Column) {
		col.Data = b.Data
		for _, i := range b.Sel {
			col.Spans[i] = b.Values[i]
		}
	}}
}

// above is event.t > limit; where t is null it fails the row.
func above(limit int64) expr {
	return expr{plugins.Of(plugins.Bool), func(b *plugins.Batch, col *plugins.Column) {
		t := b.Column("t")
		for _, i := range b.Sel {
			if t.IsNull(i) {
				b.Fail(i, plugins.Failure{Code: "null", Msg: "t is null"})
				continue
			}
			col.Bools[i] = t.Ints[i] > limit
		}
	}}
}

func integer(v int64) plugins.Value { return plugins.Value{Kind: plugins.Int, Int: v} }
func text(v string) plugins.Value   { return plugins.Value{Kind: plugins.String, Text: v} }
func list(v string) plugins.Value   { return plugins.Value{Kind: plugins.List, Text: v} }

var null = plugins.Value{Kind: plugins.Null}

// ints makes a batch whose records are {t = int}, with "p<row>" as payload
// and the row number as offset; negative values are null.
func ints(pool *plugins.Pool, vs ...int64) *plugins.Batch {
	b := pool.Batch()
	b.SelectAll(len(vs))
	col := b.NewColumn("t", plugins.Int)
	b.Values, b.Offsets = b.SpareValues(), b.SpareOffsets()
	for i, v := range vs {
		if v < 0 {
			col.SetNull(uint32(i))
		} else {
			col.Ints[i] = v
		}
		addPayload(b, fmt.Sprint("p", i))
		b.Offsets = append(b.Offsets, int64(i))
	}
	return b
}

func addPayload(b *plugins.Batch, s string) {
	b.Values = append(b.Values, plugins.Span{Off: uint32(len(b.Data)), Len: uint32(len(s))})
	b.Data = append(b.Data, s...)
}

// emitted is one record that left a transform.
type emitted struct {
	output  int
	payload string
	offset  int64
	topic   string
	fields  map[string]plugins.Value
}

// engine is a fake of what calls a transform. It checks conservation.
type engine struct {
	t        testing.TB
	names    []string // of the columns to look at
	records  []emitted
	batches  int
	dropped  int
	made     int
	failures []plugins.Failure
}

func (e *engine) Emit(output int, b *plugins.Batch) {
	failed := len(b.Failures)
	b.TakeFailures(func(f plugins.Failure) { e.failures = append(e.failures, f) })
	if len(b.Sel) == 0 && failed == 0 {
		e.t.Error("an empty batch was emitted")
	}
	e.batches++
	for _, i := range b.Sel {
		r := emitted{output: output, payload: string(b.Value(i)), topic: b.OneTopic, fields: map[string]plugins.Value{}}
		if own := b.Topic(i); own != nil {
			r.topic = string(own)
		}
		if b.Offsets != nil {
			r.offset = b.Offsets[i]
		}
		for _, name := range e.names {
			if col := b.Column(name); col != nil {
				r.fields[name] = col.Value(i)
			}
		}
		e.records = append(e.records, r)
	}
	b.Sel = b.Sel[:0]
}

func (e *engine) Drop(n int) { e.dropped += n }
func (e *engine) Make(n int) { e.made += n }

// run puts one batch through a transform.
func (e *engine) run(ctx context.Context, tr plugins.Transform, b *plugins.Batch) {
	e.t.Helper()
	in := len(b.Sel)
	out, dropped, made, dead := len(e.records), e.dropped, e.made, len(e.failures)
	mark := b.Mark()
	if err := tr.Process(ctx, b, e); err != nil {
		e.t.Fatalf("Process: %v", err)
	}
	b.Rewind(mark)
	b.TakeFailures(func(f plugins.Failure) { e.failures = append(e.failures, f) })
	out, dropped, made, dead = len(e.records)-out, e.dropped-dropped, e.made-made, len(e.failures)-dead
	if in+made != out+dropped+dead {
		e.t.Errorf("in %d + made %d != out %d + dropped %d + dead %d", in, made, out, dropped, dead)
	}
}

func kind(t testing.TB, name string) plugins.TransformKind {
	t.Helper()
	var r plugins.Registry
	if err := transforms.Register(&r); err != nil {
		t.Fatal(err)
	}
	k, ok := r.Transform(name)
	if !ok {
		t.Fatalf("no kind %q", name)
	}
	return k
}

func environment() plugins.Env {
	return plugins.Env{Stage: "transform.test", Now: time.Now, Logger: slog.New(slog.DiscardHandler), Pool: new(plugins.Pool)}
}

func start(t testing.TB, name string, c plugins.Config, env plugins.Env) plugins.Transform {
	t.Helper()
	tr, err := kind(t, name).New(c, env)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func attrs(kv ...any) plugins.Config {
	m := map[string]any{}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i].(string)] = kv[i+1]
	}
	return plugins.NewConfig(m)
}

func named(name string, e plugins.Expr) plugins.NamedExpr {
	return plugins.NamedExpr{Name: name, Expr: e}
}

func payloads(rs []emitted) (s string) {
	for _, r := range rs {
		s += fmt.Sprintf("%d:%s ", r.output, r.payload)
	}
	return s
}
