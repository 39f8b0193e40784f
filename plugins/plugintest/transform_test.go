package plugintest

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"

	"github.com/onstream/onstream/plugins"
)

// adder is a transform with one defect, or none: n becomes the sum of n so far where n is positive, is dropped where
// it is zero, and fails where it is negative. What it has summed up it keeps.
type adder struct {
	defect string
	sum    int64
	shared *tally
	over   chan struct{}
	col    plugins.Column
	names  plugins.Column
	seen   []byte
	out    plugins.Emitter
}

type tally struct {
	mu  sync.Mutex
	sum int64
}

func (a *adder) Restore(s plugins.State) error {
	v, ok, err := s.Get(plugins.KeySpace, 0, []byte("sum"), nil)
	if ok && a.defect != "forgets what was stored" {
		a.sum = int64(binary.LittleEndian.Uint64(v))
	}
	if a.defect != "forgets what was stored" && err == nil {
		a.seen, _, err = s.Get(plugins.KeySpace, 0, []byte("seen"), nil)
	}
	return err
}

func (a *adder) Snapshot(w plugins.StateWriter) error {
	w.Put(plugins.KeySpace, 0, []byte("sum"), binary.LittleEndian.AppendUint64(nil, uint64(a.sum)))
	w.Put(plugins.KeySpace, 0, []byte("seen"), a.seen)
	return nil
}

func (a *adder) Process(ctx context.Context, b *plugins.Batch, out plugins.Emitter) error {
	n, name := b.Column("n"), b.Column("name")
	a.col.Reset(plugins.Int, b.Len)
	a.names.Reset(plugins.String, b.Len)
	a.names.Data = a.names.Data[:0]
	if a.out != nil {
		a.out.Emit(0, b)
	}
	rows := b.Sel
	switch a.defect {
	case "leaves a goroutine":
		go func() { <-a.over }()
	case "looks at dead rows":
		for i := range b.Len {
			a.sum += n.Ints[i] & 1
		}
	case "reads dead rows":
		for i := range b.Len {
			_ = name.Bytes(uint32(i))
		}
	case "returns an error for a record":
		if n.Ints[rows[0]] < 0 {
			return fmt.Errorf("n is negative")
		}
	case "counts batches":
		a.sum++
	case "shares a sum":
		a.shared.mu.Lock()
		defer a.shared.mu.Unlock()
		a.sum, a.shared.sum = a.shared.sum, a.shared.sum+1
	case "waits for ever":
		if ctx.Err() != nil {
			<-a.over
		}
	}
	kept := make([]uint32, 0, len(rows))
	for _, i := range rows {
		v := n.Ints[i]
		switch {
		case v < 0 && a.defect == "fails without a code":
			b.Fail(i, plugins.Failure{Msg: "n is negative"})
		case v < 0 && a.defect == "fails a dead row":
			b.Fail((i+1)%uint32(b.Len), plugins.Failure{Code: "negative", Msg: "n is negative"})
		case v < 0:
			b.Fail(i, plugins.Failure{Code: "negative", Msg: "n is negative"})
			if a.defect == "emits what failed" {
				kept = append(kept, i)
				out.Make(1)
			}
		case v == 0 && a.defect != "loses a row":
			out.Drop(1)
		case v > 0:
			a.sum += v
			if a.defect == "works in place" {
				n.Ints[i] = a.sum
			}
			a.col.Ints[i] = a.sum
			before := string(a.seen)
			a.seen = append(a.seen[:0], name.Bytes(i)...)
			if a.defect == "keeps bytes of the batch" {
				a.seen = name.Bytes(i)
			}
			a.names.AppendString(i, before)
			kept = append(kept, i)
		}
	}
	b.DropFailed()
	b.Sel = kept
	b.AddColumn("n", &a.col)
	b.AddColumn("before", &a.names)
	if len(kept) > 0 {
		out.Emit(0, b)
	}
	if a.defect == "emits twice" && len(kept) > 0 {
		b.Sel = kept
		out.Emit(0, b)
	}
	if a.defect == "emits to no output" {
		out.Emit(3, b)
	}
	if a.defect == "emits later" {
		a.out = out
	}
	return nil
}

func adderCase(defect string) TransformCase {
	in := plugins.Columns(plugins.Field{Name: "n", Type: plugins.Of(plugins.Int)}, plugins.Field{Name: "name", Type: plugins.Of(plugins.String)})
	shared := &tally{}
	return TransformCase{
		Kind: plugins.TransformKind{
			Name: "adder", Schema: plugins.Schema{Doc: "A fake."}, Keyed: true, Stateful: true,
			Describe: func(plugins.Config) plugins.Description { return plugins.Description{State: "1"} },
			Outputs: func(in plugins.Shape, _ plugins.Config) ([]plugins.Output, error) {
				return []plugins.Output{{Shape: in.With([]plugins.Field{{Name: "before", Type: plugins.Of(plugins.String)}})}}, nil
			},
		},
		Rows: 100,
		Open: func(t testing.TB) Stage {
			over := make(chan struct{})
			t.Cleanup(func() { close(over) })
			return Stage{In: in, New: func(plugins.Config, plugins.Env) (plugins.Transform, error) {
				return &adder{defect: defect, shared: shared, over: over}, nil
			}}
		},
	}
}

func TestTransformCatches(t *testing.T) {
	t.Parallel()
	catches(t, transformChecks(), adderCase, []defect{
		{"leaves a goroutine", "conservation", "goroutines are left"},
		{"looks at dead rows", "selection", "other records come out"},
		{"reads dead rows", "selection", "it panicked"},
		{"returns an error for a record", "conservation", "is to fail these"},
		{"counts batches", "division", "in one batch, other records come out"},
		{"shares a sum", "instances", "other records come out"},
		{"waits for ever", "stop", "has not returned"},
		{"fails without a code", "conservation", "with the code"},
		{"fails a dead row", "selection", "which was not selected"},
		{"emits what failed", "conservation", "was emitted and failed"},
		{"loses a row", "conservation", "rows went in"},
		{"works in place", "input", "others read it too"},
		{"keeps bytes of the batch", "division", "other records come out"},
		{"emits twice", "conservation", "rows went in"},
		{"emits to no output", "conservation", "the stage has 1"},
		{"emits later", "conservation", "a former call"},
		{"forgets what was stored", "resume", "other records come out"},
	})
}
