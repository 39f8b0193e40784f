package codec_test

import (
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
)

func TestRaw(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "raw")
	bytesSchema := plugins.Type{Kind: plugins.Record, Fields: []plugins.Field{field("value", of(plugins.Bytes))}}
	tests := []struct {
		name   string
		schema plugins.Type
		t      plugins.Type
		want   []plugins.Value // of three lines; nil for all that fail
		record []string
	}{
		{"strings", plugins.Type{}, of(plugins.String), []plugins.Value{text(`a "b"`), text(""), {}}, []string{`{"value":"a \"b\""}`, `{"value":""}`, ""}},
		{"any", plugins.Type{}, of(plugins.Any), []plugins.Value{text(`a "b"`), text(""), {}}, []string{`{"value":"a \"b\""}`, `{"value":""}`, ""}},
		{"bytes", bytesSchema, of(plugins.Bytes),
			[]plugins.Value{{Kind: plugins.Bytes, Text: `a "b"`}, {Kind: plugins.Bytes}, {Kind: plugins.Bytes, Text: "\xff"}},
			[]string{`{"value":"YSAiYiI="}`, `{"value":""}`, `{"value":"/w=="}`}},
	}
	for _, tt := range tests {
		b := batchFrom(t, c, nil, []byte("a \"b\"\r\n\n\xff"))
		decoder(t, c, nil, tt.schema, field("value", tt.t), field("", of(plugins.Record))).Decode(b)
		for i, want := range tt.want {
			if want == (plugins.Value{}) {
				if len(b.Failures) != 1 || b.Failures[0].Msg != "field value is not valid UTF-8" {
					t.Errorf("%s: failures %+v", tt.name, b.Failures)
				}
				continue
			}
			if got := b.Column("value").Value(uint32(i)); got != want {
				t.Errorf("%s: line %d is %+v, want %+v", tt.name, i, got, want)
			}
			if got := b.Column("").Value(uint32(i)).Text; got != tt.record[i] {
				t.Errorf("%s: record %d is %s, want %s", tt.name, i, got, tt.record[i])
			}
		}
	}
}

func TestRawEncode(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "raw")
	for _, fields := range [][]plugins.Field{
		{field("line", of(plugins.Any))},
		{field("other", of(plugins.Any)), field("value", of(plugins.Any))},
	} {
		b := new(plugins.Pool).Batch()
		b.SelectAll(4)
		last := func(v plugins.Value) []plugins.Value {
			row := make([]plugins.Value, len(fields))
			for i := range row {
				row[i] = null
			}
			row[len(row)-1] = v
			return row
		}
		withColumns(b, fields, last(text("a")), last(null), last(plugins.Value{Kind: plugins.Bytes, Text: "\xff"}), last(intValue(1)))
		if got := encoded(encoder(t, c, nil, plugins.Columns(fields...)), framing(t, c, nil), b); got != "a\n\xff\n" {
			t.Errorf("got %q", got)
		}
		if len(b.Failures) != 2 || !strings.HasSuffix(b.Failures[0].Msg, "is null, not string") || b.Failures[0].Code != "encode" {
			t.Errorf("failures %+v", b.Failures)
		}
	}
	if e := encoder(t, c, nil, plugins.Shape{Format: "json", Type: plugins.Type{Fields: []plugins.Field{field("value", of(plugins.String))}}}); len(e.Needs()) != 1 {
		t.Errorf("needs %v", e.Needs())
	}
}

func TestRawConfig(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "raw")
	for _, shape := range []plugins.Shape{
		plugins.Columns(field("a", of(plugins.String)), field("b", of(plugins.String))),
		plugins.Columns(field("value", of(plugins.Int))),
		{Format: "json"},
	} {
		_, err := c.Encoder(plugins.EncoderConfig{Shape: shape})
		if want := `raw writes one string or bytes: build a record with only a field value, such as emit = { value = "..." }`; err == nil || err.Error() != want {
			t.Errorf("%+v: error %v", shape, err)
		}
	}
	if _, err := c.Decoder(plugins.DecoderConfig{Fields: []plugins.Field{field("x", of(plugins.String))}}); err == nil || err.Error() != "raw records have one field, value, and no x" {
		t.Errorf("error %v", err)
	}
	if _, err := c.Decoder(plugins.DecoderConfig{Fields: []plugins.Field{field("value", of(plugins.Int))}}); err == nil || err.Error() != "the value of raw records is a string or bytes, not int" {
		t.Errorf("error %v", err)
	}
}
