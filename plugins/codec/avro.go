package codec

import "github.com/onstream/onstream/plugins"

// Avro returns the codec of Avro records.
func Avro() plugins.Codec {
	f := &avroFormat{registries[*avroType]{parse: parseAvro}}
	return plugins.Codec{
		Name: "avro",
		Doc:  avroDoc,
		Schema: plugins.Schema{
			Doc:     "Avro records, whose schema is in a file, in the pipeline or in a schema registry.",
			Example: avroExample,
			Attrs: append([]plugins.Attr{
				{Name: "schema_file", Type: plugins.AttrString, Doc: "The file with the schema (.avsc). It is read when the pipeline starts; a reload reads it again for stages that changed."},
				{Name: "schema", Type: plugins.AttrString, Doc: "The schema itself."},
				{Name: "wire", Type: plugins.AttrString, Enum: []string{wireNone, wireConfluent}, Doc: `What stands in front of a record: nothing, or the id of its schema in a registry (a zero byte and the id in four). "confluent" where there is a registry, else "none".`},
			}, registryAttrs()...),
		},
		Type:    f.typeOf,
		Framing: f.framing,
		Decoder: f.decoder,
		Encoder: f.encoder,
	}
}

const avroDoc = `A record has nothing in it but values, one behind the other: only the schema tells what they are. With schema_file or
schema the fields are known before anything runs, and no other schema has to be declared. With a registry each record
names the schema that it was written with; schema_file then says what is read of it: fields are found by name or alias,
and those that a record does not have get the default. So does a symbol that its enum lacks; without a default it stays
what was written. Without schema_file nothing is known of the fields in advance.

A schema may have 4 MiB of text with all that it refers to, 50,000 types, fields, symbols, aliases and branches, 200 types
in one another, names of 1,000 bytes and defaults of 1 MiB.

| Avro | here |
|---|---|
| boolean, int, long, float, double, string, bytes | bool, int, int, float, float, string, bytes |
| fixed; enum | bytes; string, the symbol |
| array, map, record | list, map, record |
| null and another type in a union | optional() of that |
| union of several types | their type if they have one in common, float where some are int; else any |
| date, timestamp-millis, -micros, -nanos, also local | time, in UTC; the start of the day |
| time-millis, time-micros | duration since midnight |
| decimal | float, the nearest; a declared schema that says string gets each digit |
| uuid | string |
| duration, other logical types | what they are without |

A record in itself is any. NaN and infinities fail the record when read, and so do times before 1678 and after 2262.
Inside lists, maps and records, times are RFC 3339 and bytes base64.

A record has to end where its schema says: whatever was written with another schema fails. Without wire = "confluent"
a record that names a schema fails, and says so; with it one that does not. While a registry cannot be reached, records
wait, and hold the source up; after wait, they fail with code schema_unavailable. A schema that the registry does not have
is the code schema_unknown. Schemas are asked for once, and kept.

Written are the fields of the schema, in its order; what a record lacks is null or the default. Where the records are known
to have a field that the schema has not, or of another type, that is an error before anything runs; fields of records
of which nothing is known are left out. An integer may be written as a float, a time or duration as string, and a time("ms") as
long. A float is rounded to the places of a decimal, a string must fit exactly. Of a union the branch is taken that
fits best. In front of the record goes the id that the registry has for the schema under subject; without one it is
TOPIC-value, where a sink writes to one topic of a bus.

In a file or a stream records stand one behind the other. With ids in front nothing tells where they end: then a message of a
bus, or the body of a request, is one record, and files are refused. Avro container files are not read.`

const avroExample = `source "file" "readings" {
  path   = "readings.bin"
  format = "avro"
  avro {
    schema = <<-EOT
      {"type": "record", "name": "Reading", "fields": [
        {"name": "device", "type": "string"},
        {"name": "temp", "type": ["null", "double"]},
        {"name": "ts", "type": {"type": "long", "logicalType": "timestamp-millis"}}
      ]}
    EOT
  }
}`
