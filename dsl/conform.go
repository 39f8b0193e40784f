package dsl

import (
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

// conform brings a value to a declared type, in the form that expressions
// expect. Nothing is coerced except that an int is taken for a float, and that
// a time and a duration are written as strings. The error reads behind the
// name of what has the value.
func conform(v cty.Value, t plugins.Type) (cty.Value, error) {
	switch {
	case v.Type().Equals(secretCapsule):
		return v, errors.New("cannot be a secret; only attributes that are made for secrets take one")
	case !v.IsKnown():
		return conformUnknown(v, t)
	case v.IsNull():
		if t.Nullable || t.Kind == plugins.Any {
			return v, nil
		}
		return v, fmt.Errorf("must not be null; its type is %s", t)
	}
	switch t.Kind {
	case plugins.Any:
		return v, nil
	case plugins.List:
		return conformList(v, t)
	case plugins.Map:
		return conformMap(v, t)
	case plugins.Record:
		return conformRecord(v, t)
	}
	return conformScalar(v, t)
}

// conformUnknown checks of a value that is not known that its type can be.
func conformUnknown(v cty.Value, t plugins.Type) (cty.Value, error) {
	written := t.Kind == plugins.Time || t.Kind == plugins.Duration || t.Kind == plugins.Bytes
	switch {
	case t.Kind == plugins.Any:
		return v, nil
	case v.Type() == cty.DynamicPseudoType, written && v.Type() == cty.String:
	default:
		if _, err := conform(sample(v.Type()), t); err != nil {
			return v, err
		}
	}
	return cty.UnknownVal(ctyType(t)), nil
}

func conformScalar(v cty.Value, t plugins.Type) (cty.Value, error) {
	x, err := expr.FromCty(v)
	if err != nil {
		return v, err
	}
	mismatch := fmt.Errorf("must be %s, not %s", t.NotNull(), x.Kind)
	switch {
	case x.Kind == t.Kind:
		return v, nil
	case t.Kind == plugins.Float && x.Kind == plugins.Int:
		return expr.ToCty(plugins.Value{Kind: plugins.Float, Float: float64(x.Int)})
	case x.Kind != plugins.String:
		return v, mismatch
	}
	switch t.Kind {
	case plugins.Time:
		at, err := time.Parse(time.RFC3339Nano, x.Text)
		if err != nil {
			return v, fmt.Errorf("must be a time such as \"2026-01-01T00:00:00Z\", not %q", x.Text)
		}
		return expr.ToCty(plugins.Value{Kind: plugins.Time, Int: at.UnixNano()})
	case plugins.Duration:
		d, err := time.ParseDuration(x.Text)
		if err != nil {
			return v, fmt.Errorf("must be a duration such as \"1m30s\", not %q", x.Text)
		}
		return expr.ToCty(plugins.Value{Kind: plugins.Duration, Int: int64(d)})
	case plugins.Bytes:
		return expr.ToCty(plugins.Value{Kind: plugins.Bytes, Text: x.Text})
	}
	return v, mismatch
}

func conformList(v cty.Value, t plugins.Type) (cty.Value, error) {
	if vt := v.Type(); !vt.IsTupleType() && !vt.IsListType() && !vt.IsSetType() {
		return v, fmt.Errorf("must be %s, not %s", t.NotNull(), kindOf(v))
	}
	var elems []cty.Value
	for i, e := range v.AsValueSlice() {
		fitted, err := conform(e, t.Element())
		if err != nil {
			return v, fmt.Errorf("[%d] %w", i, err)
		}
		elems = append(elems, fitted)
	}
	return cty.TupleVal(elems), nil
}

func conformMap(v cty.Value, t plugins.Type) (cty.Value, error) {
	if vt := v.Type(); !vt.IsObjectType() && !vt.IsMapType() {
		return v, fmt.Errorf("must be %s, not %s", t.NotNull(), kindOf(v))
	}
	attrs := map[string]cty.Value{}
	for name, e := range v.AsValueMap() {
		fitted, err := conform(e, t.Element())
		if err != nil {
			return v, fmt.Errorf("[%q] %w", name, err)
		}
		attrs[name] = fitted
	}
	return cty.ObjectVal(attrs), nil
}

func conformRecord(v cty.Value, t plugins.Type) (cty.Value, error) {
	if vt := v.Type(); !vt.IsObjectType() && !vt.IsMapType() {
		return v, fmt.Errorf("must be %s, not %s", t.NotNull(), kindOf(v))
	}
	given := v.AsValueMap()
	attrs := map[string]cty.Value{}
	var names []string
	for _, f := range t.Fields {
		names = append(names, f.Name)
		e, ok := given[f.Name]
		if !ok {
			e = cty.NullVal(cty.DynamicPseudoType)
		}
		fitted, err := conform(e, f.Type)
		if err != nil {
			return v, fmt.Errorf(".%s %w", f.Name, err)
		}
		attrs[f.Name] = fitted
	}
	for name := range given {
		if _, ok := attrs[name]; !ok {
			return v, fmt.Errorf("has no field %q; %s", name, hint(name, names))
		}
	}
	return cty.ObjectVal(attrs), nil
}

func kindOf(v cty.Value) plugins.Kind { return expr.TypeOf(v).Kind }

// ctyType returns the type of the values that conform gives.
func ctyType(t plugins.Type) cty.Type {
	switch t.Kind {
	case plugins.Bool:
		return cty.Bool
	case plugins.Int:
		return cty.Number
	case plugins.String:
		return cty.String
	case plugins.Float, plugins.Time, plugins.Duration, plugins.Bytes:
		return sampleOf(t.Kind).Type()
	case plugins.List:
		return cty.List(ctyType(t.Element()))
	case plugins.Map:
		return cty.Map(ctyType(t.Element()))
	case plugins.Record:
		attrs := map[string]cty.Type{}
		for _, f := range t.Fields {
			attrs[f.Name] = ctyType(f.Type)
		}
		return cty.Object(attrs)
	}
	return cty.DynamicPseudoType
}

// parseText reads a value of a type from a text that comes from outside the
// files: a string is taken as it is, everything else is written as in them.
func parseText(s string, t plugins.Type) (cty.Value, error) {
	if t.Nullable && s == "null" {
		return cty.NullVal(cty.DynamicPseudoType), nil
	}
	switch t.Kind {
	case plugins.String, plugins.Time, plugins.Duration, plugins.Bytes:
		return conform(cty.StringVal(s), t)
	}
	v, ok := constant(s)
	switch {
	case ok:
		return conform(v, t)
	case t.Kind == plugins.Any:
		return cty.StringVal(s), nil
	}
	return cty.NilVal, fmt.Errorf("must be %s, which %q is not", t.NotNull(), s)
}

// constant reads an expression without names.
func constant(s string) (cty.Value, bool) {
	src := []byte(s)
	if checkSize(src, "") != nil {
		return cty.NilVal, false
	}
	tokens, diags := hclsyntax.LexExpression(src, "", hcl.InitialPos)
	if diags.HasErrors() || checkTokens(tokens, true) != nil {
		return cty.NilVal, false
	}
	e, diags := hclsyntax.ParseExpression(src, "", hcl.InitialPos)
	if diags.HasErrors() || len(e.Variables()) > 0 {
		return cty.NilVal, false
	}
	v, diags := expr.Static(e, nil, nil)
	return v, !diags.HasErrors()
}
