package dsl

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

// decodeStatic makes of a value what the getter for the attribute's type
// returns. The error reads behind the attribute's name.
func decodeStatic(spec plugins.Attr, v cty.Value) (any, error) {
	if holdsSecret(v) && spec.Type != plugins.AttrSecret {
		return nil, errors.New("cannot be a secret; only attributes that are made for secrets take one")
	}
	switch spec.Type {
	case plugins.AttrSecret:
		if v.Type().Equals(secretCapsule) {
			return *v.EncapsulatedValue().(*plugins.Secret), nil
		}
		s, err := conformTo[string](v, plugins.String)
		return plugins.NewSecret(s), err
	case plugins.AttrStrings:
		return stringsOf(spec, v)
	case plugins.AttrStringMap:
		return stringMapOf(v)
	case plugins.AttrValue:
		return expr.FromCty(v)
	}
	x, err := scalarOf(spec.Type, v)
	if err != nil {
		return nil, err
	}
	return x, inBounds(spec, x)
}

func scalarOf(t plugins.AttrType, v cty.Value) (any, error) {
	switch t {
	case plugins.AttrString, plugins.AttrFile:
		return conformTo[string](v, plugins.String)
	case plugins.AttrBool:
		return conformTo[bool](v, plugins.Bool)
	case plugins.AttrInt:
		return conformTo[int64](v, plugins.Int)
	case plugins.AttrFloat:
		return conformTo[float64](v, plugins.Float)
	case plugins.AttrDuration:
		if v.Type() == cty.Number {
			return nil, fmt.Errorf("must be a duration with its unit, such as \"90s\" or \"1m30s\", not %s", v.AsBigFloat().Text('g', -1))
		}
		return conformTo[time.Duration](v, plugins.Duration)
	case plugins.AttrSize:
		if v.Type() == cty.String {
			return parseSize(v.AsString())
		}
		n, err := conformTo[int64](v, plugins.Int)
		if err == nil && n < 0 {
			err = errors.New("must not be negative")
		}
		return n, err
	}
	return nil, fmt.Errorf("is of a type that the language does not know: that is a mistake in the kind")
}

// conformTo brings a value to a kind and to the Go type that goes with it.
func conformTo[T any](v cty.Value, k plugins.Kind) (result T, err error) {
	fitted, err := conform(v, plugins.Of(k))
	if err != nil {
		return result, err
	}
	x, err := expr.FromCty(fitted)
	if err != nil {
		return result, err
	}
	var boxed any
	switch k {
	case plugins.Bool:
		boxed = x.Int != 0
	case plugins.Int:
		boxed = x.Int
	case plugins.Float:
		boxed = x.Float
	case plugins.Duration:
		boxed = time.Duration(x.Int)
	default:
		boxed = x.Text
	}
	return boxed.(T), nil
}

// parseSize reads a number of bytes such as "64MiB".
func parseSize(s string) (int64, error) {
	units := []struct {
		name string
		n    float64
	}{
		{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
		{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1}, {"", 1},
	}
	for _, u := range units {
		number, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		f, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || f < 0 || f*u.n >= math.MaxInt64 || f*u.n != math.Trunc(f*u.n) {
			break
		}
		return int64(f * u.n), nil
	}
	return 0, fmt.Errorf("must be a size such as \"64KiB\", \"10MB\" or a number of bytes, not %q", s)
}

// inBounds reports a value that is not allowed.
func inBounds(spec plugins.Attr, x any) error {
	var n float64
	show := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	switch v := x.(type) {
	case string:
		if spec.Enum != nil && !slices.Contains(spec.Enum, v) {
			return fmt.Errorf("cannot be %q; %s", v, hint(v, spec.Enum))
		}
		return nil
	case int64:
		n = float64(v)
	case float64:
		n = v
	case time.Duration:
		n = v.Seconds()
		show = func(f float64) string { return time.Duration(f * float64(time.Second)).String() }
	default:
		return nil
	}
	switch {
	case spec.Min != nil && n < *spec.Min:
		return fmt.Errorf("must be at least %s, not %s", show(*spec.Min), show(n))
	case spec.Max != nil && n > *spec.Max:
		return fmt.Errorf("must be at most %s, not %s", show(*spec.Max), show(n))
	}
	return nil
}

func stringsOf(spec plugins.Attr, v cty.Value) (any, error) {
	list := []string{}
	if v.Type() == cty.String {
		list = append(list, v.AsString())
	} else {
		elem := plugins.Of(plugins.String)
		fitted, err := conform(v, plugins.Type{Kind: plugins.List, Elem: &elem})
		if err != nil {
			return nil, err
		}
		for _, e := range fitted.AsValueSlice() {
			list = append(list, e.AsString())
		}
	}
	for _, s := range list {
		if err := inBounds(spec, s); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func stringMapOf(v cty.Value) (any, error) {
	elem := plugins.Of(plugins.String)
	fitted, err := conform(v, plugins.Type{Kind: plugins.Map, Elem: &elem})
	if err != nil {
		return nil, err
	}
	m := map[string]string{}
	for name, e := range fitted.AsValueMap() {
		m[name] = e.AsString()
	}
	return m, nil
}

// couldBe reports a value that is not known, but of a type that the attribute
// does not take. The error reads behind the attribute's name.
func couldBe(spec plugins.Attr, v cty.Value) error {
	str := plugins.Of(plugins.String)
	var t plugins.Type
	switch spec.Type {
	case plugins.AttrString, plugins.AttrFile, plugins.AttrSecret:
		t = str
	case plugins.AttrInt:
		t = plugins.Of(plugins.Int)
	case plugins.AttrSize:
		if v.Type() != cty.String {
			t = plugins.Of(plugins.Int)
		}
	case plugins.AttrFloat:
		t = plugins.Of(plugins.Float)
	case plugins.AttrBool:
		t = plugins.Of(plugins.Bool)
	case plugins.AttrDuration:
		t = plugins.Of(plugins.Duration)
	case plugins.AttrStringMap:
		t = plugins.Type{Kind: plugins.Map, Elem: &str}
	case plugins.AttrStrings:
		if v.Type() != cty.String {
			t = plugins.Type{Kind: plugins.List, Elem: &str}
		}
	}
	_, err := conform(v, t)
	return err
}

// guess stands in for a value that is not known when the pipeline is only
// checked. What follows from it is not reported.
func (d *decoder) guess(spec plugins.Attr, path string) any {
	d.stage.guessed[path] = true
	bound := 1.0
	switch {
	case spec.Default != nil:
		return spec.Default
	case spec.Min != nil:
		bound = math.Max(bound, *spec.Min)
	case spec.Max != nil:
		bound = math.Min(bound, *spec.Max)
	}
	word := "sample"
	if len(spec.Enum) > 0 {
		word = spec.Enum[0]
	}
	switch spec.Type {
	case plugins.AttrString, plugins.AttrFile:
		return word
	case plugins.AttrInt, plugins.AttrSize:
		return int64(math.Ceil(bound))
	case plugins.AttrFloat:
		return bound
	case plugins.AttrBool:
		return false
	case plugins.AttrDuration:
		return time.Duration(bound * float64(time.Second))
	case plugins.AttrStrings:
		return []string{word}
	case plugins.AttrStringMap:
		return map[string]string{}
	case plugins.AttrSecret:
		return plugins.NewSecret(stubSecret)
	default:
		return plugins.Value{Kind: plugins.String, Text: word}
	}
}
