package codec

import (
	"bytes"

	"github.com/onstream/onstream/plugins"
)

// lines cuts a stream at line feeds; a carriage return in front of one belongs
// to it.
type lines struct {
	keepBlank bool // a line of nothing or white space is a record
}

var _ plugins.Splitter = lines{}

// Split implements [plugins.Splitter].
func (l lines) Split(data []byte, from int, atEnd bool, spans []plugins.Span) ([]plugins.Span, int, error) {
	for from < len(data) {
		n := bytes.IndexByte(data[from:], '\n')
		next := from + n + 1
		if n < 0 {
			if !atEnd {
				return spans, from, nil
			}
			n, next = len(data)-from, len(data)
		}
		if n > 0 && data[from+n-1] == '\r' {
			n--
		}
		if l.keepBlank || !isBlank(data[from:from+n]) {
			spans = append(spans, plugins.Span{Off: uint32(from), Len: uint32(n)})
		}
		from = next
	}
	return spans, from, nil
}

// isBlank tells whether there is nothing but white space.
func isBlank(line []byte) bool {
	for _, c := range line {
		if c != ' ' && c != '\t' && c != '\r' {
			return false
		}
	}
	return true
}
