package expr

import (
	"errors"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// recordFunctions work on records and maps.
func recordFunctions() []*Function {
	const category = "records and maps"
	any := plugins.Type{}
	return []*Function{
		define("keys", category, "Returns the names of the members, in their order.",
			example(`keys({ a = 1, b = 2 })`, `["a","b"]`), try1("map", keys).returning(listType(plugins.Of(plugins.String)))).fallible(),
		define("values", category, "Returns the values of the members, in their order.",
			example(`values({ a = 1, b = 2 })`, `[1,2]`), try1("map", values)).fallible(),
		define("lookup", category, "Returns the member called name, or other where there is none or it is null.",
			example(`lookup({ oslo = 59.9 }, "oslo", 0)`, `59.9`, `lookup({ oslo = 59.9 }, "rome", 0)`, `0`),
			try3("map, name, other", lookup).refined(func(args []plugins.Type) plugins.Type {
				if args[0].Kind != plugins.Map {
					return any
				}
				t, ok := unify(args[0].Element().NotNull(), args[2])
				if !ok || t.Kind == plugins.Null {
					return any
				}
				t.Nullable = args[2].Nullable
				return t
			})).fallible(),
		define("merge", category, "Returns the members of all maps in one; of several with one name, the last counts.",
			example(`merge({ a = 1, b = 2 }, { b = 3 })`, `{"a":1,"b":3}`), tryAll("map", merge)).fallible(),
		define("zipmap", category, "Returns a map of names and values.",
			example(`zipmap(["a", "b"], [1, 2])`, `{"a":1,"b":2}`), try2("names, values", zipmap)).fallible(),
	}
}

// members returns the names and texts of members. Of several with one name,
// the first counts.
func members(m objectText) (names []string, raws map[string][]byte, err error) {
	raws = map[string][]byte{}
	err = eachMember([]byte(m), func(name string, raw []byte) error {
		if _, dup := raws[name]; !dup {
			names = append(names, name)
			raws[name] = raw
		}
		return nil
	})
	return names, raws, err
}

func keys(m objectText) (listText, error) {
	names, _, err := members(m)
	return stringList(names), err
}

func values(m objectText) (listText, error) {
	names, raws, err := members(m)
	if err != nil {
		return "", err
	}
	list := make([][]byte, len(names))
	for i, name := range names {
		list[i] = raws[name]
	}
	return rawList(list)
}

func lookup(m objectText, name string, other anyValue) (anyValue, error) {
	raw, err := jsontext.Lookup([]byte(m), name)
	if raw == nil || err != nil {
		return other, err
	}
	v, err := jsontext.Parse(raw)
	if err == nil && v.Kind == plugins.Null {
		return other, nil
	}
	return v, err
}

func merge(maps []objectText) (objectText, error) {
	var order []string
	all := map[string][]byte{}
	for _, m := range maps {
		names, raws, err := members(m)
		if err != nil {
			return "", err
		}
		for _, name := range names {
			if _, known := all[name]; !known {
				order = append(order, name)
			}
			all[name] = raws[name]
		}
	}
	return objectOf(order, func(name string) []byte { return all[name] }), nil
}

func zipmap(names, values listText) (objectText, error) {
	keys, err := elements(names)
	if err != nil {
		return "", err
	}
	raws, err := rawElements(values)
	if err != nil {
		return "", err
	}
	if len(keys) != len(raws) {
		return "", errors.New("there must be as many names as values")
	}
	var order []string
	all := map[string][]byte{}
	for i, k := range keys {
		if k.Kind != plugins.String {
			return "", errors.New("names must be texts, not " + k.Kind.String())
		}
		if _, known := all[k.Text]; !known {
			order = append(order, k.Text)
		}
		all[k.Text] = raws[i]
	}
	return objectOf(order, func(name string) []byte { return all[name] }), nil
}

func objectOf(names []string, raw func(name string) []byte) objectText {
	out := []byte{'{'}
	for i, name := range names {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(jsontext.AppendQuotedString(out, name), ':')
		out = append(out, raw(name)...)
	}
	return objectText(append(out, '}'))
}
