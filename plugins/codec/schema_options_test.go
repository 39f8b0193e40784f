package codec_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
)

// TestSchemaOptions is what a user sees of options that cannot be.
func TestSchemaOptions(t *testing.T) {
	t.Parallel()
	const avsc = `{"type":"record","name":"R","fields":[]}`
	empty := filepath.Join(t.TempDir(), "empty.binpb")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	proto := protoFile(t, readingsProto)
	tests := []struct {
		format string
		o      options
		path   string
		msg    string // a part of it
	}{
		{"avro", nil, "", `Avro does not say what is in a record: write avro { schema_file = "readings.avsc" }, or name the registry that has the schemas`},
		{"avro", options{"schema": avsc, "schema_file": "x"}, "schema", "leave one of them out"},
		{"avro", options{"schema": `{"type":"record"}`}, "schema", "this is no Avro schema of records: a type record has no name"},
		{"avro", options{"schema": `"string"`}, "schema", "this is no Avro schema of records: it is of type string, and records are of type record"},
		{"avro", options{"schema_file": "testdata/none.avsc"}, "schema_file", "the schema cannot be read: stat testdata/none.avsc: no such file or directory; a path that begins with ${path.pipeline}/"},
		{"avro", options{"schema_file": "testdata"}, "schema_file", "testdata is not a file"},
		{"avro", options{"schema": avsc, "wire": "confluent"}, "wire", `say which registry knows it, with registry = "URL"`},
		{"avro", options{"schema": avsc, "wire": "none", "registry": "http://x"}, "wire", "leave out wire or registry"},
		{"avro", options{"registry": "registry:8081"}, "registry", "this is no URL of a schema registry: write it like https://registry.plant.example:8081"},
		{"avro", options{"registry": "http://plant:hush@x"}, "registry", "a URL is shown in messages: put the user into username and password"},
		{"avro", options{"registry": "http://x?key=hush"}, "registry", "has no ? or # in it"},
		{"avro", options{"schema": avsc, "username": "plant"}, "username", "username is for a registry: name one, or leave this out"},
		{"avro", options{"registry": "http://x", "password": plugins.NewSecret("hush")}, "password", "set username"},
		{"avro", options{"schema": avsc, "schema_id": int64(7)}, "schema_id", "schema_id is for writing"},
		{"protobuf", nil, "", `Protocol Buffers do not say what is in a message: write protobuf { proto_file = "readings.proto" }`},
		{"protobuf", options{"proto_file": proto}, "message", `say which message a record is: message = "plant.Reading"; there are plant.Reading, plant.Other`},
		{"protobuf", options{"proto_file": proto, "message": "Reading"}, "message", "there are plant.Reading, plant.Other"},
		{"protobuf", options{"proto_file": proto, "descriptor_file": proto}, "proto_file", "leave one of them out"},
		{"protobuf", options{"proto_file": protoFile(t, "syntax = \"proto3\";\nmessage M { strin x = 1; }")}, "proto_file", "readings.proto:2:13: "},
		{"protobuf", options{"proto_file": protoFile(t, `syntax = "proto3"; import "none.proto";`)}, "proto_file", "none.proto"},
		{"protobuf", options{"proto_file": protoFile(t, `syntax = "proto3";`)}, "message", "the schema has no messages"},
		{"protobuf", options{"descriptor_file": empty}, "descriptor_file", "is not what protoc --include_imports --descriptor_set_out=FILE writes"},
		{"protobuf", options{"descriptor_file": proto}, "descriptor_file", "is not what protoc"},
		{"protobuf", options{"message": "M", "registry": "http://x"}, "message", "leave message out"},
		{"protobuf", options{"proto_file": proto, "message": "plant.Other", "wire": "delimited", "registry": "http://x"}, "wire", `the wire format "delimited" do not name their schema`},
	}
	for _, tt := range tests {
		c := codecNamed(t, tt.format)
		_, err := c.Framing(plugins.NewConfig(tt.o))
		if err == nil {
			_, err = c.Decoder(plugins.DecoderConfig{Options: plugins.NewConfig(tt.o)})
		}
		isConfigError(t, err, tt.path, tt.msg)
	}
}

