package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// transformFunc is a transform that is a function.
type transformFunc func(ctx context.Context, b *plugins.Batch, out plugins.Emitter) error

func (f transformFunc) Process(ctx context.Context, b *plugins.Batch, out plugins.Emitter) error {
	return f(ctx, b, out)
}

// numbers is a kind whose transforms get a number of each record, and may add the column "twice".
func numbers(outputs func(in plugins.Shape, c plugins.Config) ([]plugins.Output, error), f func(b *plugins.Batch, n *plugins.Column, out plugins.Emitter) error) plugins.TransformKind {
	return plugins.TransformKind{
		Name:    "numbers",
		Schema:  plugins.Schema{Attrs: []plugins.Attr{{Name: "n", Type: plugins.AttrExpr, Want: plugins.Of(plugins.Int)}}},
		Outputs: outputs,
		New: func(c plugins.Config, env plugins.Env) (plugins.Transform, error) {
			n := c.Expr("n").Evaluator(env)
			return transformFunc(func(_ context.Context, b *plugins.Batch, out plugins.Emitter) error { return f(b, n.Eval(b), out) }), nil
		},
	}
}

func withTwice(in plugins.Shape, _ plugins.Config) ([]plugins.Output, error) {
	return []plugins.Output{{Shape: in.With([]plugins.Field{{Name: "twice", Type: plugins.Of(plugins.Int)}})}}, nil
}

func twice(b *plugins.Batch, n *plugins.Column) *plugins.Column {
	c := b.NewColumn("twice", plugins.Int)
	for _, i := range b.Sel {
		c.Ints[i] = 2 * n.Ints[i]
	}
	return c
}

func numbersStage() *pb.Stage {
	s := stageOf(pb.Role_TRANSFORM, "numbers")
	s.Config = &pb.Config{Settings: []*pb.Setting{{Name: "n", Value: &pb.Setting_Expression{Expression: &pb.Expression{
		Type: &pb.Type{Kind: pb.ValueKind_INTEGER}, Text: "event.n", Column: "~@x/0",
	}}}}}
	return s
}

