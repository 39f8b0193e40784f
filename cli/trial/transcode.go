package trial

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/onstream/onstream/plugins"
)

// transcode turns JSON rows into payloads of the format of a shape. What a row
// says is written as it says it: text that is no number goes into a cell that
// is to be one, so that bad input can be tried too.
func transcode(b *plugins.Batch, s plugins.Shape, r *plugins.Registry, rows []Row) error {
	var objects []Row
	for _, row := range rows {
		if !row.Raw {
			objects = append(objects, row)
		}
	}
	record, err := looseType(s.Payload, objects)
	if err != nil {
		return err
	}
	encoded, err := encode(record, s, r, objects)
	if err != nil {
		return err
	}
	b.Preamble = bytes.Clone(encoded.Preamble)
	b.Values = b.SpareValues()
	next := uint32(0)
	for _, row := range rows {
		if row.Raw {
			addValue(b, row.Text)
			continue
		}
		addValue(b, encoded.Value(next))
		next++
	}
	b.SelectAll(len(rows))
	return nil
}

// encode returns a batch of the objects in the format of a shape.
func encode(record plugins.Type, s plugins.Shape, r *plugins.Registry, objects []Row) (*plugins.Batch, error) {
	codec, ok := r.Codec(s.Format)
	if !ok {
		return nil, fmt.Errorf("the format %s is not registered", s.Format)
	}
	out := (&plugins.Pool{}).Batch()
	if len(record.Fields) == 0 {
		return out, nil // there are only raw rows, and no header to be told
	}
	enc, err := codec.Encoder(plugins.EncoderConfig{
		Shape:   plugins.Shape{Type: record, Format: jsonFormat, Payload: record},
		Options: s.Options,
	})
	if err != nil {
		return nil, fmt.Errorf("encode rows: %w", err)
	}
	d, err := decoded(r, objects, enc.Needs(), plugins.Type{})
	if err != nil {
		return nil, err
	}
	out.Preamble = enc.Preamble()
	enc.Encode(d, out)
	return out, failure(d)
}

// looseType is a record with the fields of the schema and those of the rows,
// of whatever types.
func looseType(schema plugins.Type, objects []Row) (plugins.Type, error) {
	record := plugins.Type{Kind: plugins.Record}
	add := func(name string) {
		if !slices.ContainsFunc(record.Fields, func(f plugins.Field) bool { return f.Name == name }) {
			record.Fields = append(record.Fields, plugins.Field{Name: name})
		}
	}
	for _, f := range schema.Fields {
		add(f.Name)
	}
	for i, row := range objects {
		names, err := keys(row.Text)
		if err != nil {
			return record, &RowError{Row: i, Err: err}
		}
		for _, name := range names {
			add(name)
		}
	}
	return record, nil
}

// keys returns the names of an object in the order written.
func keys(object []byte) ([]string, error) {
	d := json.NewDecoder(bytes.NewReader(object))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("it is not an object")
	}
	var names []string
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		names = append(names, fmt.Sprint(name))
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
	}
	return names, nil
}
