package transforms

import (
	"context"

	"github.com/onstream/onstream/plugins"
)

func filterKind() plugins.TransformKind {
	return plugins.TransformKind{
		Name: "filter",
		Schema: plugins.Schema{
			Doc: "Keeps the records for which a condition holds and drops the others. What the condition says about a field is known downstream: after `where = event.temp_c != null` the field is not null any more.",
			Example: `transform "filter" "hot" {
  from  = source.readings
  where = event.temperature > 75
}`,
			Attrs: []plugins.Attr{{
				Name: "where", Type: plugins.AttrExpr, Required: true, Want: plugins.Of(plugins.Bool),
				Doc: "The condition. A record for which it has no value fails.",
			}},
		},
		Outputs: func(in plugins.Shape, c plugins.Config) ([]plugins.Output, error) {
			return []plugins.Output{{Shape: narrow(in, c.Expr("where"))}}, nil
		},
		New: func(c plugins.Config, env plugins.Env) (plugins.Transform, error) {
			return &filter{newPredicate(c.Expr("where"), env)}, nil
		},
	}
}

type filter struct{ where *predicate }

var _ plugins.Transform = (*filter)(nil)

// Process implements [plugins.Transform].
func (f *filter) Process(_ context.Context, b *plugins.Batch, out plugins.Emitter) error {
	truth := f.where.of(b)
	kept := 0
	for _, i := range b.Sel {
		b.Sel[kept] = i // overwritten by the next one where the condition does not hold
		if truth[i] {
			kept++
		}
	}
	if dropped := len(b.Sel) - kept; dropped > 0 {
		out.Drop(dropped)
	}
	b.Sel = b.Sel[:kept]
	if kept > 0 {
		out.Emit(0, b)
	}
	return nil
}
