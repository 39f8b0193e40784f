package state

import (
	"github.com/cockroachdb/pebble/v2"

	"github.com/onstream/onstream/plugins"
)

// stageWriter collects the state of a stage, without a lock, in pieces: to
// grow one batch to the size of a million keys would take three times its
// memory, and copy it while all records wait.
type stageWriter struct {
	id   uint32
	rows []*pebble.Batch // none is empty
}

// pieceSize is about how many bytes a piece has, but for one large row.
const pieceSize = 1 << 20

func (w *stageWriter) Put(space byte, g plugins.Group, key, value []byte) {
	size := stateHeader + len(key)
	op := w.piece(size+len(value)).SetDeferred(size, len(value))
	stateKey(op.Key[:0], w.id, space, g, key)
	copy(op.Value, value)
	must(op.Finish())
}

func (w *stageWriter) Delete(space byte, g plugins.Group, key []byte) {
	size := stateHeader + len(key)
	op := w.piece(size).DeleteDeferred(size)
	stateKey(op.Key[:0], w.id, space, g, key)
	must(op.Finish())
}

// rowHeader is more than a row has besides its key and value.
const rowHeader = 16

// piece returns where the next row goes, of so many bytes. The first piece
// begins small, as it is the only one of most commits.
func (w *stageWriter) piece(n int) *pebble.Batch {
	last := len(w.rows) - 1
	switch {
	case last < 0:
		w.rows = append(w.rows, new(pebble.Batch))
	case w.rows[last].Len()+n+rowHeader > pieceSize:
		w.rows = append(w.rows, batchOf(pieceSize))
	default:
		return w.rows[last]
	}
	return w.rows[last+1]
}

// batchOf returns an empty batch with room for so many bytes.
func batchOf(size int) *pebble.Batch {
	var b pebble.Batch
	must(b.SetRepr(append(make([]byte, 0, size), b.Repr()...)))
	return &b
}
