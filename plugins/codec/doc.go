// Package codec holds the built-in formats: json, csv, raw, cbor, msgpack, avro
// and protobuf, each a [plugins.Codec]. [Register] is the list of them.
//
// # What a codec does
//
// A [plugins.Splitter] cuts a stream into records; a [plugins.Decoder] makes
// columns of the fields that somebody reads, and only of those; a
// [plugins.Encoder] writes records from columns, and where a record was made
// from a payload of the same format, from what is left of that, byte for byte.
//
// Fields and whole records are values of the language's kinds. What a list, map
// or record holds is kept as JSON text in every format, so bytes that are inside
// one are text in base64, times RFC 3339.
//
// # JSON
//
// Records of one source tend to have one layout. The JSON decoder remembers the
// text between the values of the last records; where a record has the very same
// texts, its keys need no look-up, and behind the last wanted field it only looks
// whether the object ends where the record does. Any other record is scanned in one pass. Both give the
// same answers for every input: a fuzz test compares them.
//
// # Schemas
//
// Avro and Protocol Buffers need a schema to be read. It is compiled into a tree
// of our own, and what is wanted of it into a plan: which fields to read, and
// how to pass over the others. A schema in a file is read when the pipeline is
// built; one in a schema registry when the first record names it, and then it is
// kept by all stages that use that registry.
//
// # Failures
//
// A record that is not of its format, or a field that is not of its type, fails
// with code "decode"; what cannot be written fails with "encode". A record whose
// schema the registry does not have fails with "schema_unknown", and with
// "schema_unavailable" where the registry does not answer. A message
// names the field and what is wrong with it: "field temp_c is a string, not
// float".
//
// # Long records
//
// A splitter keeps nothing between calls, so that it starts a record again which
// was not complete. A source that gets no record should at least double what it
// reads before it asks again; then the work stays in proportion to the input.
package codec
