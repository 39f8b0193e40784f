package codec

import (
	"bytes"
	"errors"

	"github.com/onstream/onstream/plugins"
)

// csvRows cuts a stream into rows: at line feeds that are not in quotes.
type csvRows struct{ delimiter, comment byte }

var _ plugins.Splitter = csvRows{}

// Split implements [plugins.Splitter].
func (r csvRows) Split(data []byte, from int, atEnd bool, spans []plugins.Span) ([]plugins.Span, int, error) {
	for from < len(data) {
		end := len(data)
		if n := bytes.IndexByte(data[from:], '\n'); n >= 0 {
			end = from + n
		}
		isComment := r.comment != 0 && data[from] == r.comment
		if !isComment && bytes.IndexByte(data[from:end], '"') >= 0 {
			end = r.rowEnd(data, from)
		}
		if end == len(data) && !atEnd {
			return spans, from, nil
		}
		n := end - from
		if n > 0 && data[end-1] == '\r' {
			n--
		}
		if n > 0 && !isComment {
			spans = append(spans, plugins.Span{Off: uint32(from), Len: uint32(n)})
		}
		from = min(end+1, len(data))
	}
	return spans, from, nil
}

// rowEnd returns the index of the line feed that ends the row at p, len(data)
// when there is none.
func (r csvRows) rowEnd(data []byte, p int) int {
	for {
		if p < len(data) && data[p] == '"' {
			p, _, _ = quotedEnd(data, p)
		}
		for p < len(data) && data[p] != r.delimiter && data[p] != '\n' {
			p++
		}
		if p == len(data) || data[p] == '\n' {
			return p
		}
		p++
	}
}

var errOpenQuote = errors.New("has a quote that is not closed")

// quotedEnd returns the index behind the quote that closes the cell at p, and
// whether there are doubled quotes before it.
func quotedEnd(data []byte, p int) (end int, doubled bool, err error) {
	for p++; ; p++ {
		n := bytes.IndexByte(data[p:], '"')
		if n < 0 {
			return len(data), doubled, errOpenQuote
		}
		if p += n + 1; p == len(data) || data[p] != '"' {
			return p, doubled, nil
		}
		doubled = true
	}
}
