package codec_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bufbuild/protocompile"
	"github.com/onstream/onstream/plugins"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	"pgregory.net/rapid"
)

const readingsProto = `syntax = "proto3";
package plant;
import "google/protobuf/timestamp.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/wrappers.proto";
import "google/protobuf/struct.proto";

message Reading {
  string device = 1;
  double temp = 2;
  optional int32 n = 3;
  google.protobuf.Timestamp ts = 4;
  Mode mode = 5;
  message GPS { float lat = 1; float lon = 2; Reading of = 3; }
  GPS gps = 6;
  map<string, string> tags = 7;
  repeated int64 samples = 8;
  oneof value { string text = 9; uint64 count = 10; GPS place = 11; }
  google.protobuf.Duration took = 12;
  google.protobuf.Int64Value limit = 13;
  google.protobuf.Struct more = 14;
  google.protobuf.Value any = 15;
  repeated GPS track = 200;
  map<sint32, GPS> stops = 201;
  bytes raw = 202;
  repeated Mode modes = 203;
  google.protobuf.ListValue list = 204;
}
enum Mode { AUTO = 0; MANUAL = 1; }
message Other { int32 x = 1; }
`

// protoFile writes a .proto file.
func protoFile(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "readings.proto")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// descriptorOf compiles a file with nothing but the library.
func descriptorOf(t fatal, text string, message protoreflect.FullName) protoreflect.MessageDescriptor {
	c := protocompile.Compiler{Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{Accessor: protocompile.SourceAccessorFromMap(map[string]string{"f.proto": text})})}
	files, err := c.Compile(context.Background(), "f.proto")
	if err != nil {
		t.Fatal(err)
	}
	return files[0].FindDescriptorByName(message).(protoreflect.MessageDescriptor)
}

// protoValue is a message as JSON has it here, made with the library's reflection.
func protoValue(t fatal, m protoreflect.Message) any {
	d := m.Descriptor()
	get := func(name protoreflect.Name) protoreflect.Value { return m.Get(d.Fields().ByName(name)) }
	switch d.FullName() {
	case "google.protobuf.Timestamp":
		return time.Unix(get("seconds").Int(), get("nanos").Int()).UTC().Format(time.RFC3339Nano)
	case "google.protobuf.Duration":
		return time.Duration(get("seconds").Int()*1e9 + get("nanos").Int()).String()
	case "google.protobuf.Struct":
		return fieldValue(t, d.Fields().Get(0), get("fields"))
	case "google.protobuf.ListValue":
		return fieldValue(t, d.Fields().Get(0), get("values"))
	case "google.protobuf.Value":
		f := m.WhichOneof(d.Oneofs().Get(0))
		if f == nil || f.Name() == "null_value" {
			return nil
		}
		return fieldValue(t, f, m.Get(f))
	}
	if d.FullName().Parent() == "google.protobuf" && strings.HasSuffix(string(d.Name()), "Value") {
		return fieldValue(t, d.Fields().Get(0), get("value"))
	}
	v := map[string]any{}
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		if f.HasPresence() && !m.Has(f) && !f.HasDefault() {
			continue
		}
		v[string(f.Name())] = fieldValue(t, f, m.Get(f))
	}
	return v
}

func fieldValue(t fatal, f protoreflect.FieldDescriptor, v protoreflect.Value) any {
	switch {
	case f.IsMap():
		m := map[string]any{}
		v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
			m[k.String()] = singleValue(t, f.MapValue(), v)
			return true
		})
		return m
	case f.IsList():
		list := []any{}
		for i := range v.List().Len() {
			list = append(list, singleValue(t, f, v.List().Get(i)))
		}
		return list
	}
	return singleValue(t, f, v)
}

func singleValue(t fatal, f protoreflect.FieldDescriptor, v protoreflect.Value) any {
	switch x := v.Interface().(type) {
	case protoreflect.Message:
		return protoValue(t, x)
	case protoreflect.EnumNumber:
		if e := f.Enum().Values().ByNumber(x); e != nil {
			return string(e.Name())
		}
		return fmt.Sprint(int32(x))
	case float32:
		return float64(x)
	case []byte:
		return append([]byte{}, x...)
	default:
		return x
	}
}

