package keyed

import (
	"errors"
	"fmt"
	"hash/maphash"

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
	// Words is how many words each value has beside V, which are cheaper to
	// keep than what V points at. Init is called with each zero V and them,
	// which are zero and V's alone until its key leaves memory; nil where there
	// are none.
	Words int
	Init  func(v *V, words []uint64)
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

	due   [domains]int64 // of its newest timer on each heap, Never for none
	place uint32
	state entryState

	// V is behind the rest, so that its beginning, which is what most records
	// touch, is near the rest in memory.
	V V
}

// entryState is a set of what is so about an entry.
type entryState uint8

const (
	dirty   entryState = 1 << iota // changed since the last snapshot
	used                           // since eviction last looked
	stored                         // may have a row in the state
	leaving                        // chosen for eviction by the last snapshot
	dead                           // not in the table any more
)

func (e *Entry[V]) is(s entryState) bool { return e.state&s != 0 }

// Table keeps values by key. It is used by one goroutine at a time.
type Table[V any] struct {
	config Config[V]
	state  plugins.State // nil before Restore

	seed    maphash.Seed
	index   index
	slab    slab[V]
	rows    rows[V]
	dirty   []uint64 // a bit for each place whose entry is to be written
	retired []uint32 // places of dead entries, which timers may still name
	removed int      // entries, so far
	timers  [domains]timers[V]
	leaving []*Entry[V]
	hand    uint32 // the place at which eviction looks next
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
	t := &Table[V]{
		config: c, seed: maphash.MakeSeed(), index: newIndex(), slab: slab[V]{each: c.Words},
		gone: map[string]struct{}{}, going: map[string]struct{}{},
	}
	for d := range t.ahead {
		t.timers[d].slab = &t.slab
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
	e = t.add(key)
	if _, gone := t.gone[e.Key]; gone {
		e.state |= stored
		delete(t.gone, e.Key)
	}
	t.markDirty(e)
	return e, true, nil
}

// Find returns the entry of a key, nil where there is none. The caller does
// not change it, unless it calls Touch.
func (t *Table[V]) Find(key []byte) (*Entry[V], error) {
	if e := t.lookup(t.hash(key), key); e != nil {
		t.use(e)
		return e, nil
	}
	if t.cold == 0 || len(key) > MaxKeySize {
		return nil, nil
	}
	return t.load(key)
}

// use notes that an entry was asked for.
func (t *Table[V]) use(e *Entry[V]) {
	if e.state&(used|leaving) != used {
		e.state |= used
		if e.is(leaving) {
			t.stay(e)
		}
	}
}

// lookup returns the entry of a key that is in memory, nil where it is not.
func (t *Table[V]) lookup(hash uint32, key []byte) *Entry[V] {
	slots := t.index.slots
	for i := t.index.home(hash); ; i++ {
		slot := slots[i&(len(slots)-1)]
		if slot == 0 {
			return nil
		}
		if h, place := split(slot); h == hash {
			if e := t.slab.at(place); e.Key == string(key) {
				return e
			}
		}
	}
}

func (t *Table[V]) hash(key []byte) uint32 { return uint32(maphash.Bytes(t.seed, key)) }

// Touch says that the value of an entry has changed.
func (t *Table[V]) Touch(e *Entry[V]) {
	if e.is(leaving) {
		t.stay(e)
	}
	t.markDirty(e)
}

func (t *Table[V]) markDirty(e *Entry[V]) {
	if !e.is(dirty) {
		e.state |= dirty
		t.dirty[e.place/64] |= 1 << (e.place % 64)
	}
}

// Remove forgets a key.
func (t *Table[V]) Remove(e *Entry[V]) {
	if e.is(dead) {
		return
	}
	if e.is(leaving) {
		t.stay(e)
	}
	if e.is(stored) {
		t.gone[e.Key] = struct{}{}
	}
	t.drop(e)
}

// Stats tells what the table keeps.
func (t *Table[V]) Stats() plugins.StateStats {
	return plugins.StateStats{Keys: t.keys(), Hot: t.hot()}
}

func (t *Table[V]) keys() int64 { return t.hot() + t.cold }

// hot returns how many keys are in memory.
func (t *Table[V]) hot() int64 { return int64(t.index.count) }

// add puts a new entry into memory.
func (t *Table[V]) add(key []byte) *Entry[V] {
	e, place := t.slab.take(key)
	if int(place/64) >= len(t.dirty) {
		t.dirty = append(t.dirty, make([]uint64, chunkBits)...)
	}
	e.state, e.due = used, [domains]int64{plugins.Never, plugins.Never}
	t.index.add(t.hash(key), place)
	if t.config.Init != nil {
		t.config.Init(&e.V, t.slab.wordsOf(place))
	}
	return e
}

// drop takes an entry out of memory.
func (t *Table[V]) drop(e *Entry[V]) {
	t.index.remove(t.hash([]byte(e.Key)), e.place)
	t.dirty[e.place/64] &^= 1 << (e.place % 64)
	e.state |= dead
	t.removed++
	for d := range t.timers {
		if e.due[d] != plugins.Never {
			t.timers[d].forget(domain(d))
		}
	}
	if t.retired = append(t.retired, e.place); len(t.retired) > 64 && int64(len(t.retired)) > t.hot()/2 {
		t.sweep()
	}
}

// sweep gives the memory of dead entries back.
func (t *Table[V]) sweep() {
	for d := range t.timers {
		t.timers[d].clean(domain(d))
	}
	for _, place := range t.retired {
		t.slab.free(place)
	}
	t.retired = t.retired[:0]
}
