package mongo

import (
	"maps"
	"slices"

	"github.com/onstream/onstream/plugins"
)

func lookupKind() plugins.LookupKind {
	return plugins.LookupKind{
		Name: "mongo",
		Via:  Service,
		Schema: plugins.Schema{
			Doc: "Looks up documents of a collection by one of their fields, several in one request. Keys are compared with their type: 7 finds 7, 7.0 and a decimal 7, and not \"7\". Of several documents with the same key the one with the least _id counts.",
			Example: `lookup "mongo" {
  collection = "devices"
  id         = "device"
  fields     = ["site", "limit"]
}`,
			Attrs: []plugins.Attr{
				{Name: "collection", Type: plugins.AttrString, Required: true, Doc: "The collection."},
				{Name: "id", Type: plugins.AttrString, Default: "_id", Doc: "The field that is looked up, with dots where it is within others. It needs an index."},
				{Name: "id_type", Type: plugins.AttrString, Enum: []string{"objectid", "date", "decimal", "uuid"}, Doc: "What that field is where keys are strings which stand for it: an ObjectId as 24 hexadecimal digits, a date as RFC 3339, a decimal as its digits, a UUID. A key that is no such text is not found."},
				{Name: "fields", Type: plugins.AttrStrings, Doc: "The fields that are fetched, and may be read; all of them where nothing is said."},
				{Name: "types", Type: plugins.AttrStringMap, Doc: "Types of fields, by name: string, int, float, bool, time or duration; any where nothing is said."},
				{Name: "json", Type: plugins.AttrString, Default: "plain", Enum: []string{"plain", "extended"}, Doc: "How what JSON does not have is written, as in the source."},
			},
		},
		Type: func(c plugins.Config) (plugins.Type, error) {
			l, err := looking(c)
			return l.finds, err
		},
		New: func(c plugins.Config, env plugins.Env) (plugins.Lookup, error) {
			l, err := looking(c)
			if err != nil {
				return nil, err
			}
			conn, ok := env.Connection.(*connection)
			if !ok {
				return nil, errNoConnection
			}
			l.connection = conn
			return l, nil
		},
	}
}

// looking reads the configuration of a look-up.
func looking(c plugins.Config) (*lookup, error) {
	l := &lookup{collection: c.String("collection"), id: c.String("id"), as: c.String("id_type"), fields: c.Strings("fields"), form: formOf(c.String("json"))}
	if err := checkCollection("collection", l.collection); err != nil {
		return l, err
	}
	if err := checkField("id", l.id); err != nil {
		return l, err
	}
	for _, f := range l.fields {
		if err := checkField("fields", f); err != nil {
			return l, err
		}
	}
	types := c.StringMap("types")
	for _, name := range slices.Sorted(maps.Keys(types)) {
		kind, ok := declarable[types[name]]
		if !ok {
			return l, plugins.ConfigErrorf("types", "%s has the type %q: it is to be string, int, float, bool, time or duration", name, types[name])
		}
		l.finds.Fields = append(l.finds.Fields, plugins.Field{Name: name, Type: plugins.Of(kind).OrNull()})
	}
	return l, nil
}

// declarable are the kinds that types may have, by name.
var declarable = map[string]plugins.Kind{
	"string": plugins.String, "int": plugins.Int, "float": plugins.Float, "bool": plugins.Bool, "time": plugins.Time, "duration": plugins.Duration,
}