// drawMessage fills a message with anything that can be read here.
func drawMessage(t *rapid.T, m protoreflect.Message, depth int) {
	d := m.Descriptor()
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		if rapid.IntRange(0, 2).Draw(t, "set") == 0 || depth == 0 && f.Message() != nil {
			continue
		}
		switch {
		case f.IsMap():
			for range rapid.IntRange(0, 3).Draw(t, "entries") {
				k := drawScalar(t, f.MapKey()).MapKey()
				m.Mutable(f).Map().Set(k, drawSingle(t, f.MapValue(), func() protoreflect.Value { return m.Mutable(f).Map().NewValue() }, depth))
			}
		case f.IsList():
			for range rapid.IntRange(0, 3).Draw(t, "items") {
				m.Mutable(f).List().Append(drawSingle(t, f, func() protoreflect.Value { return m.Mutable(f).List().NewElement() }, depth))
			}
		default:
			m.Set(f, drawSingle(t, f, func() protoreflect.Value { return m.NewField(f) }, depth))
		}
	}
}

func drawSingle(t *rapid.T, f protoreflect.FieldDescriptor, fresh func() protoreflect.Value, depth int) protoreflect.Value {
	if f.Message() == nil {
		return drawScalar(t, f)
	}
	v := fresh()
	if name := f.Message().FullName(); name == "google.protobuf.Timestamp" || name == "google.protobuf.Duration" {
		fields := f.Message().Fields()
		v.Message().Set(fields.ByNumber(1), protoreflect.ValueOfInt64(rapid.Int64Range(0, 9e9).Draw(t, "seconds")))
		v.Message().Set(fields.ByNumber(2), protoreflect.ValueOfInt32(rapid.Int32Range(0, 999_999_999).Draw(t, "nanos")))
		return v
	}
	drawMessage(t, v.Message(), depth-1)
	return v
}

func drawScalar(t *rapid.T, f protoreflect.FieldDescriptor) protoreflect.Value {
	switch f.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(rapid.Bool().Draw(t, "bool"))
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(rapid.Int32Range(0, 2).Draw(t, "enum")))
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32(rapid.Int32().Draw(t, "int32"))
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return protoreflect.ValueOfInt64(rapid.Int64().Draw(t, "int64"))
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32(rapid.Uint32().Draw(t, "uint32"))
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(rapid.Uint64Range(0, math.MaxInt64).Draw(t, "uint64"))
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32(rapid.Float32Range(-1e30, 1e30).Draw(t, "float"))
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(rapid.Float64Range(-1e300, 1e300).Draw(t, "double"))
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(rapid.String().Draw(t, "string"))
	default:
		return protoreflect.ValueOfBytes(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
	}
}

