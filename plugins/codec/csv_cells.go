package codec

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"github.com/onstream/onstream/plugins/jsontext"
)

var errBehindQuote = errors.New("has text behind a closing quote")

// cell is the place of a cell's text, without its quotes.
type cell struct {
	p, end  int
	quoted  bool
	doubled bool // quotes in it are doubled
}

// appendCells appends the cells of the row data[p:end].
func appendCells(cells []cell, data []byte, p, end int, delimiter byte) ([]cell, error) {
	row := data[:end]
	for {
		c := cell{p: p}
		if p < end && row[p] == '"' {
			close, doubled, err := quotedEnd(row, p)
			if err != nil {
				return cells, err
			}
			c = cell{p + 1, close - 1, true, doubled}
			if p = close; p < end && row[p] != delimiter {
				return cells, errBehindQuote
			}
		} else {
			for p < end && row[p] != delimiter {
				p++
			}
			c.end = p
		}
		cells = append(cells, c)
		if p == end {
			return cells, nil
		}
		p++
	}
}

// single makes doubled quotes of a cell single, in a copy at the end of data.
func (c *cell) single(data *[]byte) {
	if !c.doubled {
		return
	}
	text := (*data)[c.p:c.end]
	start := len(*data)
	for {
		n := bytes.IndexByte(text, '"')
		if n < 0 {
			break
		}
		*data = append(*data, text[:n+1]...)
		text = text[n+2:]
	}
	*data = append(*data, text...)
	*c = cell{p: start, end: len(*data), quoted: true}
}

// CSVNames returns the names in a header row.
func CSVNames(header []byte, delimiter byte) ([]string, error) {
	header = bytes.TrimPrefix(header, []byte("\xef\xbb\xbf"))
	data := bytes.Clone(header)
	cells, err := appendCells(nil, data, 0, len(data), delimiter)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(cells))
	for i, c := range cells {
		c.single(&data)
		if !utf8.Valid(data[c.p:c.end]) {
			return nil, jsontext.ErrUTF8
		}
		names[i] = string(data[c.p:c.end])
	}
	return names, nil
}
