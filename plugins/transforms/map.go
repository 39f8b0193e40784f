package transforms

import (
	"context"
	"slices"
	"strings"

	"github.com/onstream/onstream/plugins"
)

func mapKind() plugins.TransformKind {
	return plugins.TransformKind{
		Name: "map",
		Schema: plugins.Schema{
			Doc: "Makes a new record of each record with `emit`, or changes some of its fields with `set` and `remove` and keeps the rest. All expressions see the record as it came in.",
			Example: `transform "map" "fahrenheit" {
  from = source.readings
  emit = {
    device = event.device
    temp_f = event.temperature * 9 / 5 + 32
  }
}`,
			Attrs: []plugins.Attr{
				{Name: "emit", Type: plugins.AttrExprMap, Doc: "The fields of the new record, in this order. Excludes set and remove."},
				{Name: "set", Type: plugins.AttrExprMap, Doc: "Top-level fields to add or replace."},
				{Name: "remove", Type: plugins.AttrStrings, Doc: "Names of top-level fields to take out."},
			},
		},
		Outputs: mapOutputs,
		New: func(c plugins.Config, env plugins.Env) (plugins.Transform, error) {
			if c.Has("emit") {
				return &mapper{newFields(c.Exprs("emit"), env), true}, nil
			}
			return &mapper{newFields(c.Exprs("set"), env), false}, nil
		},
	}
}

func mapOutputs(in plugins.Shape, c plugins.Config) ([]plugins.Output, error) {
	emit, set, remove := c.Exprs("emit"), c.Exprs("set"), c.Strings("remove")
	switch {
	case c.Has("emit") && (c.Has("set") || c.Has("remove")):
		return nil, plugins.ConfigErrorf("emit", "emit makes a new record and excludes set and remove: use one or the other")
	case c.Has("emit") && len(emit) == 0:
		return nil, plugins.ConfigErrorf("emit", "emit has no field: name at least one, or use a filter")
	case c.Has("emit"):
		return []plugins.Output{{Shape: plugins.Columns(typesOf(emit)...), Carried: carried(emit)}}, nil
	case len(set) == 0 && len(remove) == 0:
		return nil, plugins.ConfigErrorf("", "nothing to do: give emit = { ... } for a new record, or set = { ... } and remove = [...] to change this one")
	}
	for _, name := range remove {
		if slices.ContainsFunc(set, func(e plugins.NamedExpr) bool { return e.Name == name }) {
			return nil, plugins.ConfigErrorf("remove", "field %q is both set and removed", name)
		}
		if _, known := in.Type.Field(name); !known && in.Type.Kind == plugins.Record {
			return nil, plugins.ConfigErrorf("remove", "the record has no field %q: it has %s", name, fieldNames(in.Type))
		}
	}
	return []plugins.Output{{Shape: in.With(typesOf(set)).Without(remove), Carried: carried(set)}}, nil
}

// carried returns the fields that are set to what they are.
func carried(exprs []plugins.NamedExpr) (names []string) {
	for _, e := range exprs {
		if path, ok := plugins.FieldOf(e.Expr); ok && path == plugins.JoinPath(e.Name) {
			names = append(names, e.Name)
		}
	}
	return names
}

func fieldNames(t plugins.Type) string {
	names := make([]string, len(t.Fields))
	for i, f := range t.Fields {
		names[i] = f.Name
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

type mapper struct {
	fields *fields
	closed bool // the fields are the record
}

var _ plugins.Transform = (*mapper)(nil)

// Process implements [plugins.Transform].
func (m *mapper) Process(_ context.Context, b *plugins.Batch, out plugins.Emitter) error {
	m.fields.eval(b)
	if len(b.Sel) == 0 {
		return nil
	}
	if m.closed {
		b.CloseRecord()
	}
	m.fields.add(b)
	out.Emit(0, b)
	return nil
}
