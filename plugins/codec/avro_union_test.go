package codec_test

import (
	"testing"

	"github.com/hamba/avro/v2"
	"github.com/onstream/onstream/plugins"
)

// TestAvroUnions writes values where the schema has several types, and reads them
// back: the library tells which branch was taken.
func TestAvroUnions(t *testing.T) {
	t.Parallel()
	const union = `["null","int","long","float","double","boolean",{"type":"enum","name":"E","symbols":["ON"]},"string","bytes",
		{"type":"long","logicalType":"timestamp-millis"},{"type":"array","items":["null","int","string"]},
		{"type":"record","name":"G","fields":[{"name":"lat","type":"double"}]},{"type":"record","name":"H","fields":[{"name":"n","type":"int"}]},{"type":"map","values":"int"}]`
	c := codecNamed(t, "avro")
	js := func(k plugins.Kind, s string) plugins.Value { return plugins.Value{Kind: k, Text: s} }
	for _, tt := range []struct {
		union, branch string
		v             plugins.Value
	}{
		{union, "0", null},
		{union, "1", intValue(7)},
		{union, "2", intValue(1 << 40)},
		{union, "4", plugins.Value{Kind: plugins.Float, Float: 1.5}},
		{union, "5", plugins.Value{Kind: plugins.Bool, Int: 1}},
		{union, "6", text("ON")},
		{union, "7", text("OFF")},
		{union, "8", js(plugins.Bytes, "\xff")},
		{union, "9", plugins.Value{Kind: plugins.Time, Int: 5e9}},
		{union, "10", js(plugins.List, `[1,"a",null]`)},
		{union, "11", js(plugins.Record, `{"lat":1.5}`)},
		{union, "12", js(plugins.Record, `{"n":1}`)},
		{union, "13", js(plugins.Record, `{"x":1}`)},
	} {
		o := options{"schema": `{"type":"record","name":"R","fields":[{"name":"x","type":` + tt.union + `}]}`}
		fields := []plugins.Field{field("x", of(plugins.Any))}
		b := new(plugins.Pool).Batch()
		b.SelectAll(1)
		withColumns(b, fields, []plugins.Value{tt.v})
		out := encoded(encoder(t, c, o, plugins.Columns(fields...)), framing(t, c, o), b)
		var branch int64
		if err := avro.Unmarshal(avro.MustParse(`"long"`), []byte(out), &branch); err != nil || show(intValue(branch)) != tt.branch {
			t.Errorf("%v is written as branch %d: %v %v; want %s", tt.v, branch, err, b.Failures, tt.branch)
		}
		if got, failed := decodeOne(t, c, o, fields[0], out); failed != "" || got != tt.v {
			t.Errorf("%v is read as %v: %s", tt.v, got, failed)
		}
	}
}
