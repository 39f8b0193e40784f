package codec_test

import (
	"encoding/json"
	"testing"

	"github.com/onstream/onstream/plugins"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// fuzzAvro has what a schema can have, twice in itself.
const fuzzAvro = `{"type":"record","name":"R","fields":[
	{"name":"x","type":["null","long","string",{"type":"enum","name":"E","symbols":["A","B"]}]},
	{"name":"list","type":{"type":"array","items":["null","R"]}},
	{"name":"map","type":{"type":"map","values":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}}},
	{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},
	{"name":"f","type":{"type":"fixed","name":"F","size":2}},
	{"name":"d","type":"double"},
	{"name":"none","type":{"type":"array","items":"null"}},
	{"name":"r","type":["null","R"]}]}`

func FuzzAvroDecode(f *testing.F) {
	f.Add([]byte("\x02\x05\x02\x00\x00\x00\x02\x02a\x02\x01\x00\x02ab12345678\x00\x00"))
	f.Add([]byte("\x04\x02a\x03\x10\x00\x00\x00\x00ab12345678\x04\x00\x00"))
	f.Add([]byte("\x06\x02\x00\x00\x00ab12345678\x00\x02\x00\x00\x00\x00ab12345678\x00\x00"))
	c := codecNamed(f, "avro")
	o := options{"schema": fuzzAvro}
	each := []plugins.Field{
		field("x", of(plugins.Any)), field("list", of(plugins.List)), field("map/a", of(plugins.Any)), field("map", of(plugins.Any)), field("at", of(plugins.Time)),
		field("r/x", of(plugins.Any)), field("r/r/d", of(plugins.Any)), field("f", of(plugins.Bytes)), field("none", of(plugins.List)),
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		whole, parts := batchOf(string(data)), batchOf(string(data))
		decoder(t, c, o, plugins.Type{}, field("", of(plugins.Record))).Decode(whole)
		decoder(t, c, o, plugins.Type{}, each...).Decode(parts)
		if len(whole.Sel)+len(whole.Failures) != 1 || len(parts.Sel)+len(parts.Failures) != 1 {
			t.Fatalf("%v %v", whole.Failures, parts.Failures)
		}
		if len(whole.Sel) == 1 {
			record := whole.Column("").Bytes(0)
			if !json.Valid(record) {
				t.Fatalf("%q became %s", data, record)
			}
			if len(parts.Failures) > 0 {
				t.Fatalf("%s can be read as a whole, not in parts: %v", record, parts.Failures)
			}
		}
		if _, _, err := framing(t, c, o).Splitter().Split(data, 0, true, nil); err != nil && len(whole.Sel) == 1 {
			t.Fatalf("a record cannot be cut: %v", err)
		}
	})
}

func FuzzProtobufDecode(f *testing.F) {
	f.Add([]byte("\x0a\x02d1\x10\x01\x32\x05\x0d\x00\x00\x80\x3f\x3a\x06\x0a\x01a\x12\x01b\x42\x02\x01\x02\x40\x03"))
	f.Add([]byte("\x4a\x01a\x50\x05\x5a\x05\x0d\x00\x00\x80\x3f\x22\x02\x08\x01\x22\x02\x10\x01"))
	f.Add([]byte("\x72\x0a\x0a\x08\x0a\x01a\x12\x03\x1a\x01b\x7a\x02\x20\x01\xca\x0c\x06\x08\x01\x12\x02\x0a\x00"))
	c := codecNamed(f, "protobuf")
	o := options{"proto_file": protoFile(f, readingsProto), "message": "plant.Reading"}
	d := descriptorOf(f, readingsProto, "plant.Reading")
	each := []plugins.Field{field("", of(plugins.Record))}
	for i := range d.Fields().Len() {
		each = append(each, field(string(d.Fields().Get(i).Name()), of(plugins.Any)))
	}
	each = append(each, field("gps/lat", of(plugins.Any)), field("place/of/gps/lat", of(plugins.Any)), field("tags/a", of(plugins.Any)), field("more/a", of(plugins.Any)))
	f.Fuzz(func(t *testing.T, data []byte) {
		b := batchOf(string(data))
		decoder(t, c, o, plugins.Type{}, each...).Decode(b)
		if len(b.Sel)+len(b.Failures) != 1 {
			t.Fatal(b.Failures)
		}
		m := dynamicpb.NewMessage(d)
		if !libraryReads(data, m) || len(b.Sel) == 0 {
			return
		}
		record := b.Column("").Bytes(0)
		if want := protoValue(t, protoreflect.Message(m)); !sameJSON(t, string(record), jsonOf(t, want)) {
			t.Fatalf("%q: got %s, want %s", data, record, jsonOf(t, want))
		}
	})
}

// libraryReads reports whether the library can read a message: it panics at
// some keys of maps that are of another type on the wire.
func libraryReads(data []byte, m proto.Message) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return proto.Unmarshal(data, m) == nil
}
