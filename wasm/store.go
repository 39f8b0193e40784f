package wasm

import (
	"bytes"
	"errors"
	"math"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/host"
)

// The spaces of the state of a stage; the table uses two.
const (
	keptSpace          = plugins.KeySpace
	clockSpace    byte = 3
	snapshotSpace byte = 4
)

// store is the state and the timers of a stage, as the module reaches them in a call: by the rows of its frame. What the call
// changes is noted, so that it can be undone.
type store struct {
	table   *keyed.Table[kept]
	limit   int
	byEvent bool // the stage has event time

	call    uint32   // the number of the call
	keys    []string // of the rows of a frame of timers; nil for a batch, whose rows the table has looked up
	rows    []uint32
	times   []int64 // of the rows of a batch
	now     int64   // of the clock of the stage, ns
	journal []change
	noted   int // bytes of what it has
	changed []*entry
	free    [][]byte // memory of values
}

var (
	_ host.State  = (*store)(nil)
	_ host.Timers = timers{}
)

// change is how something was before.
type change struct {
	e     *entry
	had   bool
	timed bool // it is a timer, not a value
	value value
	timer timer
	size  int
}

func (s *store) init(maxKeys int64, limit int, byEvent bool) {
	s.limit, s.byEvent = limit, byEvent
	s.table = keyed.NewTable(keyed.Config[kept]{
		Space: keptSpace, MaxKeys: maxKeys, Encode: encodeKept, Decode: decodeKept,
		Due: func(e *entry) (event, wall int64) { return e.V.due(byEvent) },
	})
}

// begin is for a call with rows of a batch.
func (s *store) begin(key *plugins.Column, rows []uint32, times []int64) {
	s.call++
	s.keys, s.rows, s.times = nil, rows, times
	s.table.Look(key, rows)
}

// beginKeys is for a call with timers of keys.
func (s *store) beginKeys(keys []string) {
	s.call++
	s.keys, s.rows, s.times = keys, nil, nil
}

// find returns the entry of the key of a row, nil where there is none.
func (s *store) find(row uint32) (*entry, error) {
	if s.keys != nil {
		return s.table.Find([]byte(s.keys[row]))
	}
	return s.table.FindRow(int(row))
}

// open returns the entry of the key of a row, a new one where there is none.
func (s *store) open(row uint32) (e *entry, err error) {
	if s.keys != nil {
		e, _, err = s.table.Open([]byte(s.keys[row]))
	} else {
		e, _, err = s.table.OpenRow(int(row))
	}
	switch {
	case errors.Is(err, keyed.ErrTooManyKeys):
		return nil, host.Faultf("max_keys", "%v: raise it, or use a key with fewer values", err)
	case errors.Is(err, keyed.ErrKeyTooLong):
		return nil, host.Faultf("key", "%v: use a shorter one, such as a hash of it", err)
	}
	return e, err
}

// maxNoted is how many bytes of what was kept before, and how many changes, are noted in a call. A value that is put again and
// again is noted once.
const (
	maxNoted   = 256 << 20
	maxChanges = 1 << 20
)

// note notes how something was. Whatever happens then is undone.
func (s *store) note(c change) error {
	c.size = c.e.V.size
	s.noted += len(c.value.data)
	s.journal = append(s.journal, c)
	if !c.e.V.noted {
		c.e.V.noted = true
		s.changed = append(s.changed, c.e)
	}
	if s.noted > maxNoted || len(s.journal) > maxChanges {
		return host.Faultf(host.Limit, "the module changes more than %d MiB, or %d values and timers, of its state in a call: change less", maxNoted>>20, maxChanges)
	}
	return nil
}

// Get implements [host.State].
func (s *store) Get(space uint8, row uint32, name []byte) ([]byte, bool, error) {
	e, err := s.find(row)
	if e == nil || err != nil {
		return nil, false, err
	}
	at, ok := e.V.find(space, name)
	if !ok || e.V.values[at].expires <= s.now {
		return nil, false, nil
	}
	return e.V.values[at].data, true, nil
}

// Put implements [host.State].
func (s *store) Put(space uint8, row uint32, name, data []byte, ttl int64) error {
	if len(name)+len(data) > s.limit {
		return s.tooMuch()
	}
	e, err := s.open(row)
	if err != nil {
		return err
	}
	k, expires := &e.V, s.expiry(row, ttl)
	at, had := k.find(space, name)
	if !had {
		k.values = slices.Insert(k.values, at, value{space: space, name: bytes.Clone(name)})
	}
	v := &k.values[at]
	if had && v.call == s.call { // how it was before the call is noted
		k.size -= v.cost()
		v.data, v.expires = append(v.data[:0], data...), expires
	} else {
		if err := s.note(change{e: e, had: had, value: *v}); err != nil {
			return err
		}
		if had {
			k.size -= v.cost()
		}
		v.data, v.expires, v.call = append(s.memory(), data...), expires, s.call
	}
	if k.size += v.cost(); k.size > s.limit {
		return s.tooMuch()
	}
	return nil
}

func (s *store) tooMuch() error {
	return host.Faultf(host.Limit, "the module keeps more than %d bytes of a key: raise limits.state, or keep less", s.limit)
}

