package codec_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/onstream/onstream/plugins"
)

const benchRows = 2048

// telemetry returns lines like those of the benchmark (docs: P2).
func telemetry(n int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	var out []byte
	for i := range n {
		out = fmt.Appendf(out, `{"device_id":"d-%06d","ts":%d,"temperature":%.2f,"humidity":%.1f,"vibration":%.3f,"status":"ok","site":"plant-%d","fw":"1.4.%d"}`+"\n",
			rng.IntN(10_000), int64(1_700_000_000_000)+int64(i), 60+rng.NormFloat64()*12, 30+rng.Float64()*40, rng.Float64()/10, rng.IntN(20), rng.IntN(12))
	}
	return out
}

func perRecord(b *testing.B, rows int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/record")
}

func benchmarkDecode(b *testing.B, keep int, fields ...plugins.Field) {
	c := codecNamed(b, "json")
	batch := batchFrom(b, c, nil, telemetry(benchRows))
	d := decoder(b, c, nil, plugins.Type{}, fields...)
	mark := batch.Mark()
	b.ReportAllocs()
	for b.Loop() {
		batch.SelectAll(benchRows)
		n := 0
		for i := 0; i < benchRows; i += keep {
			batch.Sel[n] = uint32(i)
			n++
		}
		batch.Sel = batch.Sel[:n]
		d.Decode(batch)
		if len(batch.Sel) != n {
			b.Fatal("a row failed")
		}
		batch.Rewind(mark)
	}
	perRecord(b, benchRows/keep)
}

func BenchmarkJSONDecodeTemperature(b *testing.B) {
	benchmarkDecode(b, 1, field("temperature", of(plugins.Float)))
}

func BenchmarkJSONDecodeTemperatureAny(b *testing.B) {
	benchmarkDecode(b, 1, field("temperature", of(plugins.Any)))
}

func BenchmarkJSONDecodeThreeFields(b *testing.B) {
	benchmarkDecode(b, 1, field("device_id", of(plugins.String)), field("temperature", of(plugins.Float)), field("site", of(plugins.String)))
}

func BenchmarkJSONDecodeTwoFieldsOfTenth(b *testing.B) {
	benchmarkDecode(b, 10, field("device_id", of(plugins.String)), field("site", of(plugins.String)))
}

func BenchmarkJSONSplit(b *testing.B) {
	stream := telemetry(benchRows)
	f, err := codecNamed(b, "json").Framing(plugins.Config{})
	if err != nil {
		b.Fatal(err)
	}
	s := f.Splitter()
	var spans []plugins.Span
	b.ReportAllocs()
	for b.Loop() {
		spans, _, _ = s.Split(stream, 0, true, spans[:0])
	}
	perRecord(b, benchRows)
}

// benchmarkEncode writes the telemetry in a shape that takes some columns.
func benchmarkEncode(b *testing.B, format string, shape plugins.Shape, fields ...plugins.Field) {
	c := codecNamed(b, "json")
	batch := batchFrom(b, c, nil, telemetry(benchRows))
	e := encoder(b, codecNamed(b, format), nil, shape)
	decoder(b, c, nil, plugins.Type{}, append(fields, e.Needs()...)...).Decode(batch)
	dst := new(plugins.Pool).Batch()
	b.ReportAllocs()
	for b.Loop() {
		dst.Data, dst.Values = dst.Data[:0], dst.Values[:0]
		e.Encode(batch, dst)
	}
	perRecord(b, benchRows)
}

func BenchmarkJSONEncodeThreeColumns(b *testing.B) {
	fields := []plugins.Field{field("device_id", of(plugins.String)), field("temperature", of(plugins.Float)), field("site", of(plugins.String))}
	benchmarkEncode(b, "json", plugins.Columns(fields...), fields...)
}

func BenchmarkJSONEncodeOverlay(b *testing.B) {
	set := field("temperature", of(plugins.Float))
	benchmarkEncode(b, "json", plugins.Shape{Format: "json"}.With([]plugins.Field{set}), set)
}

func BenchmarkCBOREncodeOfJSON(b *testing.B) {
	benchmarkEncode(b, "cbor", plugins.Shape{Format: "json"})
}

func BenchmarkCSVEncodeThreeColumns(b *testing.B) {
	fields := []plugins.Field{field("device_id", of(plugins.String)), field("temperature", of(plugins.Float)), field("site", of(plugins.String))}
	benchmarkEncode(b, "csv", plugins.Columns(fields...), fields...)
}
