package main

import (
	"context"
	"os"

	"github.com/onstream/onstream/plugins"
)

// The harms that a record asks for by its value, without its sign. The harness has the same list.
const (
	ends = iota + 1
	panics
	hangs
)

// pass hands records on as they are.
func pass() plugins.TransformKind {
	return plugins.TransformKind{
		Name: "pass",
		Schema: plugins.Schema{Attrs: []plugins.Attr{
			{Name: "value", Type: plugins.AttrExpr, Required: true, Want: plugins.Of(plugins.Int), Doc: "A negative value tells what harm to do."},
		}},
		Outputs: func(in plugins.Shape, _ plugins.Config) ([]plugins.Output, error) {
			return []plugins.Output{{Shape: in.With([]plugins.Field{{Name: "passed", Type: plugins.Of(plugins.Int)}})}}, nil
		},
		New: func(c plugins.Config, env plugins.Env) (plugins.Transform, error) {
			return &passing{value: c.Expr("value").Evaluator(env)}, nil
		},
	}
}

type passing struct{ value plugins.Evaluator }

// Process implements [plugins.Transform].
func (p *passing) Process(ctx context.Context, b *plugins.Batch, out plugins.Emitter) error {
	values := p.value.Eval(b)
	for _, i := range b.Sel {
		switch -values.Ints[i] {
		case ends:
			os.Exit(3) //nolint:forbidigo // the harm that is to be done
		case panics:
			go func() { panic("told to") }() // in a call, it would only fail that
			<-ctx.Done()
		case hangs:
			select {}
		}
	}
	b.AddColumn("passed", values)
	out.Emit(0, b)
	return nil
}
