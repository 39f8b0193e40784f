package keyed

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/onstream/onstream/plugins"
)

// Timers of keys that are not in memory are rows of the state, ordered by
// time within each group, with nothing but the key behind it. A row may be out
// of date; what counts is what Due says when the key is read back.

const (
	maxAhead  = 1 << 16 // rows to hold in memory
	readAhead = 64      // rows to read of a group at a time
	timerSize = 1 + 8   // of a row's key, before the key of the entry
)

// timerRow is the row of a timer.
type timerRow struct {
	due int64
	d   domain
	key string
}

func compareRows(x, y timerRow) int {
	return cmp.Or(cmp.Compare(x.due, y.due), strings.Compare(x.key, y.key))
}

// append writes the key of the row: its order is that of the times.
func (r timerRow) append(dst []byte) []byte {
	dst = append(dst, byte(r.d))
	dst = binary.BigEndian.AppendUint64(dst, uint64(r.due)^1<<63)
	return append(dst, r.key...)
}

// ahead is the next timers of keys that are not in memory.
type ahead struct {
	rows  []timerRow // in order
	until int64      // all rows before that are among them
}

// next returns a time before which none of them comes.
func (a *ahead) next() int64 {
	if len(a.rows) > 0 {
		return min(a.rows[0].due, a.until)
	}
	return a.until
}

// settle puts rows that were appended into their place, and leaves the later
// ones to be read again when they are too many.
func (a *ahead) settle() {
	slices.SortFunc(a.rows, compareRows)
	if len(a.rows) <= maxAhead {
		return
	}
	until := a.rows[maxAhead/2].due
	if n, _ := slices.BinarySearchFunc(a.rows, until, func(r timerRow, at int64) int { return cmp.Compare(r.due, at) }); n > 0 {
		a.rows, a.until = slices.Clone(a.rows[:n]), until
	}
}

// wake reads back the keys that may be due.
func (t *Table[V]) wake(d domain, now int64) error {
	a := &t.ahead[d]
	for a.next() <= now {
		if len(a.rows) == 0 || a.rows[0].due >= a.until {
			if err := t.scan(d); err != nil {
				return err
			}
			continue
		}
		r := a.rows[0]
		a.rows = a.rows[1:]
		t.stale = append(t.stale, r)
		if key := []byte(r.key); t.lookup(t.hash(key), key) == nil {
			if _, err := t.load(key); err != nil {
				return err
			}
		}
	}
	return nil
}

// scan reads more rows, at least all of the time a.until.
func (t *Table[V]) scan(d domain) error {
	a := &t.ahead[d]
	from := timerRow{due: a.until, d: d}.append(nil)
	until := plugins.Never
	first, last := t.state.Groups()
	for g := int(first); g <= int(last); g++ {
		read, due := 0, int64(math.MinInt64)
		err := t.state.Ascend(t.config.Space+1, plugins.Group(g), from, func(row, _ []byte) bool {
			r, ok := parseTimer(row)
			if !ok || r.d != d {
				return false
			}
			if read >= readAhead && r.due > due {
				until = min(until, r.due)
				return false
			}
			a.rows = append(a.rows, r)
			due = r.due
			read++
			return true
		})
		if err != nil {
			return fmt.Errorf("read timers: %w", err)
		}
	}
	a.rows = slices.DeleteFunc(a.rows, func(r timerRow) bool { return r.due >= until })
	a.until = until
	a.settle()
	return nil
}

func parseTimer(row []byte) (timerRow, bool) {
	if len(row) < timerSize || row[0] >= domains {
		return timerRow{}, false
	}
	due := int64(binary.BigEndian.Uint64(row[1:]) ^ 1<<63)
	return timerRow{due: due, d: domain(row[0]), key: string(row[timerSize:])}, true
}

// load reads back a key that is not in memory; nil where there is none.
func (t *Table[V]) load(key []byte) (*Entry[V], error) {
	if _, gone := t.gone[string(key)]; gone {
		return nil, nil
	}
	if _, gone := t.going[string(key)]; gone {
		return nil, nil
	}
	var ok bool
	var err error
	t.buf, ok, err = t.state.Get(t.config.Space, plugins.GroupOf(key), key, t.buf[:0])
	if err != nil {
		return nil, fmt.Errorf("read a key: %w", err)
	}
	if !ok {
		return nil, nil
	}
	e, err := t.decode(key, t.buf)
	if err != nil {
		return nil, err
	}
	t.cold--
	t.stay(e)
	return e, nil
}

// decode puts a stored entry into memory.
func (t *Table[V]) decode(key, value []byte) (*Entry[V], error) {
	if !plugins.IsKey(key) {
		return nil, fmt.Errorf("decode the state of key %q: it is of a time when 1 and 1.0 were different keys: reset the state of the stage", key)
	}
	e := t.add(key)
	if err := t.config.Decode(value, &e.V); err != nil {
		return nil, fmt.Errorf("decode the state of key %q: %w", key, err)
	}
	e.state |= stored
	t.Schedule(e)
	return e, nil
}

// stay is for an entry whose timers are rows and which is in memory now: those
// are not needed any more.
func (t *Table[V]) stay(e *Entry[V]) {
	e.state &^= leaving
	t.stale = t.appendRows(t.stale, e)
}

// appendRows appends the rows that the timers of an entry are when it is not
// in memory.
func (t *Table[V]) appendRows(rows []timerRow, e *Entry[V]) []timerRow {
	event, wall := t.config.Due(e)
	if event != plugins.Never {
		rows = append(rows, timerRow{event, eventTime, e.Key})
	}
	if wall != plugins.Never {
		rows = append(rows, timerRow{wall, wallTime, e.Key})
	}
	return rows
}
