package keyed

import (
	"errors"
	"fmt"
	"slices"

	"github.com/onstream/onstream/plugins"
)

// Config says what a table holds.
type Config[V any] struct {
	// Space is where in the stage's state the values are; the next one is
	// used as well.
	Space byte
	// Encode appends the value of a key; Decode reads it into a zero V, and
	// keeps nothing of src.
	Encode func(dst []byte, v *V) []byte
	Decode func(src []byte, v *V) error
	// Due returns when the key wants attention: by the clock of event time and
	// by that of the pipeline, [plugins.Never] for not. Nil means never.
	Due func(e *Entry[V]) (event, wall int64)
	// MaxKeys is how many keys there may be; 10 million.
	MaxKeys int64
	// MaxHot is how many are kept in memory; 1 million. It is made good at
	// checkpoints, so there may be more for the time of two.
	MaxHot int
}

// MaxKeySize is how long a key may be, in bytes.
const MaxKeySize = 64 << 10

// Errors of [Table.Open] that are about the record and not the table.
var (
	ErrKeyTooLong  = fmt.Errorf("the key is longer than %d KiB", MaxKeySize>>10)
	ErrTooManyKeys = errors.New("the stage keeps as many keys as max_keys allows")
)

// Entry is a key and its value. It is valid until it is removed, or the table's
// next Snapshot; in the function given to All, during the call.
type Entry[V any] struct {
	Key string

	due     [domains]int64 // of its newest timer on each heap, Never for none
	dirty   bool           // changed since the last snapshot
	stored  bool           // may have a row in the state
	used    bool           // since eviction last looked
	leaving bool           // chosen for eviction by the last snapshot
	dead    bool           // not in the table any more

	// V is behind the rest, so that its beginning, which is what most records
	// touch, is near the rest in memory.
	V V
}

// Table keeps values by key. It is used by one goroutine at a time.
type Table[V any] struct {
	config Config[V]
	state  plugins.State // nil before Restore

	hot     map[string]*Entry[V]
	timers  [domains]timers[V]
	dirty   []*Entry[V] // to be written, dead ones among them
	dead    int         // of dirty
	leaving []*Entry[V]
	// Keys with a row in the state that does not count any more: removed since
	// the last snapshot, and before it: those it has deleted, but the state
	// shows that only when it is committed.
	gone, going map[string]struct{}

	cold  int64 // keys that are not in memory
	ahead [domains]ahead
	stale []timerRow // rows of timers to delete at the next snapshot
	buf   []byte
}

// NewTable returns an empty table.
func NewTable[V any](c Config[V]) *Table[V] {
	if c.MaxKeys == 0 {
		c.MaxKeys = 10_000_000
	}
	if c.MaxHot == 0 {
		c.MaxHot = 1_000_000
	}
	if c.Due == nil {
		c.Due = func(*Entry[V]) (event, wall int64) { return plugins.Never, plugins.Never }
	}
	t := &Table[V]{config: c, hot: map[string]*Entry[V]{}, gone: map[string]struct{}{}, going: map[string]struct{}{}}
	for d := range t.ahead {
		t.ahead[d].until = plugins.Never
	}
	return t
}

// Open returns the entry of a key, a new one with a zero value where there is
// none, for the caller to change.
func (t *Table[V]) Open(key []byte) (e *Entry[V], fresh bool, err error) {
	e, err = t.Find(key)
	switch {
	case err != nil:
		return nil, false, err
	case e != nil:
		t.markDirty(e)
		return e, false, nil
	case len(key) > MaxKeySize:
		return nil, false, ErrKeyTooLong
	case t.keys() >= t.config.MaxKeys:
		return nil, false, ErrTooManyKeys
	}
	e = t.add(string(key))
	if len(t.gone) > 0 {
		_, e.stored = t.gone[e.Key]
		delete(t.gone, e.Key)
	}
	t.markDirty(e)
	return e, true, nil
}

// Find returns the entry of a key, nil where there is none. The caller does
// not change it, unless it calls Touch.
func (t *Table[V]) Find(key []byte) (*Entry[V], error) {
	if e := t.hot[string(key)]; e != nil {
		e.used = true
		if e.leaving {
			t.stay(e)
		}
		return e, nil
	}
	if t.cold == 0 || len(key) > MaxKeySize {
		return nil, nil
	}
	return t.load(key)
}

// Touch says that the value of an entry has changed.
func (t *Table[V]) Touch(e *Entry[V]) {
	if e.leaving {
		t.stay(e)
	}
	t.markDirty(e)
}

func (t *Table[V]) markDirty(e *Entry[V]) {
	if !e.dirty {
		e.dirty = true
		t.dirty = append(t.dirty, e)
	}
}

// Remove forgets a key.
func (t *Table[V]) Remove(e *Entry[V]) {
	if e.dead {
		return
	}
	if e.leaving {
		t.stay(e)
	}
	if e.stored {
		t.gone[e.Key] = struct{}{}
	}
	t.drop(e)
	if !e.dirty {
		return
	}
	if t.dead++; t.dead > 64 && t.dead > len(t.dirty)/2 {
		t.dirty = slices.DeleteFunc(t.dirty, func(e *Entry[V]) bool { return e.dead })
		t.dead = 0
	}
}

// Stats tells what the table keeps.
func (t *Table[V]) Stats() plugins.StateStats {
	return plugins.StateStats{Keys: t.keys(), Hot: int64(len(t.hot))}
}

func (t *Table[V]) keys() int64 { return int64(len(t.hot)) + t.cold }

// add puts a new entry into memory.
func (t *Table[V]) add(key string) *Entry[V] {
	e := &Entry[V]{Key: key, used: true, due: [domains]int64{plugins.Never, plugins.Never}}
	t.hot[key] = e
	return e
}

// drop takes an entry out of memory.
func (t *Table[V]) drop(e *Entry[V]) {
	delete(t.hot, e.Key)
	e.dead = true
	for d := range t.timers {
		if e.due[d] != plugins.Never {
			t.timers[d].forget(domain(d))
		}
	}
}
