package opcua

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"time"
	"unicode/utf8"

	"github.com/gopcua/opcua/ua"

	"github.com/onstream/onstream/plugins"
)

var errNoNumber = errors.New("the value is no finite number")

// maxDepth bounds how deep arrays and variants may be nested.
const maxDepth = 8

// value returns the value of a node as the language has it, in the type that its block says; null where the server sends none.
func (n node) value(d *ua.DataValue) (plugins.Value, error) {
	if !d.Has(ua.DataValueValue) || d.Value == nil {
		return plugins.Value{Kind: plugins.Null}, nil
	}
	v, err := variant(d.Value, maxDepth)
	if err != nil || n.kind == plugins.Any || v.Kind == plugins.Null {
		return v, err
	}
	return as(v, n.kind)
}

func variant(v *ua.Variant, depth int) (plugins.Value, error) {
	if depth == 0 {
		return plugins.Value{}, errors.New("the value is nested too deep")
	}
	if v.Has(ua.VariantArrayValues) {
		return array(reflect.ValueOf(v.Value()), depth)
	}
	return scalar(v.Value(), depth)
}

func scalar(value any, depth int) (plugins.Value, error) {
	text := func(s string) (plugins.Value, error) {
		if !utf8.ValidString(s) {
			return plugins.Value{}, errors.New("the text is not UTF-8")
		}
		return plugins.Value{Kind: plugins.String, Text: s}, nil
	}
	switch x := value.(type) {
	case nil:
		return plugins.Value{Kind: plugins.Null}, nil
	case bool:
		v := plugins.Value{Kind: plugins.Bool}
		if x {
			v.Int = 1
		}
		return v, nil
	case string:
		return text(x)
	case []byte:
		return plugins.Value{Kind: plugins.Bytes, Text: string(x)}, nil
	case time.Time:
		if x.IsZero() || !holds(x) {
			return plugins.Value{Kind: plugins.Null}, nil
		}
		return plugins.Value{Kind: plugins.Time, Int: x.UnixNano()}, nil
	case ua.StatusCode:
		return text(nameOf(x))
	case ua.XMLElement:
		return text(string(x))
	case *ua.LocalizedText:
		return text(x.Text)
	case *ua.QualifiedName:
		return text(x.Name)
	case *ua.Variant:
		return variant(x, depth-1)
	case *ua.DataValue:
		if x.Value == nil {
			return plugins.Value{Kind: plugins.Null}, nil
		}
		return variant(x.Value, depth-1)
	case *ua.NodeID:
		return text(x.String())
	case *ua.ExpandedNodeID:
		return text(x.String())
	case *ua.GUID:
		return text(x.String())
	}
	switch r := reflect.ValueOf(value); r.Kind() {
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return plugins.Value{Kind: plugins.Int, Int: r.Int()}, nil
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if r.Uint() > math.MaxInt64 {
			return plugins.Value{}, fmt.Errorf("%d is more than an int holds", r.Uint())
		}
		return plugins.Value{Kind: plugins.Int, Int: int64(r.Uint())}, nil
	case reflect.Float32, reflect.Float64:
		f := r.Float()
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return plugins.Value{}, errNoNumber
		}
		return plugins.Value{Kind: plugins.Float, Float: f}, nil
	}
	return plugins.Value{}, fmt.Errorf("a %T is no value that a field holds: monitor its parts", value)
}

// array returns a list of values, as JSON.
func array(r reflect.Value, depth int) (plugins.Value, error) {
	list, err := elements(r, depth)
	if err != nil {
		return plugins.Value{}, err
	}
	text, err := json.Marshal(list)
	return plugins.Value{Kind: plugins.List, Text: string(text)}, err
}

func elements(r reflect.Value, depth int) ([]any, error) {
	if depth == 0 {
		return nil, errors.New("the value is nested too deep")
	}
	list := []any{}
	if r.Kind() != reflect.Slice {
		return list, nil
	}
	for i := range r.Len() {
		e := r.Index(i)
		if _, isBytes := e.Interface().([]byte); e.Kind() == reflect.Slice && !isBytes {
			inner, err := elements(e, depth-1)
			if err != nil {
				return nil, err
			}
			list = append(list, inner)
			continue
		}
		v, err := scalar(e.Interface(), depth)
		if err != nil && !errors.Is(err, errNoNumber) {
			return nil, fmt.Errorf("element %d: %w", i, err)
		}
		list = append(list, plain(v))
	}
	return list, nil
}

// plain returns a value as package json writes it; what is no finite number is null.
func plain(v plugins.Value) any {
	switch v.Kind {
	case plugins.Bool:
		return v.Int != 0
	case plugins.Int:
		return v.Int
	case plugins.Float:
		return v.Float
	case plugins.Time:
		return v.Time()
	case plugins.Bytes:
		return []byte(v.Text)
	case plugins.List:
		return json.RawMessage(v.Text)
	case plugins.String:
		return v.Text
	default:
		return nil
	}
}

// as returns a value in the type that a block says. An integer that a float holds is one; nothing else is converted.
func as(v plugins.Value, k plugins.Kind) (plugins.Value, error) {
	switch {
	case v.Kind == k:
		return v, nil
	case v.Kind == plugins.Int && k == plugins.Float:
		if f := float64(v.Int); f < 1<<63 && int64(f) == v.Int {
			return plugins.Value{Kind: k, Float: f}, nil
		}
	}
	return plugins.Value{}, fmt.Errorf("the server sends a value of type %s, and type says %s: write what it is, or \"any\"", v.Kind, k)
}
