package codec

import (
	"slices"

	"github.com/onstream/onstream/plugins"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// typeOfProto returns what the language knows of a message. Where it is for
// writing, what may be left out is nullable.
func typeOfProto(m *protoMessage, writing bool) plugins.Type {
	left := maxTypes
	return protoTyper{left: &left, writing: writing}.message(m)
}

// protoTyper translates types, as [avroTyper] does.
type protoTyper struct {
	open    []*protoMessage
	left    *int
	writing bool
}

func (x protoTyper) message(m *protoMessage) plugins.Type {
	switch m.known {
	case protoTimestamp:
		return plugins.Of(plugins.Time)
	case protoDuration:
		return plugins.Of(plugins.Duration)
	case protoWrapper:
		return plugins.Of(m.fields[0].scalarKind())
	case protoStruct:
		return plugins.Of(plugins.Map)
	case protoListValue:
		return plugins.Of(plugins.List)
	case protoValue:
		return plugins.Type{}
	}
	if *x.left--; *x.left < 0 || slices.Contains(x.open, m) {
		return plugins.Type{}
	}
	x.open = append(slices.Clip(x.open), m)
	t := plugins.Of(plugins.Record)
	for _, f := range m.fields {
		t.Fields = append(t.Fields, plugins.Field{Name: f.name, Type: x.field(f)})
	}
	return t
}

func (x protoTyper) field(f *protoField) plugins.Type {
	if f.isMap {
		elem := x.field(f.message.fields[1]).NotNull()
		return plugins.Type{Kind: plugins.Map, Elem: &elem, Nullable: x.writing}
	}
	t := plugins.Of(f.scalarKind())
	if f.message != nil {
		t = x.message(f.message)
	}
	if f.list {
		return plugins.Type{Kind: plugins.List, Elem: &t, Nullable: x.writing}
	}
	t.Nullable = t.Kind != plugins.Any && !f.required && (x.writing || !f.fallback)
	return t
}

// scalarKind is the kind of the values of a field that is no message.
func (f *protoField) scalarKind() plugins.Kind {
	switch f.kind {
	case protoreflect.BoolKind:
		return plugins.Bool
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return plugins.Float
	case protoreflect.StringKind, protoreflect.EnumKind:
		return plugins.String
	case protoreflect.BytesKind:
		return plugins.Bytes
	}
	return plugins.Int
}
