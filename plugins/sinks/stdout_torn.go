package sinks

import (
	"hash/maphash"

	"github.com/onstream/onstream/plugins"
)

// tornRecord remembers of which record a failed write left a part, so that the
// rest alone is written. It is the first one of the batch that comes next,
// unless that was given up. Then the memory of the batch may hold another one
// by now, and so what it held is remembered too.
type tornRecord struct {
	b        *plugins.Batch // nil for none
	received int64
	rows     int // from the record on
	row      uint32
	seed     maphash.Seed
	sum      uint64
}

// keep remembers that the k-th selected record of b is out in part.
func (t *tornRecord) keep(b *plugins.Batch, k int) {
	seed := maphash.MakeSeed()
	*t = tornRecord{
		b: b, received: b.Received, rows: len(b.Sel) - k, row: b.Sel[k], seed: seed, sum: maphash.Bytes(seed, b.Data),
	}
}

// take reports whether the first record of b is out in part, and forgets it.
func (t *tornRecord) take(b *plugins.Batch) bool {
	was := *t
	*t = tornRecord{}
	return was.b == b && was.received == b.Received && was.rows == len(b.Sel) && was.row == b.Sel[0] &&
		was.sum == maphash.Bytes(was.seed, b.Data)
}
