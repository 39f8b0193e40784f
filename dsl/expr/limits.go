package expr

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/onstream/onstream/plugins"
)

// A value may have maxValue bytes, and those of one column maxColumn: spans
// count with 32 bits.
const (
	maxValue  = 16 << 20
	maxColumn = 1 << 30
)

const (
	codeTooLarge    = "too_large"
	tooLargeMessage = "the value is larger than 16 MiB"
)

// textColumn builds a column of text value by value.
type textColumn struct {
	col      plugins.Column
	tooLarge *fault
	start    int
}

func newTextColumn(at hcl.Range) *textColumn {
	return &textColumn{tooLarge: newFault(at, codeTooLarge, tooLargeMessage)}
}

func (t *textColumn) begin(r *run, k plugins.Kind) {
	t.col.Reset(k, r.rows)
	t.col.Data = t.col.Data[:0]
	t.start = 0
}

// end makes what was appended to Data since the last end the value of row i.
func (t *textColumn) end(r *run, i uint32) {
	n := len(t.col.Data) - t.start
	if n > maxValue || len(t.col.Data) > maxColumn {
		t.abandon(i)
		r.fail(i, t.tooLarge)
		return
	}
	t.col.Spans[i] = plugins.Span{Off: uint32(t.start), Len: uint32(n)}
	t.start += n
}

// abandon takes back what was appended since the last end.
func (t *textColumn) abandon(i uint32) {
	t.col.Data = t.col.Data[:t.start]
	t.col.Spans[i] = plugins.Span{}
}
