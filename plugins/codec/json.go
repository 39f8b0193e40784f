package codec

import (
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

var newline = []byte{'\n'}

// JSON returns the codec of JSON objects, one a line.
func JSON() plugins.Codec {
	return plugins.Codec{
		Name: "json",
		Doc:  jsonDoc,
		Schema: plugins.Schema{
			Doc:     "One JSON object a line (NDJSON).",
			Example: jsonExample,
			Attrs: []plugins.Attr{{
				Name: "strict", Type: plugins.AttrBool, Default: false,
				Doc: "Check the whole text of each record that is decoded, not only what is read of it.",
			}},
		},
		Framing: func(plugins.Config) (plugins.Framing, error) {
			return plugins.Framing{
				Splitter:   func() plugins.Splitter { return lines{} },
				Terminator: newline,
				Line:       appendJSONLine,
			}, nil
		},
		Decoder: newJSONDecoder,
		Encoder: newJSONEncoder,
	}
}

// appendJSONLine is [plugins.Framing.Line] of JSON: without white space, what is not one value
// could become another one.
func appendJSONLine(dst, record []byte) []byte {
	if jsontext.Valid(record) != nil {
		return append(dst, record...)
	}
	return jsontext.Compact(dst, record)
}

const jsonDoc = `One object a line; blank lines are skipped, and \r\n ends a line as \n does.

A record is checked as far as somebody reads it: that it is one object which ends where the line does always, each value
that is read completely, and what is passed over only far enough to find its end. strict = true checks the whole text of
whatever is decoded. A record of which nothing is read is not looked at; only the http source checks each one wholly.

| in the payload | answer |
|---|---|
| invalid UTF-8 or an unpaired surrogate in a value that is read | the record fails |
| a key twice | the first wins |
| two objects on a line, or anything else behind the object | the record fails |
| nesting deeper than 1,000 | the record fails |
| 1e400 | out of range, the record fails |
| an integer beyond 64 bits | out of range as int or any; the nearest number as float |
| 2^53+1 | exact as int or any; the nearest number as float |
| 3 where the schema says float | 3.0 |
| 1.0 or 1e3 where the schema says int | the record fails |
| NaN, Infinity, comments, trailing commas | malformed, the record fails |
| null or no such field | null if the schema says optional() or there is no schema, else the record fails |

A time is a string in RFC 3339, or what its type says: time("ms") is an integer. A duration is a string such as
"1m30s", bytes are a string in base64. Floats are written with the fewest digits that read back as the same number.

A message of a bus may be an object on several lines: it goes to another bus as it is, and on one line to what takes an
object a line. One that is not valid, such as with a line end inside of a string, or with several objects, fails there.

A record that a stage has added fields to keeps the text of all its other fields as it was.`

const jsonExample = `source "file" "readings" {
  path   = "readings.ndjson"
  format = "json"
  json { strict = true }
}`
