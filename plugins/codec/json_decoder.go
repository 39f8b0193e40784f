package codec

import (
	"errors"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

var errNotObject = errors.New("is not a JSON object")

// jsonDecoder reads fields out of JSON objects.
type jsonDecoder struct {
	fields
	strict bool
	guess  guesses
}

var _ plugins.Decoder = (*jsonDecoder)(nil)

func newJSONDecoder(c plugins.DecoderConfig) (plugins.Decoder, error) {
	return &jsonDecoder{fields: newFields(c.Fields), strict: c.Options.Bool("strict")}, nil
}

// Decode implements [plugins.Decoder].
func (d *jsonDecoder) Decode(b *plugins.Batch) {
	d.begin(b)
	for _, i := range b.Sel {
		p, end := trim(b.Data, b.Values[i])
		if err := d.read(&b.Data, p, end, i); err != nil {
			fail(b, i, codeDecode, jsontext.Rebase(err, p))
		}
	}
	d.end(b)
}

// trim returns where the record without white space around it is.
func trim(data []byte, s plugins.Span) (p, end int) {
	p, end = int(s.Off), int(s.Off)+int(s.Len)
	if p < end && data[p] == '{' && data[end-1] == '}' {
		return p, end
	}
	p = jsontext.Space(data[:end], p)
	return p, p + len(jsontext.Trim(data[p:end]))
}

// read reads the fields of the record at data[p:end].
func (d *jsonDecoder) read(data *[]byte, p, end int, row uint32) error {
	if end-p < 2 || (*data)[p] != '{' || (*data)[end-1] != '}' {
		return errNotObject
	}
	if d.strict {
		if err := jsontext.Valid((*data)[p:end]); err != nil {
			return jsontext.Rebase(err, -p)
		}
	}
	for _, s := range d.whole {
		next, err := s.Read(data, p, end, row)
		if err == nil && next != end {
			err = &jsontext.SyntaxError{At: next}
		}
		if err != nil {
			return err
		}
	}
	if len(d.leaves) == 0 || d.guess.match(data, p, end, row) {
		return nil
	}
	learn := d.guess.next()
	err := d.scan(data, p, end, row, learn)
	if learn != nil {
		d.guess.learned(err == nil)
	}
	return err
}
