package codec

import (
	"slices"

	"github.com/onstream/onstream/plugins"
)

// maxTypes is how many types a record's type may be made of: a few records that
// use each other twice are a type that is larger than memory.
const maxTypes = 10_000

// typeOfAvro returns what the language knows of records of a type.
func typeOfAvro(t *avroType) plugins.Type {
	left := maxTypes
	return avroTyper{left: &left}.of(t)
}

// avroTyper translates types. Open are the records that it is in: what is
// inside itself has no type that could be written down.
type avroTyper struct {
	open    []*avroType
	left    *int
	writing bool
}

func (x avroTyper) of(t *avroType) plugins.Type {
	if *x.left--; *x.left < 0 || slices.Contains(x.open, t) {
		return plugins.Type{}
	}
	switch t.kind {
	case avroArray, avroMap:
		elem := x.of(t.elem)
		if t.kind == avroArray {
			return plugins.Type{Kind: plugins.List, Elem: &elem}
		}
		return plugins.Type{Kind: plugins.Map, Elem: &elem}
	case avroUnion:
		return x.union(t)
	case avroRecord:
		x.open = append(slices.Clip(x.open), t)
		r := plugins.Of(plugins.Record)
		for _, f := range t.fields {
			ft := x.of(f.t)
			ft.Nullable = ft.Nullable || x.writing && f.fallback != nil
			r.Fields = append(r.Fields, plugins.Field{Name: f.name, Type: ft})
		}
		return r
	}
	if x.writing && t.logical == avroDecimal {
		return plugins.Type{}
	}
	return plugins.Of(t.scalarKind())
}

// scalarKind is the kind of the values of a type that is not nested.
func (t *avroType) scalarKind() plugins.Kind {
	switch t.logical {
	case avroDate, avroMillis, avroMicros, avroNanos:
		return plugins.Time
	case avroTimeMillis, avroTimeMicros:
		return plugins.Duration
	case avroDecimal:
		return plugins.Float
	case avroUUID:
		return plugins.String
	}
	switch t.kind {
	case avroBool:
		return plugins.Bool
	case avroInt, avroLong:
		return plugins.Int
	case avroFloat, avroDouble:
		return plugins.Float
	case avroBytes, avroFixed:
		return plugins.Bytes
	case avroString, avroEnum:
		return plugins.String
	}
	return plugins.Any
}

// union is of the type of its branches where these have one in common.
func (x avroTyper) union(t *avroType) plugins.Type {
	var types []plugins.Type
	nullable := false
	for _, b := range t.branches {
		if b.kind == avroNull {
			nullable = true
			continue
		}
		types = append(types, x.of(b))
	}
	if len(types) == 0 {
		return plugins.Type{}
	}
	common := types[0]
	for _, u := range types[1:] {
		switch number := common.Kind == plugins.Int || common.Kind == plugins.Float; {
		case number && (u.Kind == plugins.Int || u.Kind == plugins.Float):
			if u.Kind == plugins.Float {
				common = u
			}
		case u.Kind != common.Kind || u.Kind.Nested():
			return plugins.Type{}
		}
	}
	common.Nullable = nullable && common.Kind != plugins.Any
	return common
}

// writtenType is the type that records to be written must fit: what may be left
// out is nullable, and a decimal takes more than floats.
func (t *avroType) writtenType() plugins.Type {
	left := maxTypes
	return avroTyper{left: &left, writing: true}.of(t)
}