// openTransform opens an instance of the kind "numbers".
func openTransform(t *testing.T, c pb.PluginClient, stage *pb.Stage) (pb.Plugin_TransformClient, *pb.Opened) {
	t.Helper()
	s, err := c.Transform(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	transmit(t, s, &pb.TransformRequest{Request: &pb.TransformRequest_Open{Open: &pb.OpenTransform{
		Stage: stage, Input: &pb.Shape{Type: &pb.Type{Kind: pb.ValueKind_ANY}, Format: "json"},
	}}})
	return s, receive(t, s).GetOpened()
}

// ask has a batch of numbers processed.
func ask(t *testing.T, s pb.Plugin_TransformClient, ns ...int64) *pb.Processed {
	t.Helper()
	transmit(t, s, &pb.TransformRequest{Request: &pb.TransformRequest_Process{Process: &pb.Process{Id: 7, Batch: &pb.Batch{
		Rows: uint32(len(ns)), Columns: []*pb.Column{{Name: "~@x/0", Kind: pb.ValueKind_INTEGER, Ints: ns}},
	}}}})
	for {
		if p := receive(t, s).GetProcessed(); p != nil {
			if p.GetId() != 7 {
				t.Fatalf("the answer is to %d", p.GetId())
			}
			return p
		}
	}
}

func TestTransformsKeepRowsAndAddColumns(t *testing.T) {
	t.Parallel()
	kind := numbers(withTwice, func(b *plugins.Batch, n *plugins.Column, out plugins.Emitter) error {
		kept := b.Sel[:0]
		for _, i := range b.Sel {
			switch v := n.Ints[i]; {
			case v < 0:
				b.Fail(i, plugins.Failure{Code: "negative", Msg: "the number is negative: give one that is not"})
			case v%2 == 1:
				out.Drop(1)
			default:
				kept = append(kept, i)
			}
		}
		b.Sel = kept
		twice(b, n)
		out.Emit(0, b)
		return nil
	})
	c, _ := serveKinds(t, kind)
	s, o := openTransform(t, c, numbersStage())
	if o.GetProblem() != nil {
		t.Fatal(o)
	}
	for range 2 { // the memory of the first batch serves the second
		p := ask(t, s, 2, -1, 3, 4)
		k := p.GetEmitted()[0].GetKept()
		if fmt.Sprint(k.GetRows()) != "[0 3]" || k.GetAll() || p.GetDropped() != 1 || fmt.Sprint(k.GetColumns()[0].GetInts()) != "[4 0 0 8]" || k.GetColumns()[0].GetName() != "twice" {
			t.Errorf("%v", p)
		}
		if f := p.GetFailures(); len(f) != 1 || f[0].GetRow() != 1 || f[0].GetCode() != "negative" || f[0].GetMessage() != "the number is negative: give one that is not" {
			t.Errorf("%v", f)
		}
	}
	if p := ask(t, s, 2, 4); !p.GetEmitted()[0].GetKept().GetAll() || fmt.Sprint(p.GetEmitted()[0].GetKept().GetColumns()[0].GetInts()) != "[4 8]" {
		t.Errorf("%v", p)
	}
	if p := ask(t, s); len(p.GetEmitted()) != 1 || p.GetProblem() != nil {
		t.Errorf("%v", p)
	}
	finish(t, s)
}

func TestTransformsMakeRecords(t *testing.T) {
	t.Parallel()
	outs := func(plugins.Shape, plugins.Config) ([]plugins.Output, error) {
		field := []plugins.Field{{Name: "twice", Type: plugins.Of(plugins.Int)}}
		return []plugins.Output{{Name: "main", Shape: plugins.Columns(field...)}, {Name: "copy", Shape: plugins.Columns(field...)}}, nil
	}
	kind := numbers(outs, func(b *plugins.Batch, n *plugins.Column, out plugins.Emitter) error {
		d := b.Derive()
		d.SelectAll(3) // three for the two that came
		col := d.NewColumn("twice", plugins.Int)
		col.Ints[0], col.Ints[1], col.Ints[2] = n.Ints[0], n.Ints[1], n.Ints[0]+n.Ints[1]
		d.Fail(1, plugins.Failure{Code: "odd", Msg: "made in vain"})
		out.Make(1)
		out.Emit(0, d)
		d.Release()
		b.CloseRecord()
		twice(b, n)
		out.Make(len(b.Sel))
		out.Emit(1, b)
		return nil
	})
	c, _ := serveKinds(t, kind)
	s, o := openTransform(t, c, numbersStage())
	if o.GetProblem() != nil {
		t.Fatal(o)
	}
	p := ask(t, s, 5, 6)
	if len(p.GetEmitted()) != 2 {
		t.Fatal(p)
	}
	made, kept := p.GetEmitted()[0], p.GetEmitted()[1]
	if m := made.GetMade(); m.GetRows() != 3 || fmt.Sprint(m.GetColumns()[0].GetInts()) != "[5 0 11]" || made.GetFailures()[0].GetRow() != 1 || made.GetOutput() != 0 {
		t.Errorf("%v", made)
	}
	if k := kept.GetKept(); !k.GetAll() || fmt.Sprint(k.GetColumns()[0].GetInts()) != "[10 12]" || kept.GetOutput() != 1 {
		t.Errorf("%v", kept)
	}
	if made.GetStandsFor() != 0 {
		t.Errorf("made stands for %d records, and all were kept", made.GetStandsFor())
	}
}

func TestTransformsThatLoseRecordsAreToldSo(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]func(b *plugins.Batch, n *plugins.Column, out plugins.Emitter) error{
		"the transform has emitted, dropped or failed 1 of 2 records: each is to be one of these, once": func(b *plugins.Batch, n *plugins.Column, out plugins.Emitter) error {
			twice(b, n)
			b.Sel = b.Sel[:1]
			out.Emit(0, b)
			return nil
		},
		"the transform has emitted 2 records a second time, and has counted 0 as made": func(b *plugins.Batch, n *plugins.Column, out plugins.Emitter) error {
			twice(b, n)
			out.Emit(0, b)
			out.Emit(0, b)
			return nil
		},
		"records were emitted to output 3 of 1": func(b *plugins.Batch, _ *plugins.Column, out plugins.Emitter) error {
			out.Emit(3, b)
			return nil
		},
		`field "twice" of output "" has no column in what was emitted`: func(b *plugins.Batch, _ *plugins.Column, out plugins.Emitter) error {
			out.Emit(0, b)
			return nil
		},
		`output "" has the records of the input, and was given another batch`: func(b *plugins.Batch, n *plugins.Column, out plugins.Emitter) error {
			d := b.Derive()
			defer d.Release()
			d.SelectAll(2)
			twice(d, n)
			out.Emit(0, d)
			return nil
		},
		"the device is gone": func(*plugins.Batch, *plugins.Column, plugins.Emitter) error { return errors.New("the device is gone") },
	} {
		c, _ := serveKinds(t, numbers(withTwice, f))
		s, _ := openTransform(t, c, numbersStage())
		p := ask(t, s, 1, 2)
		if got := p.GetProblem(); got.GetMessage() != want || got.GetOperation() != "process" || got.GetPermanent() != (want != "the device is gone") || len(p.GetEmitted()) > 0 {
			t.Errorf("%v, want %s", p, want)
		}
	}
}

