package codec

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

var errNoNull = errors.New("is null or missing, and the schema has neither null nor a default there")

// schemaColumn is a field of a record that is to be written, in the order of the
// schema.
type schemaColumn struct {
	path   plugins.Path
	layout string
	col    *plugins.Column
	absent bool // no record has it
}

// datum returns the value of a row.
func (c *schemaColumn) datum(row uint32) datum {
	if c.absent {
		return datum{kind: plugins.Null}
	}
	return datumOf(c.col, row, c.layout)
}

// schemaColumns returns where the fields of a schema, of type to, come from,
// and which of them have to be decoded for it: as what the schema says, where
// nothing else is known of them.
func schemaColumns(s plugins.Shape, to plugins.Type) (columns []schemaColumn, needs []plugins.Field) {
	for _, f := range to.Fields {
		c := schemaColumn{path: plugins.JoinPath(f.Name)}
		t, known := s.Type.Field(f.Name)
		c.layout = t.Layout
		if t.Kind == plugins.Any {
			t = f.Type
		}
		switch {
		case s.IsRemoved(c.path), !known && s.Type.Kind == plugins.Record:
			c.absent = true
		case !s.IsColumn(c.path):
			needs = append(needs, plugins.Field{Name: c.path, Type: t.OrNull()})
		}
		columns = append(columns, c)
	}
	return columns, needs
}

// checkFit reports what keeps records of a shape from being written as a
// schema says, as far as that can be known: to is its type, in which what may
// be left out is nullable. What is said of a schema names it.
func checkFit(s plugins.Shape, to plugins.Type, schema string) error {
	from := s.Type
	if from.Kind != plugins.Record {
		// Of what else there is nothing is known: what was set is there.
		from = plugins.Of(plugins.Record)
		for _, name := range s.Set {
			t, _ := s.Type.Field(name)
			from.Fields = append(from.Fields, plugins.Field{Name: name, Type: t})
		}
		to = plugins.Type{Kind: to.Kind, Fields: slices.Clone(to.Fields)}
		for i := range to.Fields {
			to.Fields[i].Type.Nullable = true
		}
	}
	if err := fits(from, to, nil, schema); err != nil {
		return plugins.ConfigErrorf("", "%v", err)
	}
	return nil
}

// fits reports what keeps values of one type from being written as another.
func fits(from, to plugins.Type, path []string, schema string) error {
	field := "field " + strings.Join(path, ".")
	switch {
	case from.Kind == plugins.Any || to.Kind == plugins.Any:
		return nil
	case from.Kind == plugins.List && to.Kind == plugins.List:
		return fits(from.Element(), to.Element(), append(path, "[]"), schema)
	case from.Kind == plugins.Map && to.Kind == plugins.Map:
		return fits(from.Element(), to.Element(), append(path, "*"), schema)
	case from.Kind == plugins.Record && to.Kind == plugins.Map:
		for _, f := range from.Fields {
			if err := fits(f.Type, to.Element(), append(path, f.Name), schema); err != nil {
				return err
			}
		}
		return nil
	case from.Kind == plugins.Record && to.Kind == plugins.Record:
		return recordFits(from, to, path, schema)
	case from.Kind == plugins.Map && to.Kind == plugins.Record:
		return nil
	case from.Kind == plugins.Time && to.Kind == plugins.Int:
		if jsontext.IsEpoch(from.Layout) {
			return nil
		}
	case from.Kind == to.Kind, from.Kind == plugins.Int && to.Kind == plugins.Float, from.Kind == plugins.String && to.Kind == plugins.Bytes,
		(from.Kind == plugins.Time || from.Kind == plugins.Duration) && to.Kind == plugins.String:
		return nil
	}
	return fmt.Errorf("%s is of type %s, and %s has %s there: convert it in a map, or change the schema", field, from.NotNull(), schema, to.NotNull())
}

func recordFits(from, to plugins.Type, path []string, schema string) error {
	at := func(name string) string { return strings.Join(append(slices.Clip(path), name), ".") }
	for _, f := range from.Fields {
		t, ok := to.Field(f.Name)
		if !ok {
			return fmt.Errorf("%s has no field %s: leave that out with a map, or add it to the schema", schema, at(f.Name))
		}
		if err := fits(f.Type, t, append(path, f.Name), schema); err != nil {
			return err
		}
	}
	for _, t := range to.Fields {
		if _, ok := from.Field(t.Name); !ok && !t.Type.Nullable && t.Type.Kind != plugins.Any {
			return fmt.Errorf("the records have no field %s, which %s wants: add it in a map, or give it a default in the schema", at(t.Name), schema)
		}
	}
	return nil
}
