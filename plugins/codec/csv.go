package codec

import (
	"fmt"
	"strings"

	"github.com/onstream/onstream/plugins"
)

// CSV returns the codec of comma-separated values.
func CSV() plugins.Codec {
	return plugins.Codec{
		Name: "csv",
		Doc:  csvDoc,
		Schema: plugins.Schema{
			Doc:     "Comma-separated values (RFC 4180), one record a row.",
			Example: csvExample,
			Attrs: []plugins.Attr{
				{Name: "delimiter", Type: plugins.AttrString, Default: ",", Doc: `One character between cells; "\t" for tabs.`},
				{Name: "header", Type: plugins.AttrBool, Default: true, Doc: "The first row names the columns."},
				{Name: "columns", Type: plugins.AttrStrings, Doc: "Names of the columns, in place of the header's; of a sink, the fields to write, in order."},
				{Name: "comment", Type: plugins.AttrString, Doc: "One character; rows that start with it are skipped."},
				{Name: "null", Type: plugins.AttrString, Default: "", Doc: "The text of a cell without value."},
			},
		},
		Type: csvType,
		Framing: func(c plugins.Config) (plugins.Framing, error) {
			o, err := csvOptionsOf(c)
			return plugins.Framing{
				Splitter:   func() plugins.Splitter { return csvRows{o.delimiter, o.comment} },
				Preamble:   o.header,
				Terminator: newline,
			}, err
		},
		Decoder: newCSVDecoder,
		Encoder: newCSVEncoder,
	}
}

const csvDoc = `Rows of cells as in RFC 4180: a cell that starts with a quote ends with the next quote that is not doubled, and
may hold delimiters and line breaks. A quote inside a cell that does not start with one is an ordinary character. Text
behind a closing quote fails the record. Empty lines are skipped; a byte order mark in front of the header too.

The header names the fields, or columns does. A row with more or fewer cells than names fails; of columns of one name
the first wins. A field of the schema that is optional may be missing from the header.

Cells have the type that the schema says, strings without one. In cells that are not strings, white space around the
value does not count. A bool is true, false, 1, 0 or any other form that Go accepts; times are as their type says,
durations "1m30s", bytes base64, and lists, maps and records JSON text. NaN and Infinity are no floats.

A cell without quotes whose text is that of null (empty, unless set) is null. Where the schema says string, not
optional(string), it is that text; where it says a type that cannot be null, the record fails. A quoted cell of a
string is never null.

Written are the fields of the schema or of the map before, or those that columns lists, with quotes where needed.`

const csvExample = `source "file" "machine" {
  path   = "machine.csv"
  format = "csv"
  schema = schema.machine
  csv { delimiter = ";" }
}`

type csvOptions struct {
	delimiter, comment byte // comment is 0 for none
	header             bool
	columns            []string
	null               string
}

func csvOptionsOf(c plugins.Config) (o csvOptions, err error) {
	o.header = !c.Has("header") || c.Bool("header")
	o.columns = c.Strings("columns")
	o.null = c.String("null")
	if o.delimiter, err = oneByte(c, "delimiter", ','); err != nil {
		return o, err
	}
	if o.comment, err = oneByte(c, "comment", 0); err != nil {
		return o, err
	}
	if o.comment == o.delimiter {
		return o, plugins.ConfigErrorf("comment", "comment and delimiter are the same character")
	}
	if strings.ContainsAny(o.null, "\"\r\n"+string(rune(o.delimiter))) {
		return o, plugins.ConfigErrorf("null", "null must not have quotes, line breaks or delimiters in it")
	}
	return o, nil
}

// oneByte returns an attribute that is one character.
func oneByte(c plugins.Config, name string, absent byte) (byte, error) {
	s := c.String(name)
	switch {
	case s == "":
		return absent, nil
	case len(s) > 1 || s[0] >= 0x80 || strings.Contains("\"\r\n", s):
		return 0, plugins.ConfigErrorf(name, "%s must be one ASCII character, neither quote nor line break", name)
	}
	return s[0], nil
}

// csvType is the type of records where no schema is declared.
func csvType(c plugins.Config) plugins.Type {
	names := c.Strings("columns")
	if names == nil {
		return plugins.Type{}
	}
	t := plugins.Of(plugins.Record)
	for _, name := range names {
		t.Fields = append(t.Fields, plugins.Field{Name: name, Type: plugins.Of(plugins.String).OrNull()})
	}
	return t
}

// cellError says that a cell is not of its type.
type cellError struct {
	text string
	want plugins.Kind
}

func (e *cellError) Error() string {
	text := e.text
	if len(text) > 40 {
		text = text[:40] + "..."
	}
	return fmt.Sprintf("is %q, not %s", text, e.want)
}
