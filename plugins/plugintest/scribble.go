package plugintest

import (
	"bytes"

	"github.com/onstream/onstream/plugins"
)

// poison is what stands where no plugin may look.
const poison = `POISON`

// smear overwrites bytes, in one of several ways.
func smear(p []byte, way int) {
	for i := range p {
		p[i] = poison[(i+way)%len(poison)]
	}
}

func isSmeared(p []byte, way int) bool {
	want := make([]byte, len(p))
	smear(want, way)
	return bytes.Equal(p, want)
}

// scribble overwrites what a batch holds, as its next owner does, and so shows who still
// looks at it. The slices stay as long as they are.
func scribble(b *plugins.Batch, columns []plugins.Path) {
	smear(b.Data, 0)
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
	smear(c.Data, 0)
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
