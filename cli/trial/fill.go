package trial

import (
	"errors"
	"fmt"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

const jsonFormat = "json"

// fill makes b the records of a step, as the stage's source would.
func fill(b *plugins.Batch, s *graph.Stage, r *plugins.Registry, rows []Row) error {
	return fillShape(b, plugins.Shape{Type: s.Outputs[0].Shape.Type, Format: s.Format, Options: s.Options, Payload: s.Schema}, r, rows)
}

// fillShape makes b the records of rows in a shape: payloads, columns, or payloads with columns.
func fillShape(b *plugins.Batch, shape plugins.Shape, r *plugins.Registry, rows []Row) error {
	var set []plugins.Field
	switch shape.Format {
	case "":
		return fillColumns(b, shape.Type, r, rows)
	case jsonFormat:
		setValues(b, rows)
	default:
		if err := transcode(b, shape, r, rows); err != nil {
			return err
		}
	}
	for _, name := range shape.Set {
		if f, ok := shape.Type.Field(name); ok {
			set = append(set, plugins.Field{Name: name, Type: f})
		}
	}
	if set == nil {
		return nil
	}
	return fillColumns(b, plugins.Type{Kind: plugins.Record, Fields: set}, r, rows)
}

func setValues(b *plugins.Batch, rows []Row) {
	b.Values = b.SpareValues()
	for _, row := range rows {
		addValue(b, row.Text)
	}
	b.SelectAll(len(rows))
}

func addValue(b *plugins.Batch, text []byte) {
	b.Values = append(b.Values, plugins.Span{Off: uint32(len(b.Data)), Len: uint32(len(text))})
	b.Data = append(b.Data, text...)
}

// decoded returns a batch of JSON records with fields as columns. Records that
// are not like that are failed on it.
func decoded(r *plugins.Registry, rows []Row, fields []plugins.Field, schema plugins.Type) (*plugins.Batch, error) {
	codec, ok := r.Codec(jsonFormat)
	if !ok {
		return nil, errors.New("the format json is not registered")
	}
	dec, err := codec.Decoder(plugins.DecoderConfig{Fields: fields, Schema: schema})
	if err != nil {
		return nil, fmt.Errorf("decode rows: %w", err)
	}
	b := (&plugins.Pool{}).Batch()
	setValues(b, rows)
	dec.Decode(b)
	return b, nil
}

// failure returns why a row of the batch failed; nil if none did.
func failure(b *plugins.Batch) error {
	if len(b.Failures) == 0 {
		return nil
	}
	f := b.Failures[0]
	return &RowError{Row: int(f.Row), Err: errors.New(f.Msg)}
}

// fillColumns adds the fields of records as columns.
func fillColumns(b *plugins.Batch, record plugins.Type, r *plugins.Registry, rows []Row) error {
	for _, row := range rows {
		if row.Raw {
			return errors.New("its records have no payload: give objects, not text")
		}
	}
	d, err := decoded(r, rows, record.Fields, record)
	if err != nil {
		return err
	}
	if err := failure(d); err != nil {
		return err
	}
	b.SelectAll(len(rows))
	for _, f := range record.Fields {
		from, to := d.Column(f.Name), b.NewColumn(f.Name, f.Type.Kind)
		for i := range uint32(len(rows)) {
			to.SetValue(i, from.Value(i))
		}
	}
	return nil
}