// randomProto draws a file with two messages.
func randomProto(t *rapid.T) string {
	scalars := []string{"bool", "int32", "sint32", "sfixed32", "int64", "sint64", "sfixed64", "uint32", "fixed32", "uint64", "fixed64", "float", "double", "string", "bytes", "E"}
	messages := []string{"A", "B", "google.protobuf.Timestamp", "google.protobuf.Duration", "google.protobuf.StringValue", "google.protobuf.FloatValue"}
	keys := []string{"bool", "int32", "sint64", "fixed64", "uint32", "string"}
	proto2 := rapid.Bool().Draw(t, "proto2")
	var b strings.Builder
	if proto2 {
		b.WriteString("syntax = \"proto2\";\n")
	} else {
		b.WriteString("syntax = \"proto3\";\n")
	}
	b.WriteString("package p;\nimport \"google/protobuf/timestamp.proto\";\nimport \"google/protobuf/duration.proto\";\nimport \"google/protobuf/wrappers.proto\";\nenum E { E0 = 0; E1 = 1; }\n")
	for _, name := range []string{"A", "B"} {
		fmt.Fprintf(&b, "message %s {\n", name)
		numbers := rapid.SliceOfNDistinct(rapid.IntRange(1, 300), 1, 8, rapid.ID).Draw(t, "numbers")
		for i, n := range numbers {
			typ := rapid.SampledFrom(slices.Concat(scalars, messages)).Draw(t, "type")
			label := rapid.SampledFrom([]string{"", "optional", "repeated", "map", "oneof"}).Draw(t, "label")
			if proto2 && label == "" {
				label = "optional"
			}
			switch label {
			case "map":
				fmt.Fprintf(&b, "  map<%s, %s> f%d = %d;\n", rapid.SampledFrom(keys).Draw(t, "key"), typ, i, n)
			case "oneof":
				fmt.Fprintf(&b, "  oneof o%d { %s f%d = %d; %s g%d = %d; }\n", i, typ, i, n, rapid.SampledFrom(slices.Concat(scalars, messages)).Draw(t, "rival"), i, n+1000)
			default:
				fmt.Fprintf(&b, "  %s %s f%d = %d;\n", label, typ, i, n)
			}
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// TestProtobufIsLikeTheLibrary reads what the library writes, of any schema, and has
// it read what is written from that.
func TestProtobufIsLikeTheLibrary(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "protobuf")
	path := protoFile(t, "")
	rapid.Check(t, func(rt *rapid.T) {
		text := readingsProto
		message := protoreflect.FullName("plant.Reading")
		if rapid.IntRange(0, 3).Draw(rt, "known") > 0 {
			text, message = randomProto(rt), "p.A"
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			rt.Fatal(err)
		}
		o := options{"proto_file": path, "message": string(message)}
		d := descriptorOf(rt, text, message)
		m := dynamicpb.NewMessage(d)
		var data []byte
		// Two messages behind one another are merged: what comes later counts.
		for range rapid.IntRange(1, 2).Draw(rt, "pieces") {
			piece := dynamicpb.NewMessage(d)
			drawMessage(rt, piece, 3)
			part, err := proto.MarshalOptions{}.Marshal(piece)
			if err != nil {
				rt.Fatal(err)
			}
			data = append(data, part...)
			data = protowire.AppendVarint(protowire.AppendTag(data, 5000, protowire.VarintType), 1) // not known
		}
		if err := proto.Unmarshal(data, m); err != nil {
			rt.Fatal(err)
		}
		want := protoValue(rt, m).(map[string]any)
		got, failed := decodeOne(t, c, o, field("", of(plugins.Record)), string(data))
		if failed != "" || !sameJSON(rt, got.Text, jsonOf(rt, want)) {
			rt.Fatalf("%s: got %s (%s), want %s", text, got.Text, failed, jsonOf(rt, want))
		}
		decodeEach(rt, c, o, c.Type(plugins.NewConfig(o)), string(data), want)

		b := batchOf(got.Text)
		e := encoder(t, c, o, plugins.Shape{Format: "json"})
		decoder(t, codecNamed(t, "json"), nil, plugins.Type{}, e.Needs()...).Decode(b)
		written := encoded(e, framing(t, c, o), b)
		if len(b.Failures) > 0 {
			rt.Fatalf("%s of %s: %+v", text, got.Text, b.Failures)
		}
		back := dynamicpb.NewMessage(d)
		if err := proto.Unmarshal([]byte(written), back); err != nil {
			rt.Fatalf("%s: the library cannot read %q: %v", text, written, err)
		}
		if want["any"] == nil {
			delete(want, "any") // a column cannot tell a Value that is null from none
		}
		if again := jsonOf(rt, protoValue(rt, back)); !sameJSON(rt, again, jsonOf(rt, want)) {
			rt.Fatalf("%s: wrote %s, the library reads %s", text, got.Text, again)
		}
	})
}

// protoReading is a message of readingsProto, given in the library's text form by
// what changes it.
func protoReading(t testing.TB, change func(m *dynamicpb.Message, f func(string) protoreflect.FieldDescriptor)) string {
	t.Helper()
	m := dynamicpb.NewMessage(descriptorOf(t, readingsProto, "plant.Reading"))
	change(m, func(name string) protoreflect.FieldDescriptor {
		return m.Descriptor().Fields().ByName(protoreflect.Name(name))
	})
	data, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestProtobufFields(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "protobuf")
	o := options{"proto_file": protoFile(t, readingsProto), "message": "plant.Reading"}
	full := protoReading(t, func(m *dynamicpb.Message, f func(string) protoreflect.FieldDescriptor) {
		m.Set(f("device"), protoreflect.ValueOfString("d1"))
		m.Set(f("mode"), protoreflect.ValueOfEnum(7))
		m.Mutable(f("gps")).Message().Set(f("gps").Message().Fields().ByName("lat"), protoreflect.ValueOfFloat32(48.5))
		m.Mutable(f("tags")).Map().Set(protoreflect.ValueOfString("site").MapKey(), protoreflect.ValueOfString("plant-5"))
		m.Set(f("count"), protoreflect.ValueOfUint64(math.MaxUint64))
		m.Mutable(f("limit"))
		m.Mutable(f("took")).Message().Set(f("took").Message().Fields().ByName("seconds"), protoreflect.ValueOfInt64(-90))
	})
	tests := []struct {
		record, path string
		t            plugins.Type
		want, err    string
	}{
		{full, "device", of(plugins.String), `"d1"`, ""},
		{full, "device", of(plugins.Int), "", "field device is a string, not int"},
		{full, "temp", of(plugins.Float), "0", ""},
		{"", "device", of(plugins.String), `""`, ""},
		{"", "mode", of(plugins.String), `"AUTO"`, ""},
		{full, "mode", of(plugins.String), `"7"`, ""},
		{full, "n", of(plugins.Int).OrNull(), "null", ""},
		{full, "n", of(plugins.Int), "", "field n is missing"},
		{full, "gps/lat", of(plugins.Float), "48.5", ""},
		{full, "gps/lon", of(plugins.Float), "0", ""},
		{"", "gps/lon", of(plugins.Float).OrNull(), "null", ""},
		{"", "gps", of(plugins.Record).OrNull(), "null", ""},
		{full, "gps", of(plugins.Record), `{"lat":48.5,"lon":0}`, ""},
		{full, "gps", of(plugins.List), "", "field gps is a record, not list"},
		{full, "tags/site", of(plugins.String), `"plant-5"`, ""},
		{"", "samples", of(plugins.List), `[]`, ""},
		{"", "tags", of(plugins.Map), `{}`, ""},
		{full, "count", of(plugins.Float), "1.8446744073709552e+19", ""},
		{full, "count", of(plugins.Any), "", "field count is out of range"},
		{full + "\x4a\x01a", "count", of(plugins.Int).OrNull(), "null", ""}, // text takes its place
		{full + "\x4a\x01a", "text", of(plugins.String), `"a"`, ""},
		{full, "text", of(plugins.String).OrNull(), "null", ""},
		{"\x5a\x05\x0d\x00\x00\x80\x3f" + "\x4a\x01a", "place/lat", of(plugins.Float).OrNull(), "null", ""},
		{"\x4a\x01a" + "\x5a\x05\x0d\x00\x00\x80\x3f", "place/lat", of(plugins.Float).OrNull(), "1", ""},
		{full, "limit", of(plugins.Int), "0", ""},
		{"", "limit", of(plugins.Int).OrNull(), "null", ""},
		{full, "took", of(plugins.Duration), `"-1m30s"`, ""},
		{"\x10\x01", "temp", of(plugins.Float), "0", ""}, // of another type on the wire: not this field
		{"\x0a\x05a", "device", of(plugins.String), "", "record is cut off"},
		{"\x0a\x01\xff", "device", of(plugins.String), "", "field device is not valid UTF-8"},
		{"\x07", "device", of(plugins.String), "", "record is malformed"},
		{"\x22\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x10", "ts", of(plugins.Time), "", "record is cut off"},
		{"\x22\x06\x08\xff\xff\xff\xff\x7f", "ts", of(plugins.Time), "", "field ts is out of range"},
		{strings.Repeat("a", 5), "device", of(plugins.String), "", "record is cut off"},
		{"\x00\x00\x00\x00\x07" + full, "device", of(plugins.String), "", `record is malformed; it begins as records of a schema registry do, with the id 7: then set registry = "URL" and wire = "confluent"`},
	}
	for _, tt := range tests {
		got, err := decodeOne(t, c, o, field(tt.path, tt.t), tt.record)
		if err != tt.err || err == "" && got.String() != tt.want {
			t.Errorf("%s as %s of %.30q: %s, %q; want %s, %q", tt.path, tt.t, tt.record, got, err, tt.want, tt.err)
		}
	}
}

func TestProtobufType(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "protobuf")
	got := c.Type(plugins.NewConfig(options{"proto_file": protoFile(t, readingsProto), "message": "plant.Reading"})).String()
	gps := "record({lat = float, lon = float, of = any})"
	want := "record({device = string, temp = float, n = optional(int), ts = optional(time), mode = string, gps = optional(" + gps + "), " +
		"tags = map(string), samples = list(int), text = optional(string), count = optional(int), place = optional(" + gps + "), " +
		"took = optional(duration), limit = optional(int), more = optional(map(any)), any = any, track = list(" + gps + "), " +
		"stops = map(" + gps + "), raw = bytes, modes = list(string), list = optional(list(any))})"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	proto2 := `syntax = "proto2"; message M { required int32 a = 1; optional int32 b = 2; optional int32 c = 3 [default = 5]; optional group G = 4 { optional int32 x = 1; } }`
	o := options{"proto_file": protoFile(t, proto2)}
	if got, want := c.Type(plugins.NewConfig(o)).String(), "record({a = int, b = optional(int), c = int, g = optional(record({x = optional(int)}))})"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for path, want := range map[string]string{"c": "5", "g/x": "3", "b": "null"} {
		if got, err := decodeOne(t, c, o, field(path, of(plugins.Int).OrNull()), "\x23\x08\x03\x24"); err != "" || got.String() != want {
			t.Errorf("%s: %s, %q; want %s", path, got, err, want)
		}
	}
	if _, err := decodeOne(t, c, o, field("a", of(plugins.Int)), ""); err != "field a is missing" {
		t.Error(err)
	}
}

// TestProtobufDescriptorFile takes the schema from what protoc writes.
func TestProtobufDescriptorFile(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "protobuf")
	d := descriptorOf(t, readingsProto, "plant.Reading")
	set, err := proto.Marshal(&descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{protodesc.ToFileDescriptorProto(d.ParentFile())}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "readings.binpb")
	if err := os.WriteFile(path, set, 0o600); err != nil {
		t.Fatal(err)
	}
	o := options{"descriptor_file": path, "message": "plant.Reading"}
	if got, err := decodeOne(t, c, o, field("device", of(plugins.String)), "\x0a\x02d1"); err != "" || got.Text != "d1" {
		t.Errorf("%v, %s", got, err)
	}
}

