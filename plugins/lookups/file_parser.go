package lookups

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/codec"
	"github.com/onstream/onstream/plugins/jsontext"
)

// parsedAtOnce is how many records are decoded at a time: what decoding needs
// beside the file stays small.
const parsedAtOnce = 1024

// fileParser makes a table of the bytes of a file.
type fileParser struct {
	id       string
	splitter plugins.Splitter
	header   bool // the first record names the fields
	decoder  plugins.Decoder
}

// again tells of ids that are there more than once.
type again struct {
	n     int
	first string
}

// lineError is what is wrong with a line of a file.
type lineError struct {
	line int
	msg  string
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.msg) }

func newFileParser(c plugins.Config) (*fileParser, error) {
	format, err := fileFormat(c)
	if err != nil {
		return nil, err
	}
	t, err := declaredType(c)
	if err != nil {
		return nil, err
	}
	form, options := codec.JSON(), plugins.NewConfig(map[string]any{"strict": true})
	if format == "csv" {
		form, options = codec.CSV(), plugins.NewConfig(map[string]any{"delimiter": c.String("delimiter")})
	}
	framing, err := form.Framing(options)
	if err != nil {
		return nil, err
	}
	p := &fileParser{id: c.String("id"), splitter: framing.Splitter(), header: framing.Preamble}
	fields := []plugins.Field{{Type: plugins.Of(plugins.Record)}, {Name: plugins.JoinPath(p.id)}}
	for _, f := range t.Fields {
		if f.Name != p.id {
			fields = append(fields, plugins.Field{Name: plugins.JoinPath(f.Name), Type: f.Type})
		}
	}
	p.decoder, err = form.Decoder(plugins.DecoderConfig{Fields: fields, Schema: t, Options: options})
	return p, err
}

// parse reads a whole file. Errors name the line.
func (p *fileParser) parse(data []byte) (*table, again, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	spans, err := p.split(data)
	if err != nil {
		return nil, again{}, err
	}
	t := &table{records: make(map[string]plugins.Span, len(spans))}
	var pool plugins.Pool
	b := pool.Batch()
	defer b.Release()
	if p.header {
		if len(spans) == 0 {
			return nil, again{}, &lineError{1, "there is no header row, which names the fields"}
		}
		b.Preamble, spans = spans[0].Of(data), spans[1:]
	}
	var twice again
	for len(spans) > 0 {
		n := min(len(spans), parsedAtOnce)
		if row, err := p.records(b, data, spans[:n], t, &twice); err != nil {
			line := 1 + bytes.Count(data[:spans[row].Off], []byte{'\n'})
			return nil, again{}, &lineError{line, err.Error()}
		}
		spans = spans[n:]
	}
	return t, twice, nil
}

// split returns where the records are.
func (p *fileParser) split(data []byte) ([]plugins.Span, error) {
	if at := jsontext.Space(data, 0); !p.header && at < len(data) && data[at] == '[' {
		return elements(data, at)
	}
	spans, _, err := p.splitter.Split(data, 0, true, nil)
	if err != nil {
		return nil, fmt.Errorf("it cannot be cut into records: %w", err)
	}
	return spans, nil
}

// elements returns where the elements of the JSON array at p are.
func elements(data []byte, p int) (spans []plugins.Span, err error) {
	at := func(p int, msg string) error {
		return &lineError{1 + bytes.Count(data[:min(p, len(data))], []byte{'\n'}), msg}
	}
	for p = jsontext.Space(data, p+1); p < len(data) && data[p] != ']'; {
		end, err := jsontext.Skip(data, p)
		if err != nil {
			return nil, at(p, "the element that begins there "+err.Error())
		}
		spans = append(spans, plugins.Span{Off: uint32(p), Len: uint32(end - p)})
		p = jsontext.Space(data, end)
		switch {
		case p < len(data) && data[p] == ',':
			p = jsontext.Space(data, p+1)
		case p == len(data) || data[p] != ']':
			return nil, at(p, "an element of the array is followed by neither a comma nor the end")
		}
	}
	if p == len(data) {
		return nil, at(p, "the array is not closed")
	}
	if p = jsontext.Space(data, p+1); p < len(data) {
		return nil, at(p, "there is something behind the array")
	}
	return spans, nil
}

// records puts records into a table. Of an error it returns the record.
func (p *fileParser) records(b *plugins.Batch, data []byte, spans []plugins.Span, t *table, twice *again) (int, error) {
	m := b.Mark()
	defer b.Rewind(m)
	b.Data, b.Values = b.Data[:0], b.Values[:0]
	for _, s := range spans {
		b.Values = append(b.Values, plugins.Span{Off: uint32(len(b.Data)), Len: s.Len})
		b.Data = append(b.Data, s.Of(data)...)
	}
	b.SelectAll(len(spans))
	p.decoder.Decode(b)
	if len(b.Failures) > 0 {
		f := b.Failures[0]
		b.TakeFailures(func(plugins.Failure) {})
		return int(f.Row), errors.New(f.Msg)
	}
	whole, ids := b.Column(""), b.Column(plugins.JoinPath(p.id))
	for _, i := range b.Sel {
		id := ids.Value(i)
		if id.Kind == plugins.Null {
			return int(i), fmt.Errorf("the record has no %s, by which it is looked up", p.id)
		}
		text := whole.Bytes(i)
		if uint64(len(t.data))+uint64(len(text)) > math.MaxUint32 {
			return int(i), errors.New("the records need more than 4 GiB as JSON: take out columns that are not needed")
		}
		name := strings.Clone(idText(id))
		if _, known := t.records[name]; known {
			if twice.n++; twice.n == 1 {
				twice.first = name
			}
		}
		t.records[name] = plugins.Span{Off: uint32(len(t.data)), Len: uint32(len(text))}
		t.data = append(t.data, text...)
	}
	return 0, nil
}
