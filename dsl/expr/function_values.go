package expr

import (
	"errors"
	"time"
	"unsafe"

	"github.com/onstream/onstream/plugins"
)

// The Go types that functions are written with, besides bool, int64, float64,
// string and time.Duration.
type (
	moment     int64  // ns since 1970
	binaryData string // any bytes
	listText   string // JSON of a list
	objectText string // JSON of a record or map
	anyValue   = plugins.Value
)

// typeFor returns the language's type for a Go type.
func typeFor[T any]() plugins.Type {
	switch any(*new(T)).(type) {
	case bool:
		return plugins.Of(plugins.Bool)
	case int64:
		return plugins.Of(plugins.Int)
	case float64:
		return plugins.Of(plugins.Float)
	case string:
		return plugins.Of(plugins.String)
	case binaryData:
		return plugins.Of(plugins.Bytes)
	case moment:
		return plugins.Of(plugins.Time)
	case time.Duration:
		return plugins.Of(plugins.Duration)
	case listText:
		return plugins.Of(plugins.List)
	case objectText:
		return plugins.Of(plugins.Map)
	}
	return plugins.Type{}
}

// getter returns how to read a row of a column as a Go value. Texts are views:
// a function must not keep them.
func getter[T any]() func(c *plugins.Column, i uint32) T {
	var g any
	switch any(*new(T)).(type) {
	case bool:
		g = func(c *plugins.Column, i uint32) bool { return c.Bools[i] }
	case int64:
		g = func(c *plugins.Column, i uint32) int64 { return c.Ints[i] }
	case float64:
		g = func(c *plugins.Column, i uint32) float64 { return c.Floats[i] }
	case string:
		g = view
	case binaryData:
		g = func(c *plugins.Column, i uint32) binaryData { return binaryData(view(c, i)) }
	case moment:
		g = func(c *plugins.Column, i uint32) moment { return moment(c.Ints[i]) }
	case time.Duration:
		g = func(c *plugins.Column, i uint32) time.Duration { return time.Duration(c.Ints[i]) }
	case listText:
		g = func(c *plugins.Column, i uint32) listText { return listText(view(c, i)) }
	case objectText:
		g = func(c *plugins.Column, i uint32) objectText { return objectText(view(c, i)) }
	default:
		g = func(c *plugins.Column, i uint32) anyValue { return c.Value(i) }
	}
	return g.(func(c *plugins.Column, i uint32) T)
}

