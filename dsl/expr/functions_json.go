package expr

import (
	"errors"
	"math"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// jsonFunctions read and write JSON text.
func jsonFunctions() []*Function {
	const category = "json"
	text := plugins.Of(plugins.String)
	return []*Function{
		define("json::encode", category, "Returns a value as JSON text.",
			example(`json::encode([1, "a", null])`, `"[1,\"a\",null]"`),
			of1("value", func(v anyValue) string { return string(jsontext.AppendValue(nil, v, "")) })),
		define("json::decode", category, "Returns the value that JSON text is.",
			example(`json::decode("{\"a\":[1,2]}").a`, `[1,2]`), try1("text", decodeJSON)).fallible(),
		define("json::get", category, "Returns what stands in JSON text at a path of names and indexes, null where nothing does. The rest of the text is not looked at.",
			example(`json::get("{\"a\":[{\"b\":5}]}", "a", 0, "b")`, `5`, `json::get("{}", "a")`, `null`),
			tryAll("text, step", getJSON).taking(text, plugins.Type{})).fallible(),
	}
}

func decodeJSON(text string) (anyValue, error) {
	v, err := jsontext.Parse([]byte(text))
	if err != nil {
		return v, errors.New("the text " + err.Error())
	}
	return v, nil
}

func getJSON(args []anyValue) (anyValue, error) {
	raw := []byte(args[0].Text)
	for _, step := range args[1:] {
		var err error
		switch {
		case step.Kind == plugins.String:
			raw, err = jsontext.Lookup(raw, step.Text)
		case step.Kind == plugins.Int && step.Int >= math.MinInt32 && step.Int <= math.MaxInt32:
			raw, err = jsontext.Index(raw, int(step.Int))
		default:
			return anyValue{}, errors.New("a step is a name or an index, not a " + step.Kind.String())
		}
		if err != nil {
			return anyValue{}, errors.New("the text " + err.Error())
		}
		if raw == nil {
			return anyValue{Kind: plugins.Null}, nil
		}
	}
	return decodeJSON(string(raw))
}
