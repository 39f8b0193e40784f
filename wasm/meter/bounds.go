package meter

import (
	"fmt"

	"github.com/onstream/onstream/wasm/binary"
)

// Bounds are how many of what a function has at most, because a compiler takes longer for it, or more memory, than in
// proportion to them. 0 is any number.
type Bounds struct {
	Instructions int
	Loops        int
	Blocks       int // that are no loops
	// Branches are counted by where they lead: a table of them has several.
	Branches int
	// Bulk is how many instructions copy or fill memory, or a table.
	Bulk int
	// Calls are those of functions, and Bulk.
	Calls int
	// Spread is how many places at which the flow divides or joins, for each parameter and local, in all: a compiler finds out for each
	// of them there which of its values it has.
	Spread int
	// Nested is how many loops are in each other, for each parameter and local, in all.
	Nested int
}

// bulkPlaces is how many places a compiler makes of an instruction that copies or fills.
const bulkPlaces = 3

// check finds functions that are too much for a compiler.
func (b *Bounds) check(c *binary.Code, params int, f found) error {
	values := params + c.Variables
	places := f.loops + f.blocks + f.branches + bulkPlaces*f.bulk
	for _, of := range []struct {
		n, most int
		what    string
	}{
		{f.loops, b.Loops, "loops"},
		{f.blocks, b.Blocks, "blocks"},
		{f.branches, b.Branches, "branches"},
		{f.bulk, b.Bulk, "instructions that copy or fill"},
		{f.calls, b.Calls, "calls"},
		{f.instructions, b.Instructions, "instructions"},
	} {
		if of.most > 0 && of.n > of.most {
			return refusal(c, "%d %s, at most %d are taken", of.n, of.what, of.most)
		}
	}
	switch {
	case b.Spread > 0 && places*values > b.Spread:
		return refusal(c, "%d loops, blocks and branches and %d locals, of which the product may be %d", places, values, b.Spread)
	case b.Nested > 0 && f.nesting*values > b.Nested:
		return refusal(c, "%d loops in each other and %d locals, of which the product may be %d", f.nesting, values, b.Nested)
	}
	return nil
}

func refusal(c *binary.Code, what string, args ...any) error {
	return fmt.Errorf("offset %#x: a function has %s: divide it, or build it with less inlining", c.Offset, fmt.Sprintf(what, args...))
}
