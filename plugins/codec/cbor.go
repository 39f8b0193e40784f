package codec

import "github.com/onstream/onstream/plugins"

// CBOR returns the codec of CBOR sequences (RFC 8949, RFC 8742).
func CBOR() plugins.Codec {
	return plugins.Codec{
		Name:   "cbor",
		Doc:    cborDoc,
		Schema: plugins.Schema{Doc: "CBOR maps, one behind the other (RFC 8742).", Example: cborExample},
		Framing: func(plugins.Config) (plugins.Framing, error) {
			return plugins.Framing{Splitter: func() plugins.Splitter { return items{cbor{}} }}, nil
		},
		Decoder: func(c plugins.DecoderConfig) (plugins.Decoder, error) {
			return &binaryDecoder{fields: newFields(c.Fields), format: cbor{}}, nil
		},
		Encoder: func(c plugins.EncoderConfig) (plugins.Encoder, error) {
			return newBinaryEncoder(c, "cbor", cbor{}), nil
		},
	}
}

const cborDoc = `A sequence of maps. ` + binaryDoc + `

Times are tag 0 or 1; written is tag 0. Other tags do not count, but for big numbers, which are out of range. undefined
is null.`

// binaryDoc is what CBOR and MessagePack have in common.
const binaryDoc = `Keys are text; integers are taken as their decimal text, and other keys fail the record. Of duplicate
keys the first wins. Items nested deeper than 1,000 or longer than 256 MiB end the stream with an error, as malformed
ones do, because what follows them has no beginning.

Integers are exact; beyond 64 bits signed they are out of range as int or any and the nearest number as float. NaN and
infinities fail the record when read. Text must be UTF-8. A list or map inside a record is held as JSON text: bytes in
it become base64, times RFC 3339.`

const cborExample = `source "file" "readings" {
  path   = "readings.cbor"
  format = "cbor"
}`
