package transforms

import (
	"context"

	"github.com/onstream/onstream/plugins"
)

// otherwise is the output of the records that no condition takes.
const otherwise = "otherwise"

func routeKind() plugins.TransformKind {
	return plugins.TransformKind{
		Name: "route",
		Schema: plugins.Schema{
			Doc: "Sends each record to the first output whose condition holds. The rest leaves by the output `otherwise`; without a reader it is dropped and counted.",
			Example: `transform "route" "verdict" {
  from = source.readings
  output "hot" {
    when = event.temperature > 75
  }
  output "cold" {
    when = event.temperature < 10
  }
  # the rest leaves by transform.verdict.otherwise
}`,
			Blocks: []plugins.Block{{
				Name: "output", Label: "name", Required: true, Repeated: true,
				Doc: "An output, read as transform.NAME.OUTPUT.",
				Schema: plugins.Schema{Attrs: []plugins.Attr{{
					Name: "when", Type: plugins.AttrExpr, Required: true, Want: plugins.Of(plugins.Bool),
					Doc: "The condition. It is asked only of records that no output before has taken.",
				}}},
			}},
		},
		Outputs: routeOutputs,
		New: func(c plugins.Config, env plugins.Env) (plugins.Transform, error) {
			r := &route{}
			for _, o := range c.Blocks("output") {
				r.when = append(r.when, newPredicate(o.Config.Expr("when"), env))
			}
			r.rows = make([][]uint32, len(r.when)+1)
			return r, nil
		},
	}
}

func routeOutputs(in plugins.Shape, c plugins.Config) ([]plugins.Output, error) {
	var outs []plugins.Output
	seen := map[string]bool{}
	for _, o := range c.Blocks("output") {
		at := "output[" + o.Label + "]"
		switch {
		case o.Label == otherwise:
			return nil, plugins.ConfigErrorf(at, "the output otherwise is always there and takes the rest: give this one another name")
		case o.Label == "errors":
			return nil, plugins.ConfigErrorf(at, "errors is the name of every stage's error output: give this one another name")
		case seen[o.Label]:
			return nil, plugins.ConfigErrorf(at, "output %q is declared twice: join the conditions with ||", o.Label)
		}
		seen[o.Label] = true
		outs = append(outs, plugins.Output{Name: o.Label, Shape: narrow(in, o.Config.Expr("when"))})
	}
	return append(outs, plugins.Output{Name: otherwise, Shape: in}), nil
}

type route struct {
	when []*predicate
	rows [][]uint32 // by output
}

var _ plugins.Transform = (*route)(nil)

// Process implements [plugins.Transform].
func (r *route) Process(_ context.Context, b *plugins.Batch, out plugins.Emitter) error {
	for k, when := range r.when {
		r.rows[k] = r.rows[k][:0]
		if len(b.Sel) == 0 {
			continue
		}
		truth := when.of(b)
		rest := b.Sel[:0]
		for _, i := range b.Sel {
			if truth[i] {
				r.rows[k] = append(r.rows[k], i)
			} else {
				rest = append(rest, i)
			}
		}
		b.Sel = rest
	}
	last := len(r.when)
	r.rows[last] = append(r.rows[last][:0], b.Sel...)
	for k, rows := range r.rows {
		if len(rows) > 0 {
			b.Sel = append(b.Sel[:0], rows...)
			out.Emit(k, b)
		}
	}
	return nil
}
