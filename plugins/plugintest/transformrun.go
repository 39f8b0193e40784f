package plugintest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
)

// epoch is when records begin, and what the pipeline's clock shows.
func epoch() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// transformRig is a stage with records for it.
type transformRig struct {
	TransformCase
	Stage
	t       testing.TB
	brand   brand
	fields  []plugins.Field
	columns [][]plugins.Path // of each output
	rows    []row
	now     atomic.Int64
}

// row is a record; number is negative for one that is not alive.
type row struct {
	number int64
	values []plugins.Value
}

// instance is a transform with what it has emitted.
type instance struct {
	rig *transformRig
	t   plugins.Transform
	out *Emitter
	// ctx is what the transform is called with.
	ctx context.Context
	// keep says that batches are not overwritten after the call.
	keep bool
}

func (c TransformCase) rig(t testing.TB) *transformRig {
	t.Helper()
	s := c.Open(t)
	if s.New == nil {
		s.New = c.Kind.New
	}
	r := &transformRig{TransformCase: c, Stage: s, t: t, brand: newBrand()}
	r.now.Store(epoch().UnixNano())
	if r.Env.Now == nil {
		r.Env.Now = func() time.Time { return time.Unix(0, r.now.Load()).UTC() }
	}
	r.Env = Environment(r.Env)
	for _, f := range s.In.Type.Fields {
		r.fields = append(r.fields, plugins.Field{Name: plugins.JoinPath(f.Name), Type: f.Type})
	}
	outputs := []plugins.Output{{Shape: s.In}}
	if c.Kind.Outputs != nil {
		var err error
		if outputs, err = c.Kind.Outputs(s.In, s.Config); err != nil {
			t.Fatalf("Outputs: %v", err)
		}
	}
	for _, o := range outputs {
		var paths []plugins.Path
		for _, f := range o.Shape.Type.Fields {
			if path := plugins.JoinPath(f.Name); o.Shape.IsColumn(path) {
				paths = append(paths, path)
			}
		}
		r.columns = append(r.columns, paths)
	}
	rng := rand.New(rand.NewPCG(11, uint64(c.Rows)))
	for i := range c.Rows {
		r.rows = append(r.rows, row{int64(i), r.values(rng, i)})
	}
	return r
}

// values makes a record.
func (r *transformRig) values(rng *rand.Rand, i int) []plugins.Value {
	if r.Row != nil {
		return r.Row(rng, i)
	}
	vs := make([]plugins.Value, len(r.fields))
	for k, f := range r.fields {
		vs[k] = anyValue(rng, f.Type, i)
	}
	return vs
}

// anyValue makes a value of a type for the i-th record.
func anyValue(rng *rand.Rand, t plugins.Type, i int) plugins.Value {
	if (t.Nullable || t.Kind == plugins.Any) && rng.IntN(4) == 0 {
		return plugins.Value{Kind: plugins.Null}
	}
	v := plugins.Value{Kind: t.Kind}
	switch t.Kind {
	case plugins.Any:
		kinds := []plugins.Kind{plugins.Bool, plugins.Int, plugins.Float, plugins.String}
		return anyValue(rng, plugins.Of(kinds[rng.IntN(len(kinds))]), i)
	case plugins.Bool:
		v.Int = int64(rng.IntN(2))
	case plugins.Int:
		v.Int = int64(rng.IntN(25)) - 5
	case plugins.Float:
		v.Float = float64(rng.IntN(100))/4 - 5
	case plugins.Time:
		v.Int = epoch().Add(time.Duration(i)*100*time.Millisecond + time.Duration(rng.IntN(1000))*time.Millisecond).UnixNano()
	case plugins.Duration:
		v.Int = int64(time.Duration(rng.IntN(100)) * time.Second)
	case plugins.String, plugins.Bytes:
		v.Text = []string{"a", "b", "cc", "", "a longer one"}[rng.IntN(5)]
	case plugins.List:
		v.Text = []string{`[]`, `[1]`, `[1,2,3]`}[rng.IntN(3)]
		if t.Element().Kind == plugins.Record {
			v.Text = []string{`[]`, `[{"x":1}]`, `[{"x":2},{"x":-3}]`}[rng.IntN(3)]
		}
	default:
		v.Text = fmt.Sprintf(`{"x":%d}`, rng.IntN(5))
	}
	return v
}

// make makes an instance, with what was stored by another one; nil for nothing.
func (r *transformRig) make(from *memoryState) *instance {
	r.t.Helper()
	x := &instance{rig: r, out: &Emitter{TB: r.t, Columns: r.columns}, ctx: context.Background()}
	var err error
	r.brand.do(x.ctx, func(context.Context) { x.t, err = r.New(r.Config, r.Env) })
	if err != nil {
		r.t.Fatalf("New: %v", err)
	}
	x.call(func(ctx context.Context) error {
		if o, is := x.t.(plugins.Opener); is {
			if err := o.Open(ctx); err != nil {
				return fmt.Errorf("open: %w", err)
			}
		}
		if s, is := x.t.(plugins.Stateful); is {
			if from == nil {
				from = new(memoryState)
			}
			return s.Restore(from)
		}
		return nil
	})
	return x
}