func TestAPanicFailsItsRecord(t *testing.T) {
	t.Parallel()
	made := 0
	kind := numbers(withTwice, func(b *plugins.Batch, n *plugins.Column, out plugins.Emitter) error {
		for _, i := range b.Sel {
			if n.Ints[i] == 13 {
				panic("unlucky")
			}
		}
		twice(b, n)
		out.Emit(0, b)
		return nil
	})
	inner := kind.New
	kind.New = func(c plugins.Config, env plugins.Env) (plugins.Transform, error) {
		made++
		return inner(c, env)
	}
	c, log := serveKinds(t, kind)
	s, _ := openTransform(t, c, numbersStage())
	if p := ask(t, s, 1, 13); !p.GetDivide() || p.GetProblem() != nil || len(p.GetEmitted()) > 0 {
		t.Error(p)
	}
	if p := ask(t, s, 13); len(p.GetFailures()) != 1 || p.GetFailures()[0].GetCode() != "panic" || p.GetFailures()[0].GetMessage() != "panic in Process: unlucky" || p.GetDivide() {
		t.Error(p)
	}
	if p := ask(t, s, 1); len(p.GetEmitted()) != 1 {
		t.Error(p)
	}
	finish(t, s)
	if made != 3 {
		t.Errorf("%d instances were made, want one more after each panic", made)
	}
	if text := log.String(); !strings.Contains(text, `"@level":"error","@message":"panic in Process"`) || !strings.Contains(text, "author_transform_test.go") {
		t.Error(text)
	}
}

func TestAnAnswerOverTheCap(t *testing.T) {
	t.Parallel()
	outs := func(plugins.Shape, plugins.Config) ([]plugins.Output, error) {
		return []plugins.Output{{Shape: plugins.Columns(plugins.Field{Name: "text", Type: plugins.Of(plugins.String)})}}, nil
	}
	large := bytes.Repeat([]byte("x"), wire.MaxMessage)
	kind := numbers(outs, func(b *plugins.Batch, n *plugins.Column, out plugins.Emitter) error {
		b.CloseRecord()
		col := b.NewColumn("text", plugins.String)
		for _, i := range b.Sel {
			col.AppendBytes(i, large[:n.Ints[i]])
		}
		out.Emit(0, b)
		return nil
	})
	c, _ := serveKinds(t, kind)
	s, _ := openTransform(t, c, numbersStage())
	if p := ask(t, s, wire.MaxMessage, 1); !p.GetDivide() || len(p.GetEmitted()) > 0 {
		t.Errorf("divide: %v, %d emitted", p.GetDivide(), len(p.GetEmitted()))
	}
	if p := ask(t, s, wire.MaxMessage); len(p.GetFailures()) != 1 || p.GetFailures()[0].GetCode() != "too_large" || len(p.GetEmitted()) > 0 {
		t.Errorf("%v", p.GetFailures())
	}
	if p := ask(t, s, 1<<20); len(p.GetEmitted()) != 1 {
		t.Errorf("%v", p.GetProblem())
	}
}

type timedTransform struct{ transformFunc }

func (timedTransform) Next() int64                                        { return plugins.Never }
func (timedTransform) Tick(context.Context, int64, plugins.Emitter) error { return nil }

func TestTransformsThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	kind := numbers(withTwice, nil)
	for want, f := range map[string]func(plugins.Config, plugins.Env) (plugins.Transform, error){
		"new: format: not this one": func(plugins.Config, plugins.Env) (plugins.Transform, error) {
			return nil, plugins.ConfigErrorf("format", "not this one")
		},
		"new: panic in New: oh": func(plugins.Config, plugins.Env) (plugins.Transform, error) { panic("oh") },
		"new: it acts by itself (Timed or Finisher), and a plugin answers only for the records it is given": func(plugins.Config, plugins.Env) (plugins.Transform, error) {
			return timedTransform{}, nil
		},
	} {
		kind.New = f
		c, _ := serveKinds(t, kind)
		s, o := openTransform(t, c, numbersStage())
		if err := wire.ToError(o.GetProblem()); err == nil || err.Error() != want || !plugins.IsPermanent(err) {
			t.Errorf("%v, want %s", err, want)
		}
		finish(t, s)
	}
}
