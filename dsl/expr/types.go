package expr

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// simpleTypes are the types that are written as one word. time may also have a
// layout.
var simpleTypes = map[string]plugins.Kind{
	"any": plugins.Any, "bool": plugins.Bool, "int": plugins.Int, "float": plugins.Float, "string": plugins.String,
	"bytes": plugins.Bytes, "time": plugins.Time, "duration": plugins.Duration,
}

var typeNames = []string{"any", "bool", "int", "float", "string", "bytes", "time", "duration", "list", "map", "record", "optional"}

// foreignTypes are names that types have in other languages.
var foreignTypes = map[string]string{
	"double": "float", "real": "float", "decimal": "float", "str": "string", "text": "string", "varchar": "string",
	"integer": "int", "long": "int", "boolean": "bool", "timestamp": "time", "datetime": "time", "date": "time",
	"binary": "bytes", "blob": "bytes", "array": "list", "object": "record", "struct": "record", "dict": "map",
}

// similarType returns "; did you mean x?" or nothing.
func similarType(name string) string {
	if t, ok := foreignTypes[strings.ToLower(name)]; ok {
		return "; did you mean " + t + "?"
	}
	return didYouMean(name, typeNames)
}

const typeSyntax = "a type is bool, int, float, string, bytes, time, time(\"ms\"), duration, list(T), map(T), record({ name = T }), optional(T) or any"

// ParseType reads a type as the language writes it: bool int float string
// bytes time time("ms") duration list(T) map(T) record({...}) optional(T) any.
func ParseType(e hcl.Expression) (plugins.Type, hcl.Diagnostics) {
	if call, diags := hcl.ExprCall(e); !diags.HasErrors() {
		return parseTypeCall(e, call)
	}
	word := hcl.ExprAsKeyword(e)
	if k, ok := simpleTypes[word]; ok {
		return plugins.Of(k), nil
	}
	switch word {
	case "":
		return plugins.Type{}, hcl.Diagnostics{problem(e.Range(), "not a type", typeSyntax)}
	case "list", "map", "optional":
		return plugins.Type{}, hcl.Diagnostics{problem(e.Range(), "incomplete type", "say of what: %s(float), %s(any)", word, word)}
	case "record":
		return plugins.Type{}, hcl.Diagnostics{problem(e.Range(), "incomplete type", "name its fields: record({ name = string })")}
	case "number":
		return plugins.Type{}, hcl.Diagnostics{problem(e.Range(), "unknown type", "there is no type number; use int or float")}
	}
	return plugins.Type{}, hcl.Diagnostics{problem(e.Range(), "unknown type", "there is no type %s%s; %s", word, similarType(word), typeSyntax)}
}

func parseTypeCall(e hcl.Expression, call *hcl.StaticCall) (plugins.Type, hcl.Diagnostics) {
	switch call.Name {
	case "list", "map", "optional", "record", "time":
	default:
		return plugins.Type{}, hcl.Diagnostics{problem(call.NameRange, "unknown type", "there is no type %s(...)%s; %s", call.Name, similarType(call.Name), typeSyntax)}
	}
	if len(call.Arguments) != 1 {
		return plugins.Type{}, hcl.Diagnostics{problem(call.ArgsRange, "wrong number of arguments", "%s takes exactly one argument", call.Name)}
	}
	arg := call.Arguments[0]
	switch call.Name {
	case "time":
		return parseTimeType(arg)
	case "record":
		return parseRecordType(arg)
	}
	elem, diags := ParseType(arg)
	switch call.Name {
	case "list":
		return plugins.Type{Kind: plugins.List, Elem: &elem}, diags
	case "map":
		return plugins.Type{Kind: plugins.Map, Elem: &elem}, diags
	}
	return elem.OrNull(), diags
}

func parseTimeType(arg hcl.Expression) (plugins.Type, hcl.Diagnostics) {
	v, diags := arg.Value(nil)
	if diags.HasErrors() || v.IsNull() || !v.IsKnown() || v.Type() != cty.String || v.AsString() == "" {
		return plugins.Type{}, hcl.Diagnostics{problem(arg.Range(), "not a time layout",
			`a layout is "s", "ms", "us" or "ns" for integers since 1970, or a layout of Go's package time such as "2006-01-02 15:04:05"`)}
	}
	layout := v.AsString()
	if !jsontext.IsEpoch(layout) {
		if err := checkLayout(layout); err != nil {
			return plugins.Type{}, hcl.Diagnostics{problem(arg.Range(), "not a time layout", "%s", err)}
		}
	}
	return plugins.Type{Kind: plugins.Time, Layout: layout}, nil
}

func parseRecordType(arg hcl.Expression) (plugins.Type, hcl.Diagnostics) {
	items, diags := hcl.ExprMap(arg)
	if diags.HasErrors() {
		return plugins.Type{}, hcl.Diagnostics{problem(arg.Range(), "not a record type", "name the fields: record({ name = string, size = optional(int) })")}
	}
	t := plugins.Type{Kind: plugins.Record}
	first := map[string]hcl.Range{}
	for _, item := range items {
		name, ok := staticKey(item.Key)
		if !ok {
			diags = append(diags, problem(item.Key.Range(), "not a field name", "a field's name is an identifier or a quoted string"))
			continue
		}
		if at, dup := first[name]; dup {
			diags = append(diags, problem(item.Key.Range(), "duplicate field", "%s was declared at %s", name, at))
			continue
		}
		first[name] = item.Key.Range()
		ft, more := ParseType(item.Value)
		diags = append(diags, more...)
		t.Fields = append(t.Fields, plugins.Field{Name: name, Type: ft})
	}
	return t, diags
}

// staticKey returns the key of an object's item: an identifier or a string
// without interpolation.
func staticKey(key hcl.Expression) (string, bool) {
	v, diags := key.Value(nil)
	if diags.HasErrors() || v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return "", false
	}
	return v.AsString(), true
}
