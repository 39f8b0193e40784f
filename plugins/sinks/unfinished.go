package sinks

import (
	"hash/maphash"

	"github.com/onstream/onstream/plugins"
)

// unfinished remembers how far a sink came with a batch before a failure that
// another try may mend, so that nothing is sent twice. The batch is the first
// one written after that, unless it was given up. Then the memory of the batch
// may hold another one by now, and so what it held is remembered too.
type unfinished struct {
	b        *plugins.Batch // nil for none
	received int64
	rows     int
	seed     maphash.Seed
	sum      uint64

	next   int               // index in Sel of the first row that is to be sent
	failed plugins.RowErrors // what was refused of those before
}

// keep remembers how far b came.
func (u *unfinished) keep(b *plugins.Batch, next int, failed plugins.RowErrors) {
	seed := maphash.MakeSeed()
	*u = unfinished{
		b: b, received: b.Received, rows: len(b.Sel), seed: seed, sum: maphash.Bytes(seed, b.Data),
		next: next, failed: failed,
	}
}

// take returns how far b came, and forgets it.
func (u *unfinished) take(b *plugins.Batch) (next int, failed plugins.RowErrors) {
	was := *u
	*u = unfinished{}
	if was.b != b || was.received != b.Received || was.rows != len(b.Sel) || was.sum != maphash.Bytes(was.seed, b.Data) {
		return 0, nil
	}
	return was.next, was.failed
}