func isConfigError(t *testing.T, err error, path, msg string) {
	t.Helper()
	ce, ok := err.(*plugins.ConfigError) //nolint:errorlint // it is what the contract asks for
	if !ok || ce.Path != path || !strings.Contains(ce.Msg, msg) || strings.Contains(ce.Msg, "hush") {
		t.Errorf("got %#v, want %s: %s", err, path, msg)
	}
}

// TestRecordsMustFitTheSchema is what a user sees of records that cannot be
// written, before anything runs.
func TestRecordsMustFitTheSchema(t *testing.T) {
	t.Parallel()
	const avsc = `{"type":"record","name":"R","fields":[{"name":"x","type":"int"},{"name":"s","type":["null","string"],"default":null},
		{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"},"default":0},{"name":"l","type":{"type":"array","items":"double"},"default":[]},
		{"name":"d","type":{"type":"bytes","logicalType":"decimal","precision":4,"scale":2},"default":"\u0000"},
		{"name":"g","type":["null",{"type":"record","name":"G","fields":[{"name":"lat","type":"double"}]}],"default":null}]}`
	const proto = `syntax = "proto3"; package p; message R { int32 x = 1; string s = 2; repeated double l = 4; G g = 6; message G { double lat = 1; } }`
	str, integer := of(plugins.String), of(plugins.Int)
	list := func(t plugins.Type) plugins.Type { return plugins.Type{Kind: plugins.List, Elem: &t} }
	record := func(fields ...plugins.Field) plugins.Type {
		return plugins.Type{Kind: plugins.Record, Fields: fields}
	}
	tests := []struct {
		shape       plugins.Shape
		avro, proto string // a part of the message, with SCHEMA for its name; "" for none
	}{
		{plugins.Columns(field("x", integer), field("s", str)), "", ""},
		{plugins.Columns(field("x", integer), field("s", of(plugins.Time))), "", ""},
		{plugins.Columns(field("x", plugins.Type{Kind: plugins.Time, Layout: "ms"})), "", ""},
		{plugins.Columns(field("x", integer), field("l", list(integer))), "", ""},
		{plugins.Columns(field("x", str)), "field x is of type string, and SCHEMA has int there: convert it in a map, or change the schema", "field x is of type string"},
		{plugins.Columns(field("x", of(plugins.Time))), "field x is of type time, and SCHEMA has int there", "field x is of type time"},
		{plugins.Columns(field("x", of(plugins.Float))), "field x is of type float", "field x is of type float"},
		{plugins.Columns(field("s", str)), "the records have no field x, which SCHEMA wants: add it in a map, or give it a default in the schema", ""},
		{plugins.Columns(field("x", integer), field("y", str)), "SCHEMA has no field y: leave that out with a map, or add it to the schema", "SCHEMA has no field y"},
		{plugins.Columns(field("x", integer), field("l", list(str))), "field l.[] is of type string, and SCHEMA has float there", "field l.[] is of type string"},
		{plugins.Columns(field("x", integer), field("g", record(field("lat", str)))), "field g.lat is of type string", "field g.lat is of type string"},
		{plugins.Columns(field("x", integer), field("g", record(field("lon", of(plugins.Float))))), "SCHEMA has no field g.lon", "SCHEMA has no field g.lon"},
		{plugins.Columns(field("x", of(plugins.Any))), "", ""},
		{plugins.Shape{Format: "json"}, "", ""},
		{plugins.Shape{Format: "json"}.With([]plugins.Field{field("y", str)}), "SCHEMA has no field y", "SCHEMA has no field y"},
		{plugins.Shape{Format: "json"}.With([]plugins.Field{field("x", str)}), "field x is of type string", "field x is of type string"},
	}
	for _, tt := range tests {
		for format, o := range map[string]options{"avro": {"schema": avsc}, "protobuf": {"proto_file": protoFile(t, proto)}} {
			want, schema := tt.avro, "the schema R"
			if format == "protobuf" {
				want, schema = tt.proto, "the message p.R"
			}
			_, err := codecNamed(t, format).Encoder(plugins.EncoderConfig{Shape: tt.shape, Options: plugins.NewConfig(o)})
			if want == "" && err == nil {
				continue
			}
			isConfigError(t, err, "", strings.ReplaceAll(want, "SCHEMA", schema))
		}
	}
	for format, o := range map[string]options{"avro": {"registry": "http://x"}, "protobuf": {"registry": "http://x"}} {
		_, err := codecNamed(t, format).Encoder(plugins.EncoderConfig{Options: plugins.NewConfig(o)})
		isConfigError(t, err, "", "say what the ")
	}
	shape := plugins.EncoderConfig{Shape: plugins.Columns(field("x", integer))}
	shape.Options = plugins.NewConfig(options{"schema": avsc, "registry": "http://x"})
	_, err := codecNamed(t, "avro").Encoder(shape)
	isConfigError(t, err, "registry", `say under which subject the registry has the schema, as the records do not all go to one topic: subject = "readings-value"`)
	shape.Options = plugins.NewConfig(options{"proto_file": protoFile(t, proto), "wire": "confluent"})
	_, err = codecNamed(t, "protobuf").Encoder(shape)
	isConfigError(t, err, "wire", "name the registry that tells it, or set schema_id")
}

