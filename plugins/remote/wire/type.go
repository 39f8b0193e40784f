package wire

import (
	"fmt"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
)

// FromKind returns the kind of values in a message.
func FromKind(k plugins.Kind) pb.ValueKind { return pb.ValueKind(k) }

// ToKind returns the kind that a message says.
func ToKind(k pb.ValueKind) (plugins.Kind, error) {
	if k < pb.ValueKind_ANY || k > pb.ValueKind_RECORD {
		return 0, fmt.Errorf("kind %d of values is not known", k)
	}
	return plugins.Kind(k), nil
}

// FromType returns the message of a type.
func FromType(t plugins.Type) *pb.Type {
	p := &pb.Type{Kind: FromKind(t.Kind), Nullable: t.Nullable, Layout: t.Layout, Fields: FromFields(t.Fields)}
	if t.Elem != nil {
		p.Element = FromType(*t.Elem)
	}
	return p
}

// FromFields returns the messages of fields.
func FromFields(fields []plugins.Field) []*pb.Field {
	if len(fields) == 0 {
		return nil
	}
	ps := make([]*pb.Field, len(fields))
	for i, f := range fields {
		ps[i] = &pb.Field{Name: f.Name, Type: FromType(f.Type)}
	}
	return ps
}

// ToType returns the type of a message; of none, any.
func ToType(p *pb.Type) (plugins.Type, error) {
	left := MaxTypes
	return toType(p, MaxDepth, &left)
}

// ToFields returns the fields of messages: each has a name, and no two have the same.
func ToFields(ps []*pb.Field) ([]plugins.Field, error) {
	left := MaxTypes
	return toFields(ps, MaxDepth, &left)
}

func toType(p *pb.Type, depth int, left *int) (t plugins.Type, err error) {
	if p == nil {
		return t, nil
	}
	if depth == 0 {
		return t, fmt.Errorf("types are nested more than %d deep", MaxDepth)
	}
	if *left--; *left < 0 {
		return t, fmt.Errorf("a type is made of more than %d others", MaxTypes)
	}
	if t.Kind, err = ToKind(p.GetKind()); err != nil {
		return t, err
	}
	switch k := t.Kind; {
	case k == plugins.Null:
		return t, fmt.Errorf("a type is null: it is to be that of values, and nullable")
	case p.GetElement() != nil && k != plugins.List && k != plugins.Map:
		return t, fmt.Errorf("type %s has elements: only list and map have", k)
	case len(p.GetFields()) > 0 && k != plugins.Record && k != plugins.Any:
		return t, fmt.Errorf("type %s has fields: only record and any have", k)
	case p.GetLayout() != "" && k != plugins.Time:
		return t, fmt.Errorf("type %s has a layout: only time has", k)
	}
	if err := checkName("the layout of a type", p.GetLayout()); err != nil {
		return t, err
	}
	t.Nullable, t.Layout = p.GetNullable(), p.GetLayout()
	if p.GetElement() != nil {
		e, err := toType(p.GetElement(), depth-1, left)
		if err != nil {
			return t, err
		}
		t.Elem = &e
	}
	t.Fields, err = toFields(p.GetFields(), depth-1, left)
	return t, err
}

func toFields(ps []*pb.Field, depth int, left *int) ([]plugins.Field, error) {
	if len(ps) == 0 {
		return nil, nil
	}
	if len(ps) > MaxColumns {
		return nil, fmt.Errorf("a record has %d fields: %d are the most", len(ps), MaxColumns)
	}
	fields := make([]plugins.Field, len(ps))
	seen := make(map[string]bool, len(ps))
	for i, p := range ps {
		name := p.GetName()
		if err := checkName("the name of a field", name); err != nil {
			return nil, err
		}
		if seen[name] {
			return nil, fmt.Errorf("field %q is there twice", name)
		}
		seen[name] = true
		t, err := toType(p.GetType(), depth, left)
		if err != nil {
			return nil, fmt.Errorf("field %q: %w", name, err)
		}
		fields[i] = plugins.Field{Name: name, Type: t}
	}
	return fields, nil
}
