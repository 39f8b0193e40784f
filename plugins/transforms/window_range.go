package transforms

import (
	"math"

	"github.com/onstream/onstream/plugins"
)

// windowRange returns the first and the last time of which all windows begin and
// end at times that can be told.
func windowRange(c plugins.Config) (first, last int64) {
	first, last = math.MinInt64+1, plugins.Never-1
	switch typ := windowType(c); typ {
	case "tumbling", "hopping":
		size, every := int64(c.Duration(typ)), int64(c.Duration("every"))
		if every == 0 {
			every = size
		}
		f := fixedWindows{offset: int64(c.Duration("offset")) % every}
		return later(f.floor(first+every-1, every), size), later(f.floor(last-size, every), every-1)
	case "sliding":
		first += int64(c.Duration(typ))
	case "session":
		last -= int64(c.Duration(typ))
	}
	return first, last
}
