package trial

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/onstream/onstream/plugins"
)

// viewer shows payloads of a format as records.
type viewer struct {
	decoder plugins.Decoder // nil for JSON, which is shown as it is
	encoder plugins.Encoder
	pool    plugins.Pool
}

func newViewer(s plugins.Shape, r *plugins.Registry) (*viewer, error) {
	if s.Format == jsonFormat {
		return &viewer{}, nil
	}
	of, ok := r.Codec(s.Format)
	text, okJSON := r.Codec(jsonFormat)
	if !ok || !okJSON {
		return nil, fmt.Errorf("the format %s or json is not registered", s.Format)
	}
	v := &viewer{}
	var err error
	if v.encoder, err = text.Encoder(plugins.EncoderConfig{Shape: s}); err != nil {
		return nil, fmt.Errorf("show records: %w", err)
	}
	if v.decoder, err = of.Decoder(plugins.DecoderConfig{Fields: v.encoder.Needs(), Schema: s.Payload, Options: s.Options}); err != nil {
		return nil, fmt.Errorf("show records: %w", err)
	}
	return v, nil
}

// view returns the selected records of a batch, in order; those that are not of the format have only a payload.
func (v *viewer) view(b *plugins.Batch, step int) []Record {
	records := make([]Record, len(b.Sel))
	for k, i := range b.Sel {
		records[k] = Record{Step: step, Payload: bytes.Clone(b.Value(i))}
	}
	if v.decoder == nil {
		for k, r := range records {
			if json.Valid(r.Payload) && bytes.HasPrefix(bytes.TrimLeft(r.Payload, " \t\r\n"), []byte("{")) {
				records[k].JSON = r.Payload
			}
		}
		return records
	}
	from, to := v.pool.Batch(), v.pool.Batch()
	defer from.Release()
	defer to.Release()
	from.Preamble = b.Preamble
	rows := make([]Row, len(records))
	for k, r := range records {
		rows[k].Text = r.Payload
	}
	setValues(from, rows)
	v.decoder.Decode(from)
	to.Values = to.SpareValues()
	v.encoder.Encode(from, to)
	for k, i := range from.Sel {
		records[i].JSON = bytes.Clone(to.Value(uint32(k)))
	}
	from.TakeFailures(func(plugins.Failure) {}) // they have no JSON
	return records
}