// view returns the text in row i without copying it.
func view(c *plugins.Column, i uint32) string {
	b := c.Bytes(i)
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// unboxer returns how to get a Go value from a boxed one of its kind.
func unboxer[T any]() func(v plugins.Value) T {
	var u any
	switch any(*new(T)).(type) {
	case bool:
		u = func(v plugins.Value) bool { return v.Int != 0 }
	case int64:
		u = func(v plugins.Value) int64 { return v.Int }
	case float64:
		u = func(v plugins.Value) float64 { return v.Float }
	case string:
		u = func(v plugins.Value) string { return v.Text }
	case binaryData:
		u = func(v plugins.Value) binaryData { return binaryData(v.Text) }
	case moment:
		u = func(v plugins.Value) moment { return moment(v.Int) }
	case time.Duration:
		u = func(v plugins.Value) time.Duration { return time.Duration(v.Int) }
	case listText:
		u = func(v plugins.Value) listText { return listText(v.Text) }
	case objectText:
		u = func(v plugins.Value) objectText { return objectText(v.Text) }
	default:
		u = func(v plugins.Value) anyValue { return v }
	}
	return u.(func(v plugins.Value) T)
}

// box makes a boxed value of a function's result.
func box(x any) (plugins.Value, error) {
	var v plugins.Value
	switch x := x.(type) {
	case bool:
		v = boolValue(x)
	case int64:
		v = plugins.Value{Kind: plugins.Int, Int: x}
	case float64:
		v = plugins.Value{Kind: plugins.Float, Float: x}
		if x-x != 0 {
			return v, codedError(codeInfinite)
		}
	case string:
		v = plugins.Value{Kind: plugins.String, Text: x}
	case binaryData:
		v = plugins.Value{Kind: plugins.Bytes, Text: string(x)}
	case moment:
		v = plugins.Value{Kind: plugins.Time, Int: int64(x)}
	case time.Duration:
		v = plugins.Value{Kind: plugins.Duration, Int: int64(x)}
	case listText:
		v = plugins.Value{Kind: plugins.List, Text: string(x)}
	case objectText:
		v = plugins.Value{Kind: plugins.Map, Text: string(x)}
	case anyValue:
		v = x
		if v.Kind == plugins.Float && v.Float-v.Float != 0 {
			return v, codedError(codeInfinite)
		}
	}
	if len(v.Text) > maxValue {
		return v, codedError(codeTooLarge)
	}
	return v, nil
}

// codedError is an error that is one of the failures of operators.
type codedError string

// Error returns the explanation.
func (e codedError) Error() string {
	if e == codeTooLarge {
		return tooLargeMessage
	}
	return explanations[string(e)]
}

// codeOf returns the code that a function's error fails a record with.
func codeOf(err error) string {
	var coded codedError
	var argument argumentError
	switch {
	case errors.As(err, &coded):
		return string(coded)
	case errors.As(err, &argument):
		return codeType
	}
	return codeFunction
}

// output is where a function puts its results.
type output struct {
	col    plugins.Column
	t      plugins.Type
	failed map[string]*fault
}

// fail notes that a function has no result for row i.
func (o *output) fail(r *run, i uint32, err error) {
	setZero(&o.col, i)
	r.failWith(i, o.failed[codeOf(err)], err.Error())
}

// putter returns how to store a Go value in a column of its kind.
func putter[T any]() func(o *output, r *run, i uint32, x T) {
	var p any
	switch any(*new(T)).(type) {
	case bool:
		p = func(o *output, _ *run, i uint32, x bool) { o.col.Bools[i] = x }
	case int64:
		p = func(o *output, _ *run, i uint32, x int64) { o.col.Ints[i] = x }
	case moment:
		p = func(o *output, _ *run, i uint32, x moment) { o.col.Ints[i] = int64(x) }
	case time.Duration:
		p = func(o *output, _ *run, i uint32, x time.Duration) { o.col.Ints[i] = int64(x) }
	case float64:
		p = func(o *output, r *run, i uint32, x float64) {
			if x-x != 0 {
				o.fail(r, i, codedError(codeInfinite))
				return
			}
			o.col.Floats[i] = x
		}
	case string:
		p = (*output).text
	case binaryData:
		p = func(o *output, r *run, i uint32, x binaryData) { o.text(r, i, string(x)) }
	case listText:
		p = func(o *output, r *run, i uint32, x listText) { o.text(r, i, string(x)) }
	case objectText:
		p = func(o *output, r *run, i uint32, x objectText) { o.text(r, i, string(x)) }
	default:
		p = (*output).value
	}
	return p.(func(o *output, r *run, i uint32, x T))
}

func (o *output) text(r *run, i uint32, x string) {
	if len(x) > maxValue || len(o.col.Data)+len(x) > maxColumn {
		o.fail(r, i, codedError(codeTooLarge))
		return
	}
	o.col.AppendString(i, x)
}

func (o *output) value(r *run, i uint32, x anyValue) {
	v, err := box(x)
	if err == nil && v.Kind == plugins.Null && o.t.Kind != plugins.Any && !o.t.Nullable {
		err = codedError(codeNull)
	}
	if err == nil {
		v, err = fit(v, o.t)
	}
	if err == nil && len(o.col.Data)+len(v.Text) > maxColumn {
		err = codedError(codeTooLarge)
	}
	if err != nil {
		o.fail(r, i, err)
		return
	}
	if v.Kind == plugins.Null {
		setZero(&o.col, i)
	}
	o.col.SetValue(i, v)
}
