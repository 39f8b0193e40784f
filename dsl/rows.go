package dsl

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// rows reads a list of records for a test. Objects have their fields in the
// order written; strings are payloads, where those are allowed.
func (b *builder) rows(a *hclsyntax.Attribute, shape plugins.Shape, raw bool) []Row {
	list, ok := a.Expr.(*hclsyntax.TupleConsExpr)
	if !ok {
		return b.computedRows(a, shape, raw)
	}
	rows := []Row{}
	told := 0 // the line of the last string that cannot be a row: others in it are not told as well
	for _, e := range list.Exprs {
		if object, ok := e.(*hclsyntax.ObjectConsExpr); ok {
			if row, ok := b.row(object, shape); ok {
				rows = append(rows, row)
			}
			continue
		}
		v, at := b.value(e), e.Range()
		noRow := !raw && isText(v)
		if noRow && told == at.Start.Line {
			continue
		}
		if row, ok := b.computedRow(v, at, shape, raw); ok {
			rows = append(rows, row)
		} else if noRow {
			told = at.Start.Line
		}
	}
	return rows
}

// isText reports whether a value is a string.
func isText(v cty.Value) bool { return v.IsWhollyKnown() && v.Type() == cty.String && !v.IsNull() }

// row reads an object that is written out.
func (b *builder) row(object *hclsyntax.ObjectConsExpr, shape plugins.Shape) (Row, bool) {
	ok := true
	text := []byte{'{'}
	first := map[string]hcl.Range{}
	for _, item := range object.Items {
		name, literal := literalString(item.KeyExpr)
		rng := item.KeyExpr.Range()
		if !literal {
			b.fail(rng, "invalid field name", "write the name of a field as it is, or in quotes")
			ok = false
			continue
		}
		if at, dup := first[name]; dup {
			b.add(duplicate(rng, "field "+name, at))
			ok = false
			continue
		}
		first[name] = rng
		v := b.value(item.ValueExpr)
		if !v.IsWhollyKnown() {
			ok = false
			continue
		}
		ok = b.checkField(name, v, rng, item.ValueExpr.Range(), shape) && ok
		if len(text) > 1 {
			text = append(text, ',')
		}
		field, err := jsonText(v)
		if err != nil {
			b.fail(item.ValueExpr.Range(), "wrong type", "%s: %s", name, err)
			ok = false
		}
		text = append(append(jsontext.AppendQuotedString(text, name), ':'), field...)
	}
	return Row{Text: append(text, '}'), Pos: posOf(object.SrcRange)}, ok
}

// checkField reports a field that the records of the shape cannot have.
func (b *builder) checkField(name string, v cty.Value, at, valueAt hcl.Range, shape plugins.Shape) bool {
	if shape.Type.Kind != plugins.Record {
		return true
	}
	t, ok := shape.Type.Field(name)
	if !ok {
		var names []string
		for _, f := range shape.Type.Fields {
			names = append(names, f.Name)
		}
		b.fail(at, "unknown field", "the records here have no field %q; %s", name, hint(name, names))
		return false
	}
	// Values of the wrong type are as good a test as any, where the record is
	// read; where it is written, they could never be equal.
	if shape.Format == "" && !v.IsNull() && t.Layout == "" {
		if _, err := conform(v, t); err != nil {
			b.fail(valueAt, "wrong type", "%s %s", name, err)
			return false
		}
	}
	return true
}

// computedRows reads rows that an expression computes.
func (b *builder) computedRows(a *hclsyntax.Attribute, shape plugins.Shape, raw bool) []Row {
	v := b.value(a.Expr)
	if !v.IsWhollyKnown() {
		return nil
	}
	if v.IsNull() || !v.CanIterateElements() || v.Type().IsObjectType() || v.Type().IsMapType() {
		b.fail(a.Expr.Range(), "not a list", "write rows = [{ FIELD = VALUE, ... }, ...]")
		return nil
	}
	rows := []Row{}
	for _, e := range v.AsValueSlice() {
		row, ok := b.computedRow(e, a.Expr.Range(), shape, raw)
		if !ok {
			return rows
		}
		rows = append(rows, row)
	}
	return rows
}

func (b *builder) computedRow(v cty.Value, rng hcl.Range, shape plugins.Shape, raw bool) (Row, bool) {
	switch {
	case !v.IsWhollyKnown():
		return Row{}, false
	case raw && isText(v):
		return Row{Text: []byte(v.AsString()), Raw: true, Pos: posOf(rng)}, true
	case isText(v):
		b.fail(rng, "not a record", "a row is an object here, since the records have no payload that a string could be: write { %s = \"...\" }", textField(shape.Type))
		return Row{}, false
	case v.IsNull() || expr.TypeOf(v).Kind != plugins.Record:
		want := "an object"
		if raw {
			want = fmt.Sprintf("an object, or a string that is a record in the format %s", shape.Format)
		}
		b.fail(rng, "not a record", "a row is %s", want)
		return Row{}, false
	}
	text, err := jsonText(v)
	if err != nil {
		b.fail(rng, "wrong type", "%s", err)
		return Row{}, false
	}
	return Row{Text: text, Pos: posOf(rng)}, true
}

// textField returns the field of a record in which a string would stand.
func textField(t plugins.Type) string {
	for _, f := range t.Fields {
		if f.Type.Kind == plugins.String {
			return f.Name
		}
	}
	return "FIELD"
}
