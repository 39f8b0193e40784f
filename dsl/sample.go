package dsl

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

// samples replaces what is not known by something of the same type.
func samples(v cty.Value) cty.Value {
	out, err := cty.Transform(v, func(_ cty.Path, x cty.Value) (cty.Value, error) {
		if x.IsKnown() {
			return x, nil
		}
		return sample(x.Type()), nil
	})
	if err != nil {
		return v
	}
	return out
}

func sample(t cty.Type) cty.Value {
	switch {
	case t == cty.Bool:
		return cty.True
	case t == cty.String:
		return cty.StringVal("sample")
	case t == cty.Number:
		return cty.NumberIntVal(1)
	case t.IsListType() || t.IsSetType():
		return cty.ListVal([]cty.Value{sample(t.ElementType())})
	case t.IsMapType():
		return cty.MapVal(map[string]cty.Value{"sample": sample(t.ElementType())})
	case t.IsTupleType():
		var elems []cty.Value
		for _, et := range t.TupleElementTypes() {
			elems = append(elems, sample(et))
		}
		return cty.TupleVal(elems)
	case t.IsObjectType():
		attrs := map[string]cty.Value{}
		for name, at := range t.AttributeTypes() {
			attrs[name] = sample(at)
		}
		return cty.ObjectVal(attrs)
	}
	for _, k := range []plugins.Kind{plugins.Float, plugins.Time, plugins.Duration, plugins.Bytes} {
		if v := sampleOf(k); v.Type().Equals(t) {
			return v
		}
	}
	return cty.NullVal(t)
}

// sampleOf returns a value of one of the kinds that cty has no type for.
func sampleOf(k plugins.Kind) cty.Value {
	v, err := expr.ToCty(plugins.Value{Kind: k, Int: 1, Float: 1, Text: "sample"})
	if err != nil {
		panic(fmt.Sprintf("dsl: no sample of kind %s: %v", k, err))
	}
	return v
}
