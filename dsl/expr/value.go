package expr

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// Values that cty has no type for travel through it in capsules. A float is
// among them because cty cannot tell 1.0 from 1, and to us one overflows and
// the other does not.
var (
	floatCapsule    = cty.Capsule("float", reflect.TypeFor[float64]())
	timeCapsule     = cty.Capsule("time", reflect.TypeFor[time.Time]())
	durationCapsule = cty.Capsule("duration", reflect.TypeFor[time.Duration]())
	bytesCapsule    = cty.Capsule("bytes", reflect.TypeFor[[]byte]())
)

// ToCty returns v as a cty value. A time, duration, bytes or float becomes a
// capsule that [FromCty] and the functions of the language understand;
// nested values become objects and tuples.
func ToCty(v plugins.Value) (cty.Value, error) {
	switch v.Kind {
	case plugins.Null:
		return cty.NullVal(cty.DynamicPseudoType), nil
	case plugins.Bool:
		return cty.BoolVal(v.Int != 0), nil
	case plugins.Int:
		return cty.NumberIntVal(v.Int), nil
	case plugins.Float:
		return cty.CapsuleVal(floatCapsule, &v.Float), nil
	case plugins.String:
		return cty.StringVal(v.Text), nil
	case plugins.Bytes:
		b := []byte(v.Text)
		return cty.CapsuleVal(bytesCapsule, &b), nil
	case plugins.Time:
		t := v.Time()
		return cty.CapsuleVal(timeCapsule, &t), nil
	case plugins.Duration:
		d := time.Duration(v.Int)
		return cty.CapsuleVal(durationCapsule, &d), nil
	}
	return nestedToCty(v)
}

func nestedToCty(v plugins.Value) (cty.Value, error) {
	text := []byte(v.Text)
	if v.Kind == plugins.List {
		var elems []cty.Value
		err := eachElement(text, func(raw []byte) error {
			c, err := jsonToCty(raw)
			elems = append(elems, c)
			return err
		})
		return cty.TupleVal(elems), err
	}
	attrs := map[string]cty.Value{}
	err := eachMember(text, func(name string, raw []byte) error {
		if _, dup := attrs[name]; dup {
			return nil // the first counts
		}
		c, err := jsonToCty(raw)
		attrs[name] = c
		return err
	})
	return cty.ObjectVal(attrs), err
}

func jsonToCty(raw []byte) (cty.Value, error) {
	v, err := jsontext.Parse(raw)
	if err != nil {
		return cty.DynamicVal, err
	}
	return ToCty(v)
}

// FromCty returns a cty value as one of ours: whole numbers within 64 bits as
// int, others as float, objects and maps as record, lists, tuples and sets as
// list. It fails for what has no place in a record, such as a secret.
func FromCty(v cty.Value) (plugins.Value, error) {
	v, _ = v.Unmark()
	switch t := v.Type(); {
	case !v.IsKnown():
		return plugins.Value{}, errors.New("the value is not known yet")
	case v.IsNull():
		return plugins.Value{Kind: plugins.Null}, nil
	case t == cty.Bool:
		return boolValue(v.True()), nil
	case t == cty.String:
		return plugins.Value{Kind: plugins.String, Text: v.AsString()}, nil
	case t == cty.Number:
		return numberValue(v.AsBigFloat())
	case t.IsCapsuleType():
		return capsuleValue(v)
	case t.IsTupleType() || t.IsListType() || t.IsSetType():
		text, err := appendCtyJSON(nil, v)
		return plugins.Value{Kind: plugins.List, Text: string(text)}, err
	default:
		text, err := appendCtyJSON(nil, v)
		return plugins.Value{Kind: plugins.Record, Text: string(text)}, err
	}
}

func numberValue(f *big.Float) (plugins.Value, error) {
	if i, exact := f.Int64(); exact == big.Exact {
		return plugins.Value{Kind: plugins.Int, Int: i}, nil
	}
	x, _ := f.Float64()
	if math.IsInf(x, 0) {
		return plugins.Value{}, errors.New("the number is out of range: it does not fit in 64 bits")
	}
	return plugins.Value{Kind: plugins.Float, Float: x}, nil
}

