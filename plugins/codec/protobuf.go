package codec

import "github.com/onstream/onstream/plugins"

// Protobuf returns the codec of Protocol Buffers.
func Protobuf() plugins.Codec {
	f := &protoFormat{registries[*protoFiles]{parse: parseProto}}
	return plugins.Codec{
		Name: "protobuf",
		Doc:  protobufDoc,
		Schema: plugins.Schema{
			Doc:     "Messages of Protocol Buffers, whose schema is in a file or in a schema registry.",
			Example: protobufExample,
			Attrs: append([]plugins.Attr{
				{Name: "proto_file", Type: plugins.AttrString, Doc: "The .proto file with the message. It is read when the pipeline starts; a reload reads it again for stages that changed."},
				{Name: "import_paths", Type: plugins.AttrStrings, Doc: "Folders in which the files are that it imports; the one that it is in, unless given."},
				{Name: "descriptor_file", Type: plugins.AttrString, Doc: "In place of a .proto file, what `protoc --include_imports --descriptor_set_out=FILE` has written."},
				{Name: "message", Type: plugins.AttrString, Doc: "The full name of the message, such as plant.Reading, where the file has several."},
				{Name: "wire", Type: plugins.AttrString, Enum: []string{wireNone, wireConfluent, wireDelimited}, Doc: `What stands in front of a message: nothing, the id of its schema in a registry and where the message is in that, or its length. "confluent" where there is a registry, else "none".`},
			}, registryAttrs()...),
		},
		Type:    f.typeOf,
		Framing: f.framing,
		Decoder: f.decoder,
		Encoder: f.encoder,
	}
}

const protobufDoc = `A record is a message; proto2, proto3 and editions are read. With proto_file or descriptor_file the fields are known
before anything runs, and no other schema has to be declared. With a registry alone each record names its schema, and
nothing is known of the fields in advance; with both, the file says what is read, and the registry is not asked:
fields have numbers. Fields have the names that they have in the .proto file.

| Protocol Buffers | here |
|---|---|
| bool, float, double, string, bytes | bool, float, float, string, bytes |
| integers | int; a uint64 beyond 2^63-1 is out of range as int or any, and the nearest number as float |
| enum | string, the name; of a number without one its digits |
| message, group | optional(record) |
| repeated | list; empty where there are none |
| map | map; keys as text |
| Timestamp, Duration of google.protobuf | optional(time), optional(duration) |
| wrappers such as google.protobuf.Int64Value | optional() of the type inside |
| Struct, ListValue, Value of google.protobuf | map, list, any |

An absent field is its default, as in every other program: 0, "", the first symbol. It is null where that can be told from
absent: in a oneof, of a field that is optional, of a message. A field inside an absent message is null. Of a oneof the
last one in the record counts. A message that is in itself is any. Fields that the schema does not have are passed over.
NaN and infinities fail the record when read. Inside lists, maps and records, times are RFC 3339 and bytes base64.

With wire = "confluent" a record that names no schema fails, and says so. While a registry cannot be reached, records wait, and
hold the source up; after wait, they fail with code schema_unavailable. A schema that the registry does not have is
the code schema_unknown. Schemas are asked for once, and kept.

Written are the fields of the message, in the order of the file; null is absent. Where the records are known to have a
field that the message has not, or of another type, that is an error before anything runs; fields of records of which nothing
is known are left out. An integer may be written as a float, a time or duration as string, and a time("ms") as int64. In front
of the message goes the id that the registry has for the .proto file under subject; without one it is TOPIC-value, where a
sink writes to one topic of a bus.

A message does not tell where it ends. In a file or a stream write wire = "delimited": then each stands behind its length,
as writeDelimitedTo and parseDelimitedFrom of the libraries have it. Otherwise a message of a bus, or the body of a request, is one, and
files are refused.`

const protobufExample = `source "file" "readings" {
  path   = "readings.bin"
  format = "protobuf"
  protobuf {
    proto_file = "${path.pipeline}/readings.proto"
    message    = "plant.Reading"
    wire       = "delimited"
  }
}`
