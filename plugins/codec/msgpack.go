package codec

import "github.com/onstream/onstream/plugins"

// MessagePack returns the codec of concatenated MessagePack maps.
func MessagePack() plugins.Codec {
	return plugins.Codec{
		Name:   "msgpack",
		Doc:    msgpackDoc,
		Schema: plugins.Schema{Doc: "MessagePack maps, one behind the other.", Example: msgpackExample},
		Framing: func(plugins.Config) (plugins.Framing, error) {
			return plugins.Framing{Splitter: func() plugins.Splitter { return items{msgpack{}} }}, nil
		},
		Decoder: func(c plugins.DecoderConfig) (plugins.Decoder, error) {
			return &binaryDecoder{fields: newFields(c.Fields), format: msgpack{}}, nil
		},
		Encoder: func(c plugins.EncoderConfig) (plugins.Encoder, error) {
			return newBinaryEncoder(c, "msgpack", msgpack{}), nil
		},
	}
}

const msgpackDoc = `Maps, one behind the other. ` + binaryDoc + `

Times are the timestamp extension; other extensions fail the record when read.`

const msgpackExample = `source "file" "readings" {
  path   = "readings.msgpack"
  format = "msgpack"
}`
