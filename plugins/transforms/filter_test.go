package transforms_test

import (
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/transforms"
)

func TestFilterKeepsWhatHolds(t *testing.T) {
	t.Parallel()
	env := environment()
	e := &engine{t: t}
	tr := start(t, "filter", attrs("where", above(10)), env)
	e.run(t.Context(), tr, ints(env.Pool, 5, 11, -1, 12, 10))
	if got := payloads(e.records); got != "0:p1 0:p3 " {
		t.Errorf("passed %q", got)
	}
	if e.dropped != 2 || len(e.failures) != 1 || e.failures[0].Row != 2 {
		t.Errorf("dropped %d, failures %v", e.dropped, e.failures)
	}
	e.run(t.Context(), tr, ints(env.Pool, 1, 2))
	if e.batches != 1 {
		t.Error("a batch without records went on")
	}
}

func TestFilterOfAnyFailsWhatIsNoBool(t *testing.T) {
	t.Parallel()
	env := environment()
	values := []plugins.Value{{Kind: plugins.Bool, Int: 1}, {Kind: plugins.Bool}, null, text("true"), integer(1)}
	where := expr{plugins.Type{}, func(b *plugins.Batch, col *plugins.Column) {
		for _, i := range b.Sel {
			col.SetValue(i, values[i])
		}
	}}
	e := &engine{t: t}
	e.run(t.Context(), start(t, "filter", attrs("where", where), env), ints(env.Pool, 0, 1, 2, 3, 4))
	if got := payloads(e.records); got != "0:p0 " || e.dropped != 1 {
		t.Errorf("passed %q, dropped %d", got, e.dropped)
	}
	var codes []string
	for _, f := range e.failures {
		codes = append(codes, f.Code)
		if f.Expr == "" || f.Msg == "" {
			t.Errorf("failure says too little: %+v", f)
		}
	}
	if len(codes) != 3 || codes[0] != "null" || codes[1] != "type" || codes[2] != "type" {
		t.Errorf("codes %v", codes)
	}
}

func TestFilterOfNullableBool(t *testing.T) {
	t.Parallel()
	env := environment()
	where := expr{plugins.Of(plugins.Bool).OrNull(), func(b *plugins.Batch, col *plugins.Column) {
		for _, i := range b.Sel {
			col.Bools[i] = i > 0
		}
		col.SetNull(1)
	}}
	e := &engine{t: t}
	e.run(t.Context(), start(t, "filter", attrs("where", where), env), ints(env.Pool, 0, 1, 2))
	if got := payloads(e.records); got != "0:p2 " || len(e.failures) != 1 {
		t.Errorf("passed %q, failures %v", got, e.failures)
	}
}

type narrowing struct{ expr }

func (narrowing) Narrow(t plugins.Type) plugins.Type {
	t.Fields = []plugins.Field{{Name: "t", Type: plugins.Of(plugins.Int)}}
	return t
}

func TestFilterNarrows(t *testing.T) {
	t.Parallel()
	in := plugins.Columns(plugins.Field{Name: "t", Type: plugins.Of(plugins.Int).OrNull()})
	outs, err := kind(t, "filter").Outputs(in, attrs("where", narrowing{above(1)}))
	if err != nil {
		t.Fatal(err)
	}
	if f, _ := outs[0].Shape.Type.Field("t"); f.Nullable {
		t.Error("the field is still nullable")
	}
}

func TestFilterAllocatesNothing(t *testing.T) {
	env := environment()
	tr := start(t, "filter", attrs("where", above(10)), env)
	b := ints(env.Pool, make([]int64, 1000)...)
	sink := discard{}
	n := testing.AllocsPerRun(100, func() {
		b.SelectAll(1000)
		if err := tr.Process(t.Context(), b, sink); err != nil {
			t.Error(err)
		}
	})
	if n > 0 {
		t.Errorf("%v allocations per batch", n)
	}
}

type discard struct{}

func (discard) Emit(int, *plugins.Batch) {}
func (discard) Drop(int)                 {}
func (discard) Make(int)                 {}

func BenchmarkFilter(b *testing.B) {
	env := environment()
	k := expr{plugins.Of(plugins.Bool), func(b *plugins.Batch, col *plugins.Column) {}}
	var r plugins.Registry
	if err := transforms.Register(&r); err != nil {
		b.Fatal(err)
	}
	filter, _ := r.Transform("filter")
	tr, err := filter.New(attrs("where", k), env)
	if err != nil {
		b.Fatal(err)
	}
	batch := ints(env.Pool, make([]int64, 1024)...)
	b.ReportAllocs()
	for b.Loop() {
		batch.SelectAll(1024)
		_ = tr.Process(b.Context(), batch, discard{})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1024, "ns/record")
}