// TestValuesThatCannotBeWritten fails the record, not the batch.
func TestValuesThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	f := func(f float64) plugins.Value { return plugins.Value{Kind: plugins.Float, Float: f} }
	js := func(k plugins.Kind, s string) plugins.Value { return plugins.Value{Kind: k, Text: s} }
	tests := []struct {
		avro, proto string // the type of field x; "" for none
		v           plugins.Value
		want        string
	}{
		{`"int"`, "int32", intValue(1 << 40), "field x is out of range"},
		{`"int"`, "", null, "field x is null or missing, and the schema has neither null nor a default there"},
		{`"int"`, "int32", f(1.5), "field x is a float, not int"},
		{"", "uint32", intValue(-1), "field x is negative, and the schema says unsigned"},
		{"", "uint32", intValue(1 << 40), "field x is out of range"},
		{`"float"`, "float", f(1e300), "field x is out of range"},
		{`"boolean"`, "bool", intValue(1), "field x is an int, not bool"},
		{`{"type":"enum","name":"E","symbols":["A"]}`, "E", text("B"), "field x is none of the symbols of the enum"},
		{`{"type":"fixed","name":"F","size":2}`, "", text("B"), "field x is not as many bytes as the schema says"},
		{`["int","boolean"]`, "", text("B"), "field x is of none of the types that the union in the schema has"},
		{`{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}`, "", text("1.234"), "field x has more places after the point than the schema"},
		{`{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}`, "", f(123.456), "field x has more digits than the schema"},
		{`{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}`, "", text("1e3"), "field x is not a decimal number"},
		{`{"type":"fixed","name":"U","size":16,"logicalType":"uuid"}`, "", text("6f1c"), "field x is not a UUID"},
		{`{"type":"array","items":"int"}`, "repeated int32", js(plugins.List, `[1,"a"]`), "field x is a string, not int"},
		{`{"type":"array","items":"int"}`, "repeated int32", js(plugins.Record, `{}`), "field x is a record, not list"},
		{`{"type":"array","items":"bytes"}`, "repeated bytes", js(plugins.List, `["%"]`), "field x is not base64"},
		{"", "repeated int32", js(plugins.List, `[null]`), "field x is null in a list or map, where the schema has no null"},
		{"", "map<int32, G>", js(plugins.Map, `{"a":{}}`), "field x has a key that is not of the type in the schema"},
		{`{"type":"record","name":"G","fields":[{"name":"lat","type":"double"}]}`, "G", js(plugins.Record, `{"lat":"far"}`), "field x.lat is a string, not float"},
		{`{"type":"record","name":"G","fields":[{"name":"lat","type":{"type":"long","logicalType":"timestamp-micros"}}]}`, "", js(plugins.Record, `{"lat":"now"}`), "field x.lat is not a time such as 2026-01-31T08:00:00Z (RFC 3339)"},
	}
	for _, tt := range tests {
		cases := map[string]options{}
		if tt.avro != "" {
			cases["avro"] = options{"schema": `{"type":"record","name":"R","fields":[{"name":"x","type":` + tt.avro + `}]}`}
		}
		if tt.proto != "" {
			cases["protobuf"] = options{"proto_file": protoFile(t, `syntax = "proto3"; message R { `+tt.proto+` x = 1; } message G { double lat = 1; } enum E { A = 0; }`), "message": "R"}
		}
		for format, o := range cases {
			c := codecNamed(t, format)
			fields := []plugins.Field{field("x", of(plugins.Any))}
			b := new(plugins.Pool).Batch()
			b.SelectAll(1)
			withColumns(b, fields, []plugins.Value{tt.v})
			out := encoded(encoder(t, c, o, plugins.Columns(fields...)), framing(t, c, o), b)
			if len(b.Failures) != 1 || b.Failures[0].Code != "encode" || b.Failures[0].Msg != tt.want || out != "" {
				t.Errorf("%s %s%s: %+v, want %s", format, tt.avro, tt.proto, b.Failures, tt.want)
			}
		}
	}
}