func capsuleValue(v cty.Value) (plugins.Value, error) {
	switch x := v.EncapsulatedValue().(type) {
	case *float64:
		return plugins.Value{Kind: plugins.Float, Float: *x}, nil
	case *time.Time:
		return plugins.Value{Kind: plugins.Time, Int: x.UnixNano()}, nil
	case *time.Duration:
		return plugins.Value{Kind: plugins.Duration, Int: int64(*x)}, nil
	case *[]byte:
		return plugins.Value{Kind: plugins.Bytes, Text: string(*x)}, nil
	}
	return plugins.Value{}, fmt.Errorf("a %s cannot be used here", v.Type().FriendlyName())
}

func boolValue(b bool) plugins.Value {
	v := plugins.Value{Kind: plugins.Bool}
	if b {
		v.Int = 1
	}
	return v
}

// appendCtyJSON writes v as JSON text, with the keys of objects sorted.
func appendCtyJSON(dst []byte, v cty.Value) ([]byte, error) {
	v, _ = v.Unmark()
	t := v.Type()
	if v.IsNull() || !v.IsKnown() || t.IsPrimitiveType() || t.IsCapsuleType() {
		x, err := FromCty(v)
		if err != nil {
			return dst, err
		}
		return jsontext.AppendValue(dst, x, ""), nil
	}
	if t.IsTupleType() || t.IsListType() || t.IsSetType() {
		dst = append(dst, '[')
		for i, e := range v.AsValueSlice() {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = appendCtyJSON(dst, e); err != nil {
				return dst, err
			}
		}
		return append(dst, ']'), nil
	}
	attrs := v.AsValueMap()
	names := make([]string, 0, len(attrs))
	for name := range attrs {
		names = append(names, name)
	}
	slices.Sort(names)
	dst = append(dst, '{')
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(jsontext.AppendQuotedString(dst, name), ':')
		var err error
		if dst, err = appendCtyJSON(dst, attrs[name]); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// TypeOf returns the type of a cty value: as exact as the value is known.
func TypeOf(v cty.Value) plugins.Type {
	v, _ = v.Unmark()
	t := typeOfCty(v.Type())
	if v.Type() == cty.Number && v.IsKnown() && !v.IsNull() {
		if x, err := numberValue(v.AsBigFloat()); err == nil {
			t.Kind = x.Kind
		}
	}
	if v.IsKnown() && v.IsNull() {
		return plugins.Type{Kind: plugins.Null, Nullable: true}
	}
	if v.IsKnown() && v.Type().IsObjectType() {
		attrs := v.AsValueMap()
		for i, f := range t.Fields {
			if ft := TypeOf(attrs[f.Name]); ft.Kind != plugins.Null {
				t.Fields[i].Type = ft
			}
		}
	}
	return t
}

func typeOfCty(t cty.Type) plugins.Type {
	switch {
	case t == cty.Bool:
		return plugins.Of(plugins.Bool)
	case t == cty.String:
		return plugins.Of(plugins.String)
	case t == cty.Number, t.Equals(floatCapsule):
		return plugins.Of(plugins.Float)
	case t.Equals(timeCapsule):
		return plugins.Of(plugins.Time)
	case t.Equals(durationCapsule):
		return plugins.Of(plugins.Duration)
	case t.Equals(bytesCapsule):
		return plugins.Of(plugins.Bytes)
	case t.IsTupleType():
		return plugins.Type{Kind: plugins.List, Elem: tupleElement(t)}
	case t.IsListType() || t.IsSetType() || t.IsMapType():
		elem := plugins.Type{}
		if t.ElementType() != cty.Number { // may be ints as well as floats
			elem = typeOfCty(t.ElementType())
		}
		if t.IsMapType() {
			return plugins.Type{Kind: plugins.Map, Elem: &elem}
		}
		return plugins.Type{Kind: plugins.List, Elem: &elem}
	case t.IsObjectType():
		r := plugins.Type{Kind: plugins.Record}
		attrs := t.AttributeTypes()
		names := make([]string, 0, len(attrs))
		for name := range attrs {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			r.Fields = append(r.Fields, plugins.Field{Name: name, Type: typeOfCty(attrs[name])})
		}
		return r
	}
	return plugins.Type{}
}

// tupleElement returns the type that all elements have, or any.
func tupleElement(t cty.Type) *plugins.Type {
	elem := plugins.Type{}
	for i, et := range t.TupleElementTypes() {
		if et == cty.Number {
			return &plugins.Type{}
		}
		u := typeOfCty(et)
		if i > 0 && !elem.Equal(u) {
			return &plugins.Type{}
		}
		elem = u
	}
	return &elem
}
