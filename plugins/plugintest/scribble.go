package plugintest

import (
	"math/bits"

	"github.com/onstream/onstream/plugins"
)

// poison is what stands where no plugin may look.
const poison = `POISON`

// smear overwrites bytes.
func smear(p []byte) {
	for i := range p {
		p[i] = poison[i%len(poison)]
	}
}

// recycle releases a batch, as the engine does, and overwrites its bytes where nobody else has a share in
// them ([plugins.Batch.Share]): then they are the next ones that the pool gives.
func recycle(pool *plugins.Pool, b *plugins.Batch) {
	class := bits.Len(uint(cap(b.Data)))
	b.Release()
	if class < 2 {
		return
	}
	next := pool.Batch()
	next.Grow(1 << (class - 1))
	smear(next.Data[:cap(next.Data)])
}

// scribble overwrites what a batch holds beside its Data, as its next owner does, and so shows who still
// looks at it. The slices stay as long as they are.
func scribble(b *plugins.Batch, columns []plugins.Path) {
	for _, spans := range [][]plugins.Span{b.Values, b.Keys, b.Topics} {
		for i := range spans {
			spans[i] = plugins.Span{}
		}
	}
	for _, numbers := range [][]int64{b.Times, b.Offsets} {
		for i := range numbers {
			numbers[i] = -7
		}
	}
	for i := range b.Headers {
		b.Headers[i] = plugins.Header{}
	}
	for i := range b.Sel {
		b.Sel[i] = 0
	}
	for _, path := range columns {
		if c := b.Column(path); c != nil {
			ScribbleColumn(c)
		}
	}
}

// ScribbleColumn overwrites a column with what no plugin may look at: bits that
// are no value, and spans that point nowhere.
func ScribbleColumn(c *plugins.Column) {
	smear(c.Data)
	for i := range c.Rows() {
		garble(c, uint32(i))
	}
	c.Data = c.Data[:0]
}

// garble makes a row of a column what it may be where nothing was set: left over from other batches.
func garble(c *plugins.Column, i uint32) {
	nowhere := plugins.Span{Off: 1 << 31, Len: 1 << 30}
	switch c.Kind {
	case plugins.Bool:
		c.Bools[i] = i%2 == 0
	case plugins.Int, plugins.Time, plugins.Duration:
		c.Ints[i] = -1 << 63
	case plugins.Float:
		c.Floats[i] = -1e308
	case plugins.Any:
		c.Kinds[i], c.Ints[i], c.Spans[i] = plugins.String, -1<<63, nowhere
	default:
		c.Spans[i] = nowhere
	}
}
