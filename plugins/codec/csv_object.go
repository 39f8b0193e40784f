package codec

import (
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// csvObject writes rows as JSON objects.
type csvObject struct {
	text    []byte
	members []csvMember
	missing []*slot // fields of the schema without a column
}

// csvMember is a column, read into a slot of one row.
type csvMember struct {
	prefix []byte // ,"name":
	slot   *slot  // nil where an earlier column has the name
}

func (o *csvObject) setNames(names []string, schema plugins.Type) {
	o.members, o.missing = nil, nil
	seen := map[string]bool{}
	for _, name := range names {
		m := csvMember{prefix: append(jsontext.AppendQuotedString([]byte{','}, name), ':')}
		if !seen[name] {
			t, _ := schema.Field(name)
			m.slot = newSlot(plugins.Field{Name: plugins.JoinPath(name), Type: t})
			m.slot.col.Reset(t.Kind, 1)
		}
		seen[name] = true
		o.members = append(o.members, m)
	}
	for _, f := range schema.Fields {
		if !seen[f.Name] {
			s := newSlot(plugins.Field{Name: plugins.JoinPath(f.Name), Type: f.Type})
			s.col.Reset(f.Type.Kind, 1)
			o.missing = append(o.missing, s)
		}
	}
}

// read appends the object that a row of cells is and returns its span.
func (o *csvObject) read(data *[]byte, cells []cell, null string) (plugins.Span, error) {
	for _, s := range o.missing {
		if err := s.missing(0); err != nil {
			return plugins.Span{}, err
		}
	}
	start := len(o.text)
	for k, m := range o.members {
		if m.slot == nil {
			continue
		}
		if err := m.slot.readCell(data, cells[k], null, 0); err != nil {
			return plugins.Span{}, err
		}
		m.slot.col.Data = *data
		o.text = append(o.text, m.prefix...)
		o.text = jsontext.AppendRow(o.text, &m.slot.col, 0, m.slot.Type.Layout)
	}
	if len(o.text) == start {
		o.text = append(o.text, '{')
	}
	o.text[start] = '{' // in place of the first comma
	o.text = append(o.text, '}')
	return plugins.Span{Off: uint32(start), Len: uint32(len(o.text) - start)}, nil
}