// memory returns an empty slice with the memory of values that are gone.
func (s *store) memory() []byte {
	if n := len(s.free); n > 0 {
		m := s.free[n-1]
		s.free = s.free[:n-1]
		return m
	}
	return nil
}

// maxFree is how many of them are kept.
const maxFree = 1024

func (s *store) recycle(m []byte) {
	if len(s.free) < maxFree && cap(m) > 0 {
		s.free = append(s.free, m[:0])
	}
}

// expiry returns when a value goes that is put for so many µs: by event time that is told by the time of the record.
func (s *store) expiry(row uint32, ttl int64) int64 {
	if ttl <= 0 {
		return plugins.Never
	}
	from := s.now
	if s.byEvent && s.times != nil {
		from = s.times[s.rows[row]]
	}
	if from == keyed.None {
		return plugins.Never
	}
	d := nanos(ttl)
	if from > 0 && d > plugins.Never-1-from {
		return plugins.Never
	}
	return from + d
}

// nanos turns µs into ns; what cannot be told is the first or last that can.
func nanos(us int64) int64 {
	switch {
	case us > math.MaxInt64/1000-1:
		return plugins.Never - 1
	case us < math.MinInt64/1000+1:
		return math.MinInt64 + 1
	}
	return us * 1000
}

// Delete implements [host.State].
func (s *store) Delete(space uint8, row uint32, name []byte) (bool, error) {
	e, err := s.find(row)
	if e == nil || err != nil {
		return false, err
	}
	at, ok := e.V.find(space, name)
	if !ok {
		return false, nil
	}
	v := e.V.values[at]
	s.table.Touch(e)
	err = s.note(change{e: e, had: true, value: v})
	e.V.size -= v.cost()
	e.V.values = slices.Delete(e.V.values, at, at+1)
	return v.expires > s.now, err
}

// timers is the store as what timers are set in.
type timers struct{ *store }

// Set implements [host.Timers].
func (s timers) Set(row uint32, clock uint8, id uint64, at int64) error {
	if clock == abi.EventTime && !s.byEvent {
		return host.Faultf(host.Trap, "the module sets a timer of event time, and the stage has none: give time = event.FIELD")
	}
	e, err := s.open(row)
	if err != nil {
		return err
	}
	t := timer{clock, id, nanos(at)}
	if i := e.V.timer(clock, id); i >= 0 {
		err := s.note(change{e: e, had: true, timed: true, timer: e.V.timers[i]})
		e.V.timers[i] = t
		return err
	}
	err = s.note(change{e: e, timed: true, timer: t})
	e.V.timers = append(e.V.timers, t)
	if e.V.size += timerCost; e.V.size > s.limit {
		return s.tooMuch()
	}
	return err
}

// Clear implements [host.Timers].
func (s timers) Clear(row uint32, clock uint8, id uint64) (bool, error) {
	e, err := s.find(row)
	if e == nil || err != nil {
		return false, err
	}
	i := e.V.timer(clock, id)
	if i < 0 {
		return false, nil
	}
	s.table.Touch(e)
	err = s.note(change{e: e, had: true, timed: true, timer: e.V.timers[i]})
	e.V.timers = slices.Delete(e.V.timers, i, i+1)
	e.V.size -= timerCost
	return true, err
}

// commit makes what the call has changed count.
func (s *store) commit() {
	for i := range s.journal {
		if c := &s.journal[i]; !c.timed && c.had {
			s.recycle(c.value.data)
		}
	}
	s.settle()
}

// rollback undoes what the call has changed, the last first.
func (s *store) rollback() {
	for i := len(s.journal) - 1; i >= 0; i-- {
		c := &s.journal[i]
		if c.timed {
			c.undoTimer()
		} else {
			s.recycle(c.undoValue())
		}
		c.e.V.size = c.size
	}
	s.settle()
}

// undoValue returns the memory of the value that does not count.
func (c *change) undoValue() (memory []byte) {
	k := &c.e.V
	at, is := k.find(c.value.space, c.value.name)
	if is {
		memory = k.values[at].data
	}
	switch {
	case is && c.had:
		k.values[at] = c.value
	case is:
		k.values = slices.Delete(k.values, at, at+1)
	case c.had:
		k.values = slices.Insert(k.values, at, c.value)
	}
	return memory
}

func (c *change) undoTimer() {
	k := &c.e.V
	at := k.timer(c.timer.clock, c.timer.id)
	switch {
	case at >= 0 && c.had:
		k.timers[at] = c.timer
	case at >= 0:
		k.timers = slices.Delete(k.timers, at, at+1)
	case c.had:
		k.timers = append(k.timers, c.timer)
	}
}

// settle schedules the keys that were changed, and forgets those of which nothing is kept.
func (s *store) settle() {
	for _, e := range s.changed {
		e.V.noted = false
		if e.V.empty() {
			s.table.Remove(e)
		} else {
			s.table.Schedule(e)
		}
	}
	clear(s.journal)
	clear(s.changed)
	s.journal, s.changed, s.noted = s.journal[:0], s.changed[:0], 0
}
