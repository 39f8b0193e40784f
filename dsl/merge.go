package dsl

import (
	"cmp"
	"slices"

	"github.com/onstream/onstream/plugins"
)

// merge returns what two shapes have in common.
func merge(a, b plugins.Shape) plugins.Shape {
	alike := a.Format != "" && a.Format == b.Format && a.Options.Fingerprint() == b.Options.Fingerprint() &&
		a.Generation == b.Generation && slices.Equal(a.Set, b.Set) && slices.Equal(a.Removed, b.Removed)
	t := mergeTypes(a.Type, b.Type)
	switch {
	case alike:
		a.Type, a.Payload, a.Messages = t, mergeTypes(a.Payload, b.Payload), a.Messages || b.Messages
		return a
	case t.Kind == plugins.Record:
		return plugins.Shape{Type: t}
	default:
		return mergeUnlike(a, b)
	}
}

// mergeUnlike returns what two shapes have in common if the fields of one are
// not known: any field, and what is a column on either side is looked at as
// one.
func mergeUnlike(a, b plugins.Shape) plugins.Shape {
	m := plugins.Shape{Format: cmp.Or(a.Format, b.Format), Generation: max(a.Generation, b.Generation)}
	for _, name := range slices.Concat(columnsOf(a), columnsOf(b)) {
		if !slices.Contains(m.Set, name) {
			m.Set = append(m.Set, name)
			m.Type.Fields = append(m.Type.Fields, plugins.Field{Name: name})
		}
	}
	return m
}

// columnsOf lists the top-level fields that are columns.
func columnsOf(s plugins.Shape) []string {
	if s.Format != "" {
		return s.Set
	}
	var names []string
	for _, f := range s.Type.Fields {
		names = append(names, f.Name)
	}
	return names
}

// mergeTypes returns the type of values of either type: fields that only one
// has may be null, fields of different types are any.
func mergeTypes(a, b plugins.Type) plugins.Type {
	switch {
	case a.Equal(b):
		return a
	case a.NotNull().Equal(b.NotNull()):
		return a.OrNull()
	case a.Kind != b.Kind || a.Kind == plugins.Any:
		return plugins.Type{}
	case a.Kind == plugins.Record:
		return plugins.Type{Kind: plugins.Record, Nullable: a.Nullable || b.Nullable, Fields: mergeFields(a.Fields, b.Fields)}
	case a.Kind == plugins.List || a.Kind == plugins.Map:
		elem := mergeTypes(a.Element(), b.Element())
		return plugins.Type{Kind: a.Kind, Nullable: a.Nullable || b.Nullable, Elem: &elem}
	}
	return plugins.Type{} // times of different layouts
}

func mergeFields(a, b []plugins.Field) []plugins.Field {
	var fields []plugins.Field
	find := func(in []plugins.Field, name string) (plugins.Type, bool) {
		return plugins.Type{Fields: in}.Field(name)
	}
	for _, f := range a {
		if t, ok := find(b, f.Name); ok {
			f.Type = mergeTypes(f.Type, t)
		} else {
			f.Type = f.Type.OrNull()
		}
		fields = append(fields, f)
	}
	for _, f := range b {
		if _, ok := find(a, f.Name); !ok {
			f.Type = f.Type.OrNull()
			fields = append(fields, f)
		}
	}
	return fields
}
