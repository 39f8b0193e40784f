package codec_test

import (
	"testing"

	"github.com/onstream/onstream/plugins"
)

const (
	benchAvro = `{"type":"record","name":"R","fields":[{"name":"device_id","type":"string"},{"name":"ts","type":{"type":"long","logicalType":"timestamp-millis"}},
		{"name":"temperature","type":["null","double"]},{"name":"humidity","type":"double"},{"name":"vibration","type":"float"},
		{"name":"status","type":{"type":"enum","name":"S","symbols":["ok","bad"]}},{"name":"site","type":"string"},{"name":"fw","type":"string"},{"name":"n","type":"int"}]}`
	benchProto = `syntax = "proto3"; import "google/protobuf/timestamp.proto"; enum S { ok = 0; bad = 1; } message R { string device_id = 1; google.protobuf.Timestamp ts = 2;
		optional double temperature = 3; double humidity = 4; float vibration = 5; S status = 6; string site = 7; string fw = 8; int32 n = 9; }`
)

// schemaBatch is a batch of records, and the fields that they have.
func schemaBatch(t testing.TB, c plugins.Codec, o options, n int) (*plugins.Batch, []plugins.Field) {
	fields := []plugins.Field{
		field("device_id", of(plugins.String)), field("ts", of(plugins.Time)), field("temperature", of(plugins.Float).OrNull()), field("humidity", of(plugins.Float)),
		field("vibration", of(plugins.Float)), field("status", of(plugins.String)), field("site", of(plugins.String)), field("fw", of(plugins.String)), field("n", of(plugins.Int)),
	}
	f := func(f float64) plugins.Value { return plugins.Value{Kind: plugins.Float, Float: f} }
	rows := make([][]plugins.Value, n)
	for i := range rows {
		rows[i] = []plugins.Value{text("d-002305"), {Kind: plugins.Time, Int: 17e17}, f(63.45), f(60.5), f(0.5), text("bad"), text("plant-5"), text("1.4.2"), intValue(int64(i))}
	}
	from := new(plugins.Pool).Batch()
	from.SelectAll(n)
	withColumns(from, fields, rows...)
	to := new(plugins.Pool).Batch()
	encoder(t, c, o, plugins.Columns(fields...)).Encode(from, to)
	if len(from.Failures) > 0 {
		t.Fatal(from.Failures)
	}
	to.SelectAll(n)
	return to, fields
}

func schemaFormats(t testing.TB) map[string]options {
	return map[string]options{"avro": {"schema": benchAvro}, "protobuf": {"proto_file": protoFile(t, benchProto), "message": "R"}}
}

// TestSchemaFormatsDoNotAllocate decodes and encodes a whole batch again and
// again: once memory has grown, there is nothing to allocate.
func TestSchemaFormatsDoNotAllocate(t *testing.T) {
	for format, o := range schemaFormats(t) {
		c := codecNamed(t, format)
		b, fields := schemaBatch(t, c, o, 500)
		size := len(b.Data)
		b.Data = append(make([]byte, 0, 2*size), b.Data...) // names of symbols come behind
		mark := b.Mark()
		dec := decoder(t, c, o, plugins.Type{}, fields...)
		enc := encoder(t, c, o, plugins.Columns(fields...))
		dst := new(plugins.Pool).Batch()
		run := func() {
			b.SelectAll(b.Len)
			b.Data = b.Data[:size]
			dec.Decode(b)
			dst.Data, dst.Values = dst.Data[:0], dst.Values[:0]
			enc.Encode(b, dst)
			if len(dst.Values) != 500 {
				t.Fatalf("%s: %d records: %v", format, len(dst.Values), b.Failures)
			}
			b.Rewind(mark)
		}
		run()
		if n := testing.AllocsPerRun(20, run); n > 0 {
			t.Errorf("%s: %v allocations per batch", format, n)
		}
	}
}

func BenchmarkSchemaDecode(b *testing.B) {
	for format, o := range schemaFormats(b) {
		c := codecNamed(b, format)
		batch, fields := schemaBatch(b, c, o, 1000)
		size, mark := len(batch.Data), batch.Mark()
		for name, wanted := range map[string][]plugins.Field{"one": fields[2:3], "all": fields} {
			dec := decoder(b, c, o, plugins.Type{}, wanted...)
			b.Run(format+"/"+name, func(b *testing.B) {
				for b.Loop() {
					batch.SelectAll(batch.Len)
					batch.Data = batch.Data[:size]
					dec.Decode(batch)
					batch.Rewind(mark)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/record")
			})
		}
	}
}

func BenchmarkSchemaEncode(b *testing.B) {
	for format, o := range schemaFormats(b) {
		c := codecNamed(b, format)
		batch, fields := schemaBatch(b, c, o, 1000)
		decoder(b, c, o, plugins.Type{}, fields...).Decode(batch)
		enc, dst := encoder(b, c, o, plugins.Columns(fields...)), new(plugins.Pool).Batch()
		b.Run(format, func(b *testing.B) {
			for b.Loop() {
				dst.Data, dst.Values = dst.Data[:0], dst.Values[:0]
				enc.Encode(batch, dst)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/record")
		})
	}
}
