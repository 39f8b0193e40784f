package codec

import "github.com/onstream/onstream/plugins"

// oneRecord takes a whole stream, such as the body of a request, for one
// record: nothing in it tells where records end.
type oneRecord struct{}

var _ plugins.Splitter = oneRecord{}

// Split implements [plugins.Splitter].
func (oneRecord) Split(data []byte, from int, atEnd bool, spans []plugins.Span) ([]plugins.Span, int, error) {
	if !atEnd || from == len(data) {
		return spans, from, nil
	}
	return append(spans, plugins.Span{Off: uint32(from), Len: uint32(len(data) - from)}), len(data), nil
}
