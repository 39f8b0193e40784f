package reference

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/aggregate"
)

const (
	begin = "<!-- begin generated: "
	end   = "<!-- end generated -->"
)

// Language returns the sections of LANGUAGE.md by name.
func Language(r *plugins.Registry, functions []*expr.Function) map[string]string {
	kinds := Kinds(r)
	return map[string]string{
		"plugin":     blockOf(dsl.PluginSchema()),
		"sources":    section(kinds, Source),
		"transforms": section(kinds, Transform),
		"sinks":      section(kinds, Sink),
		"formats":    section(kinds, Format),
		"lookups":    section(kinds, Lookup),
		"functions":  functionTables(functions),
		"aggregates": aggregateTable(aggregate.All()),
	}
}

// Connectors returns the sections of CONNECTORS.md by name, but for that which the
// tests of the connectors write.
func Connectors(r *plugins.Registry) map[string]string {
	return map[string]string{
		"promises":   promiseTable(r),
		"connectors": section(Kinds(r), Connector),
	}
}

// Update returns the document with its generated sections written anew. A
// section stands between the comments "begin generated: NAME" and "end
// generated"; each name must be there once.
func Update(doc []byte, sections map[string]string) ([]byte, error) {
	sections = maps.Clone(sections)
	var out bytes.Buffer
	for {
		before, rest, found := bytes.Cut(doc, []byte(begin))
		out.Write(before)
		if !found {
			break
		}
		name, rest, _ := bytes.Cut(rest, []byte(" -->"))
		_, after, closed := bytes.Cut(rest, []byte(end))
		text, known := sections[string(name)]
		switch {
		case !known:
			return nil, fmt.Errorf("there is no section %q, or it is there twice", name)
		case !closed:
			return nil, fmt.Errorf("section %q has no end: add %s", name, end)
		}
		delete(sections, string(name))
		fmt.Fprintf(&out, "%s%s -->\n%s%s", begin, name, text, end)
		doc = after
	}
	if len(sections) > 0 {
		return nil, fmt.Errorf("these sections are missing: %v", slices.Sorted(maps.Keys(sections)))
	}
	return out.Bytes(), nil
}
