package plugins_test

import (
	"context"
	"fmt"

	"github.com/onstream/onstream/plugins"
)

// fahrenheitKind is a kind of transform: its records get a field f.
func fahrenheitKind() plugins.TransformKind {
	return plugins.TransformKind{
		Name:   "fahrenheit",
		Schema: plugins.Schema{Doc: "Adds the temperature in °F, as f, to records with the temperature in °C, as c."},
		Outputs: func(in plugins.Shape, _ plugins.Config) ([]plugins.Output, error) {
			return []plugins.Output{{Shape: in.With([]plugins.Field{{Name: "f", Type: plugins.Of(plugins.Float)}})}}, nil
		},
		New: func(plugins.Config, plugins.Env) (plugins.Transform, error) { return new(fahrenheit), nil },
	}
}

// fahrenheit owns the column that it adds, and uses it for every batch.
type fahrenheit struct{ f plugins.Column }

var _ plugins.Transform = (*fahrenheit)(nil)

// Process implements [plugins.Transform].
func (t *fahrenheit) Process(_ context.Context, b *plugins.Batch, out plugins.Emitter) error {
	c := b.Column("c").Floats
	t.f.Reset(plugins.Float, b.Len)
	for _, i := range b.Sel {
		if c[i] < -273.15 {
			b.Fail(i, plugins.Failure{Code: "too_cold", Msg: "nothing is colder than -273.15 °C"})
			continue
		}
		t.f.Floats[i] = c[i]*9/5 + 32
	}
	b.DropFailed()
	b.AddColumn("f", &t.f)
	out.Emit(0, b)
	return nil
}

// printerKind is a kind of sink that needs no payload: it reads columns.
func printerKind() plugins.SinkKind {
	return plugins.SinkKind{
		Name: "printer",
		New:  func(plugins.Config, plugins.Env) (plugins.Sink, error) { return printer{}, nil },
	}
}

type printer struct{}

var _ plugins.Sink = printer{}

// Write implements [plugins.Sink].
func (printer) Write(_ context.Context, b *plugins.Batch, done func(error)) error {
	for _, i := range b.Sel {
		fmt.Printf("%.1f °C is %.1f °F\n", b.Column("c").Floats[i], b.Column("f").Floats[i])
	}
	done(nil)
	return nil
}

// Flush implements [plugins.Sink].
func (printer) Flush(context.Context) error { return nil }

// straight is an emitter that gives everything to one sink, as the engine does
// where nothing stands between them.
type straight struct{ sink plugins.Sink }

// Emit implements [plugins.Emitter].
func (s straight) Emit(_ int, b *plugins.Batch) {
	if err := s.sink.Write(context.Background(), b, func(error) {}); err != nil {
		fmt.Println(err)
	}
}

// Drop implements [plugins.Emitter].
func (straight) Drop(int) {}

// Make implements [plugins.Emitter].
func (straight) Make(int) {}

// Kinds are registered by name; what they make is called through the
// contracts, here without the engine, as a test of a kind does it.
func Example() {
	var registry plugins.Registry
	if err := registry.AddTransform(fahrenheitKind()); err != nil {
		fmt.Println(err)
	}
	if err := registry.AddSink(printerKind()); err != nil {
		fmt.Println(err)
	}

	env := plugins.Env{Pool: new(plugins.Pool)}
	transformKind, _ := registry.Transform("fahrenheit")
	transform, _ := transformKind.New(plugins.Config{}, env)
	sinkKind, _ := registry.Sink("printer")
	sink, _ := sinkKind.New(plugins.Config{}, env)

	b := env.Pool.Batch()
	defer b.Release()
	b.SelectAll(3)
	copy(b.NewColumn("c", plugins.Float).Floats, []float64{-40, 21.5, -300})
	if err := transform.Process(context.Background(), b, straight{sink}); err != nil {
		fmt.Println(err)
	}
	b.TakeFailures(func(f plugins.Failure) { fmt.Printf("record %d: %s\n", f.Row, f.Msg) })
	// Output:
	// -40.0 °C is -40.0 °F
	// 21.5 °C is 70.7 °F
	// record 2: nothing is colder than -273.15 °C
}
