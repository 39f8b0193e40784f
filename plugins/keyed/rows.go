package keyed

import "github.com/onstream/onstream/plugins"

// rows are the keys of the rows of a batch. Their entries are looked up before
// the first of them is asked for: one after the other each would wait for
// memory three times, together they wait at the same time.
type rows[V any] struct {
	names   []byte // the keys, one after the other
	found   []found[V]
	removed int // entries that had been removed at the time
}

// found is what was found of a row's key.
type found[V any] struct {
	end   int // of its name
	hash  uint32
	entry *Entry[V] // nil where the key is not in memory
}

// Look looks up the keys that a column, nil for one key, has in some rows. They
// are then opened or found by their index in rows, up to the next call.
func (t *Table[V]) Look(key *plugins.Column, rows []uint32) {
	r := &t.rows
	r.names, r.found, r.removed = r.names[:0], r.found[:0], t.removed
	start := 0
	for _, i := range rows {
		r.names = plugins.AppendKey(r.names, key, i)
		// What is too long is not in the table, and is not kept whole.
		r.names = r.names[:min(len(r.names), start+MaxKeySize+1)]
		r.found = append(r.found, found[V]{end: len(r.names), hash: t.hash(r.names[start:])})
		start = len(r.names)
	}
	start = 0
	for n := range r.found {
		f := &r.found[n]
		f.entry = t.lookup(f.hash, r.names[start:f.end])
		start = f.end
	}
}

// name returns the key of the n-th row.
func (r *rows[V]) name(n int) []byte {
	start := 0
	if n > 0 {
		start = r.found[n-1].end
	}
	return r.names[start:r.found[n].end]
}

// OpenRow is [Table.Open] for the n-th of the rows that were looked up.
func (t *Table[V]) OpenRow(n int) (e *Entry[V], fresh bool, err error) {
	if e := t.foundRow(n); e != nil {
		t.use(e)
		t.markDirty(e)
		return e, false, nil
	}
	return t.Open(t.rows.name(n))
}

// FindRow is [Table.Find] for the n-th of the rows that were looked up.
func (t *Table[V]) FindRow(n int) (*Entry[V], error) {
	if e := t.foundRow(n); e != nil {
		t.use(e)
		return e, nil
	}
	return t.Find(t.rows.name(n))
}

// foundRow returns the entry of the n-th row, nil where it has to be looked up
// again.
func (t *Table[V]) foundRow(n int) *Entry[V] {
	if t.rows.removed != t.removed {
		return nil // it may be another key's by now
	}
	return t.rows.found[n].entry
}
