package codec_test

import (
	"bytes"
	"testing"

	"github.com/onstream/onstream/plugins"
)

// TestSteadyStateDoesNotAllocate decodes and encodes a whole batch again and
// again: once memory has grown, there is nothing to allocate.
func TestSteadyStateDoesNotAllocate(t *testing.T) {
	jsonCodec := codecNamed(t, "json")
	schema := plugins.Type{Kind: plugins.Record, Fields: []plugins.Field{
		field("device_id", of(plugins.String)), field("ts", plugins.Type{Kind: plugins.Time, Layout: "ms"}), field("temperature", of(plugins.Float)),
		field("status", of(plugins.Any)), field("site", of(plugins.String)),
	}}
	lines := bytes.ReplaceAll(telemetry(500), []byte(`"ok"`), []byte(`"o\u006b"`)) // an escape in each
	for _, format := range []string{"json", "csv", "cbor", "msgpack"} {
		c := codecNamed(t, format)
		source := batchFrom(t, jsonCodec, nil, bytes.Clone(lines))
		decoder(t, jsonCodec, nil, schema, schema.Fields...).Decode(source)
		stream := []byte(encoded(encoder(t, c, nil, plugins.Columns(schema.Fields...)), framing(t, c, nil), source))

		splitter := framing(t, c, nil).Splitter()
		b := batchFrom(t, c, nil, stream)
		size := len(b.Data)
		b.Data = append(make([]byte, 0, 2*size), b.Data...) // what is unescaped comes behind
		mark, spans := b.Mark(), make([]plugins.Span, 0, 1000)
		dec := decoder(t, c, nil, schema, schema.Fields...)
		enc := encoder(t, c, nil, plugins.Columns(schema.Fields...))
		overlay := encoder(t, c, nil, plugins.Shape{Format: format, Type: schema}.With([]plugins.Field{field("temperature", of(plugins.Float))}).Without([]string{"site"}))
		dst := new(plugins.Pool).Batch()
		run := func() {
			spans, _, _ = splitter.Split(stream, 0, true, spans[:0])
			b.SelectAll(b.Len)
			b.Data = b.Data[:size]
			dec.Decode(b)
			for _, e := range []plugins.Encoder{enc, overlay} {
				dst.Data, dst.Values = dst.Data[:0], dst.Values[:0]
				e.Encode(b, dst)
				if len(dst.Values) != 500 {
					t.Fatalf("%s: %d records: %v", format, len(dst.Values), b.Failures)
				}
			}
			b.Rewind(mark)
		}
		run()
		if n := testing.AllocsPerRun(20, run); n > 0 {
			t.Errorf("%s: %v allocations per batch", format, n)
		}
	}
}
