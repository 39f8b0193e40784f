package reference

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/aggregate"
)

const (
	begin = "<!-- begin generated: "
	end   = "<!-- end generated -->"
)

// Update returns the document with its generated sections written anew. A
// section stands between the comments "begin generated: NAME" and "end
// generated"; each name must be there once.
func Update(doc []byte, r *plugins.Registry, functions []*expr.Function) ([]byte, error) {
	sections := map[string]string{
		"sources":    sources(r),
		"transforms": transforms(r),
		"sinks":      sinks(r),
		"formats":    formats(r),
		"lookups":    lookups(r),
		"functions":  functionTables(functions),
		"aggregates": aggregateTable(aggregate.All()),
	}
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