// TestProtobufDelimited writes records behind their lengths, and cuts them.
func TestProtobufDelimited(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "protobuf")
	o := options{"proto_file": protoFile(t, `syntax = "proto3"; message M { string s = 1; }`), "wire": "delimited"}
	fields := []plugins.Field{field("s", of(plugins.String))}
	long := strings.Repeat("x", 300)
	b := new(plugins.Pool).Batch()
	b.SelectAll(3)
	withColumns(b, fields, []plugins.Value{text("a")}, []plugins.Value{text("")}, []plugins.Value{text(long)})
	stream := encoded(encoder(t, c, o, plugins.Columns(fields...)), framing(t, c, o), b)
	if !strings.HasPrefix(stream, "\x03\x0a\x01a\x00\xaf\x02\x0a\xac\x02x") {
		t.Errorf("wrote %q", stream)
	}
	for _, pieces := range [][]int{nil, {1, 1, 1, 1, 1, 1, 100}} {
		records, err := cut(t, framing(t, c, o).Splitter(), []byte(stream), pieces)
		if err != nil || len(records) != 3 {
			t.Fatalf("%q, %v", records, err)
		}
		for i, want := range []string{"a", "", long} {
			if got, err := decodeOne(t, c, o, field("s", of(plugins.String)), records[i]); err != "" || got.Text != want {
				t.Errorf("%v, %s", got, err)
			}
		}
	}
	if _, err := decodeOne(t, c, o, fields[0], "\x0a\x01a"); !strings.HasPrefix(err, "record does not begin with its length") {
		t.Error(err)
	}
	if _, err := cut(t, framing(t, c, o).Splitter(), []byte("\xff\xff\xff\xff\xff\x01"), nil); message(err) != "record has an item longer than 256 MiB" {
		t.Error(err)
	}
}

// TestProtobufDepth reads what is nested too deeply.
func TestProtobufDepth(t *testing.T) {
	t.Parallel()
	c := codecNamed(t, "protobuf")
	o := options{"proto_file": protoFile(t, `syntax = "proto3"; message M { M m = 1; }`)}
	record := []byte{}
	for range 2000 {
		record = append(protowire.AppendVarint([]byte{0x0a}, uint64(len(record))), record...)
	}
	if _, err := decodeOne(t, c, o, field("", of(plugins.Record)), string(record)); err != "record is nested deeper than 1000 levels" {
		t.Error(err)
	}
}