// TestAvroDecimalsAndUUIDs writes what Avro has types for, and the language has not.
func TestAvroDecimalsAndUUIDs(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "avro")
	f := func(f float64) plugins.Value { return plugins.Value{Kind: plugins.Float, Float: f} }
	for _, tt := range []struct {
		typ  string
		v    plugins.Value
		want string // as a string
	}{
		{`{"type":"bytes","logicalType":"decimal","precision":20,"scale":2}`, f(12.345), "12.35"},
		{`{"type":"bytes","logicalType":"decimal","precision":20,"scale":2}`, f(-0.5), "-0.50"},
		{`{"type":"bytes","logicalType":"decimal","precision":20,"scale":2}`, intValue(-128), "-128.00"},
		{`{"type":"bytes","logicalType":"decimal","precision":40,"scale":0}`, text("-123456789012345678901234567890"), "-123456789012345678901234567890"},
		{`{"type":"fixed","name":"D","size":9,"logicalType":"decimal","precision":20,"scale":2}`, text("-1.5"), "-1.50"},
		{`{"type":"fixed","name":"U","size":16,"logicalType":"uuid"}`, text("6f1c9a54-0000-4000-8000-000000000001"), "6f1c9a54-0000-4000-8000-000000000001"},
	} {
		o := options{"schema": `{"type":"record","name":"R","fields":[{"name":"x","type":` + tt.typ + `}]}`}
		b := new(plugins.Pool).Batch()
		b.SelectAll(1)
		fields := []plugins.Field{field("x", of(tt.v.Kind))}
		withColumns(b, fields, []plugins.Value{tt.v})
		out := encoded(encoder(t, c, o, plugins.Columns(fields...)), framing(t, c, o), b)
		got, failed := decodeOne(t, c, o, field("x", of(plugins.String)), out)
		if failed != "" || got.Text != tt.want || len(b.Failures) > 0 {
			t.Errorf("%s: %q, %s, %v; want %s", tt.typ, got.Text, failed, b.Failures, tt.want)
		}
	}
}

// TestSchemaOverlay sets and removes fields of a payload of the same format.
func TestSchemaOverlay(t *testing.T) {
	t.Parallel()
	const avsc = `{"type":"record","name":"R","fields":[{"name":"a","type":"bytes"},{"name":"b","type":"int"},{"name":"gone","type":["null","string"]},{"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}}]}`
	const proto = `syntax = "proto3"; import "google/protobuf/timestamp.proto"; message R { bytes a = 1; int32 b = 2; optional string gone = 3; google.protobuf.Timestamp at = 4; }`
	for format, tt := range map[string]struct {
		o        options
		in, want string
	}{
		"avro":     {options{"schema": avsc}, "\x02\xff\x04\x02\x02x\x02", "\x02\xff\x12\x00\x02"},
		"protobuf": {options{"proto_file": protoFile(t, proto)}, "\x0a\x01\xff\x10\x02\x1a\x01x\x22\x02\x08\x01", "\x0a\x01\xff\x10\x09\x22\x02\x08\x01"},
	} {
		c := codecNamed(t, format)
		shape := plugins.Shape{Format: format, Type: c.Type(plugins.NewConfig(tt.o))}
		shape = shape.With([]plugins.Field{field("b", of(plugins.Int))}).Without([]string{"gone"})
		b := batchOf(tt.in)
		e := encoder(t, c, tt.o, shape)
		decoder(t, c, tt.o, plugins.Type{}, e.Needs()...).Decode(b)
		withColumns(b, []plugins.Field{field("b", of(plugins.Int))}, []plugins.Value{intValue(9)})
		if out := encoded(e, framing(t, c, tt.o), b); out != tt.want || len(b.Failures) > 0 {
			t.Errorf("%s: %q, %v; want %q", format, out, b.Failures, tt.want)
		}
	}
}
