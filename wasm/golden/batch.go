package golden

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/onstream/onstream/plugins"
)

// kindOf returns the kind of the columns for a type of manifests.
func kindOf(typ string) plugins.Kind {
	switch typ {
	case "bool":
		return plugins.Bool
	case "int":
		return plugins.Int
	case "float":
		return plugins.Float
	case "string":
		return plugins.String
	case "bytes":
		return plugins.Bytes
	case "time":
		return plugins.Time
	case "duration":
		return plugins.Duration
	}
	return plugins.Any
}

// recordBatch makes a batch of records.
func (s *stage) recordBatch(records []record) *plugins.Batch {
	b := s.env.Pool.Batch()
	b.SelectAll(len(records))
	b.Received = s.clock.UnixNano()
	b.Values = b.SpareValues()
	for i := range records {
		b.Values = append(b.Values, keep(b, records[i].Value.String()))
	}
	addKeys(b, records)
	addEnvelopes(b, records)
	return b
}

// addKeys adds the columns that the stage has its key and its time from.
func addKeys(b *plugins.Batch, records []record) {
	key, at := b.NewColumn(keyColumn, plugins.String), b.NewColumn(timeColumn, plugins.Time)
	for i := range records {
		r := &records[i]
		if key.AppendString(uint32(i), r.Key.String()); !r.Key.set || r.Key.none {
			key.SetNull(uint32(i))
		}
		if at.Ints[i] = r.Time.UnixNano(); !r.Time.set || r.Time.none {
			at.SetNull(uint32(i))
		}
	}
}

// addEnvelopes adds what records have besides a value, if some of them have it.
func addEnvelopes(b *plugins.Batch, records []record) {
	var keys, times, offsets, headers bool
	for i := range records {
		r := &records[i]
		keys = keys || r.Key.set && !r.Key.none
		times = times || r.Time.set && !r.Time.none
		offsets = offsets || r.Offset != 0
		headers = headers || r.Headers != nil
	}
	for i := range records {
		r := &records[i]
		if keys {
			b.Keys = append(b.Keys, keep(b, r.Key.String()))
		}
		if times {
			b.Times = append(b.Times, r.Time.UnixNano())
		}
		if offsets {
			b.Offsets = append(b.Offsets, r.Offset)
		}
		if headers {
			row := plugins.Span{Off: uint32(len(b.Headers))}
			if r.Headers != nil {
				for _, h := range *r.Headers {
					b.Headers = append(b.Headers, plugins.Header{Name: keep(b, h.name.String()), Value: keep(b, h.value.String())})
				}
			}
			row.Len = uint32(len(b.Headers)) - row.Off
			b.HeaderRows = append(b.HeaderRows, row)
		}
	}
}

func keep(b *plugins.Batch, s string) plugins.Span {
	at := len(b.Data)
	b.Data = append(b.Data, s...)
	return plugins.Span{Off: uint32(at), Len: uint32(len(s))}
}

// columnBatch makes a batch of columns, for rows with what they have besides.
func (s *stage) columnBatch(columns map[string][]json.RawMessage, rows []record) (*plugins.Batch, error) {
	known := map[string]bool{}
	for _, f := range s.says.Inputs {
		known[f.Name] = true
	}
	for name := range columns {
		if !known[name] {
			return nil, fmt.Errorf("the module has no input %q: correct the name", name)
		}
	}
	b := s.env.Pool.Batch()
	b.SelectAll(len(rows))
	b.Received = s.clock.UnixNano()
	for _, f := range s.says.Inputs {
		col, values := b.NewColumn(f.Name, kindOf(f.Type)), columns[f.Name]
		for i := range rows {
			v := plugins.Value{Kind: plugins.Null}
			if values != nil {
				var err error
				if v, err = typedValue(f.Type, values[i]); err != nil {
					b.Release()
					return nil, fmt.Errorf("columns: %s, row %d: %w", f.Name, i, err)
				}
			}
			if len(col.Data)+len(v.Text) > maxBatch {
				b.Release()
				return nil, fmt.Errorf("columns: %s has more than %d bytes: divide it", f.Name, maxBatch)
			}
			col.SetValue(uint32(i), v)
		}
	}
	addKeys(b, rows)
	addEnvelopes(b, rows)
	return b, nil
}

// got is a record that came out.
type got struct {
	port    string
	row     uint32
	value   []byte
	key     []byte
	time    *int64
	headers [][2]string
	columns map[string]plugins.Value
}

// read notes a record that comes out.
func (s *stage) read(output int, b *plugins.Batch, i uint32) got {
	g := got{port: s.ports[output], row: i, value: bytes.Clone(b.Value(i)), key: bytes.Clone(b.Key(i))}
	if b.Times != nil {
		at := b.Times[i]
		g.time = &at
	}
	for _, h := range b.HeadersOf(i) {
		g.headers = append(g.headers, [2]string{string(h.Name.Of(b.Data)), string(h.Value.Of(b.Data))})
	}
	for _, f := range s.says.Outputs {
		if col := b.Column(f.Name); col != nil {
			if g.columns == nil {
				g.columns = map[string]plugins.Value{}
			}
			g.columns[f.Name] = col.Value(i)
		}
	}
	return g
}
