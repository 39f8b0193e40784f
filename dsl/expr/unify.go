package expr

import "github.com/onstream/onstream/plugins"

// unify returns the type that values of both types can be brought to, and
// whether there is one: int and float become float, null makes the other
// nullable, lists and records are unified part by part.
func unify(a, b plugins.Type) (plugins.Type, bool) {
	nullable := a.Nullable || b.Nullable
	t := a
	switch {
	case a.Kind == plugins.Null:
		return b.OrNull(), true
	case b.Kind == plugins.Null:
		return a.OrNull(), true
	case a.Kind == plugins.Any || b.Kind == plugins.Any:
		return plugins.Type{}, true
	case isNumber(a.Kind) && isNumber(b.Kind):
		if a.Kind != b.Kind {
			t = plugins.Of(plugins.Float)
		}
	case isObject(a.Kind) && isObject(b.Kind) && a.Kind != b.Kind:
		t = plugins.Of(plugins.Map)
	case a.Kind != b.Kind:
		return plugins.Type{}, false
	case a.Kind == plugins.Record:
		t = unifyRecords(a, b)
	case a.Kind == plugins.List || a.Kind == plugins.Map:
		elem, ok := unify(a.Element(), b.Element())
		if !ok {
			elem = plugins.Type{}
		}
		t = plugins.Type{Kind: a.Kind, Elem: &elem}
	case a.Layout != b.Layout:
		t.Layout = ""
	}
	t.Nullable = nullable
	return t, true
}

// unifyRecords has the fields of both. What only one has may be null.
func unifyRecords(a, b plugins.Type) plugins.Type {
	t := plugins.Type{Kind: plugins.Record}
	for _, f := range a.Fields {
		other, both := b.Field(f.Name)
		ft, ok := unify(f.Type, other)
		switch {
		case !both:
			ft = f.Type.OrNull()
		case !ok:
			ft = plugins.Type{}
		}
		t.Fields = append(t.Fields, plugins.Field{Name: f.Name, Type: ft})
	}
	for _, f := range b.Fields {
		if _, both := a.Field(f.Name); !both {
			t.Fields = append(t.Fields, plugins.Field{Name: f.Name, Type: f.Type.OrNull()})
		}
	}
	return t
}

func isNumber(k plugins.Kind) bool { return k == plugins.Int || k == plugins.Float }
func isObject(k plugins.Kind) bool { return k == plugins.Map || k == plugins.Record }