// call calls the transform, which is neither to panic nor to take for ever.
func (x *instance) call(f func(context.Context) error) {
	t := x.rig.t
	t.Helper()
	var err error
	returns(t, "the transform", func() {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("it panicked: %v", p)
			}
		}()
		x.rig.brand.do(x.ctx, func(ctx context.Context) { err = f(ctx) })
	})
	if err != nil {
		t.Errorf("the transform: %v", err)
	}
}

// process puts records through the instance as one batch.
func (x *instance) process(rows []row) {
	x.rig.t.Helper()
	b := x.rig.batch(rows)
	if len(b.Sel) == 0 {
		return // the engine has no call for nothing
	}
	x.pass(b)
	if !x.keep {
		scribble(b, x.rig.paths())
		recycle(x.rig.Env.Pool, b)
	}
}

// pass puts a batch through the instance.
func (x *instance) pass(b *plugins.Batch) {
	x.rig.t.Helper()
	x.call(func(ctx context.Context) error {
		x.out.Process(b, func(out plugins.Emitter) error { return x.t.Process(ctx, b, out) })
		return nil
	})
}

// paths are the columns of the input.
func (r *transformRig) paths() []plugins.Path {
	var all []plugins.Path
	for _, f := range r.fields {
		all = append(all, f.Name)
	}
	return all
}

// batch makes a batch of records; those that are not alive hold garbage.
func (r *transformRig) batch(rows []row) *plugins.Batch {
	b := r.Env.Pool.Batch()
	b.Part, b.Received = plugins.Partition{Name: "test"}, epoch().UnixNano()
	b.SelectAll(len(rows))
	b.Offsets, b.Times = b.SpareOffsets(), b.SpareTimes()
	alive := b.Sel[:0]
	for i, w := range rows {
		b.Offsets, b.Times = append(b.Offsets, w.number), append(b.Times, epoch().UnixNano()+w.number)
		if w.number >= 0 {
			alive = append(alive, uint32(i))
		}
	}
	b.Sel = alive
	if r.Payload != nil {
		b.Values = b.SpareValues()
		for _, w := range rows {
			text := poison
			if w.number >= 0 {
				text = r.Payload(w.values)
			}
			b.Values = append(b.Values, plugins.Span{Off: uint32(len(b.Data)), Len: uint32(len(text))})
			b.Data = append(append(b.Data, text...), '\n')
		}
	}
	for k, f := range r.fields {
		c := b.NewColumn(f.Name, f.Type.Kind)
		for i, w := range rows {
			if w.number < 0 {
				garble(c, uint32(i))
				continue
			}
			c.SetValue(uint32(i), w.values[k])
		}
	}
	return b
}

// end lets time pass for the instance, and then its input end.
func (x *instance) end() {
	r := x.rig
	r.t.Helper()
	timed, is := x.t.(plugins.Timed)
	for n := 0; is && n < 1000; n++ {
		next := timed.Next()
		if next == plugins.Never {
			break
		}
		r.now.Store(max(next, r.now.Load()))
		x.call(func(ctx context.Context) error {
			x.out.Call("Tick", func(out plugins.Emitter) error { return timed.Tick(ctx, r.now.Load(), out) })
			return nil
		})
	}
	if f, is := x.t.(plugins.Finisher); is {
		x.call(func(ctx context.Context) error {
			x.out.Call("Finish", func(out plugins.Emitter) error { return f.Finish(ctx, out) })
			return nil
		})
	}
	r.now.Store(epoch().UnixNano())
}

// reference is what comes of all records, one batch each, with nothing overwritten.
func (r *transformRig) reference() *Emitter {
	r.t.Helper()
	x := r.make(nil)
	x.keep = true
	for _, w := range r.rows {
		x.process([]row{w})
	}
	x.end()
	return x.out
}

// same fails the test where two emitters were not given the same.
func (r *transformRig) same(how string, got, want *Emitter) {
	r.t.Helper()
	for i := range r.columns {
		if problem := difference(at(got.Records, i), at(want.Records, i)); problem != "" {
			r.t.Errorf("%s, other records come out of output %d: %s", how, i, problem)
		}
	}
	if problem := difference(got.Failed, want.Failed); problem != "" {
		r.t.Errorf("%s, other records fail: %s", how, problem)
	}
	if got.Dropped != want.Dropped {
		r.t.Errorf("%s, %d records are dropped, and %d otherwise", how, got.Dropped, want.Dropped)
	}
}

func at(all [][]string, i int) []string {
	if i < len(all) {
		return all[i]
	}
	return nil
}

// finish checks that nothing is left of the instances.
func (r *transformRig) finish() {
	r.t.Helper()
	ctx := context.Background()
	if r.Close != nil {
		r.Close()
	}
	if r.Env.Shared != nil {
		if err := r.Env.Shared.Close(ctx); err != nil {
			r.t.Errorf("close what is shared: %v", err)
		}
	}
	closeConnection(r.t, r.Env)
	r.brand.gone(r.t, "the stage was closed")
}
