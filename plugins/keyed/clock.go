package keyed

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/onstream/onstream/plugins"
)

// Clock follows the event times of the keys of a lane.
//
// Each key has a time of its own: the latest that it has shown. Time of the
// lane is the second latest of these: what one device alone claims moves
// nobody else's time.
type Clock struct {
	first, second       int64
	firstKey, secondKey string
	some, pair          bool // one key has shown its time, two have

	group plugins.Group // the lane's first: where the clock is stored
	dirty bool
}

// None is the time of a lane before it has one.
const None int64 = math.MinInt64

// Observe notes the event time of a record of a key, and returns what the clock
// shows then.
func (c *Clock) Observe(key string, at int64) Reading {
	if !c.pair || at > c.second {
		c.move(key, at)
	}
	return Reading{Now: c.Now(), First: c.first}
}

// move is Observe for a time that may move the clock.
func (c *Clock) move(key string, at int64) {
	switch {
	case !c.some:
		c.first, c.firstKey, c.some = at, key, true
	case key == c.firstKey:
		if at <= c.first {
			return
		}
		c.first = at
	case at > c.first:
		c.second, c.secondKey, c.pair = c.first, c.firstKey, true
		c.first, c.firstKey = at, key
	default:
		c.second, c.secondKey, c.pair = at, key, true
	}
	c.dirty = true
}

// Now returns the time of the lane, [None] before two keys have shown theirs.
func (c *Clock) Now() int64 {
	if !c.pair {
		return None
	}
	return c.second
}

// Latest is Now, but as long as only one key has shown its time, that. It
// reports false before.
func (c *Clock) Latest() (at int64, ok bool) {
	if c.pair {
		return c.second, true
	}
	return c.first, c.some
}

// clockRow is the key under which a clock is stored in the first group of its
// lane.
var clockRow = []byte("clock")

// Restore reads the clock from what was stored in a space of its own. Where
// lanes have become others since, it is the latest of the clocks found.
func (c *Clock) Restore(s plugins.State, space byte) error {
	first, last := s.Groups()
	c.group = first
	for g := int(first); g <= int(last); g++ {
		row, ok, err := s.Get(space, plugins.Group(g), clockRow, nil)
		if err != nil {
			return fmt.Errorf("read the clock: %w", err)
		}
		for ok && len(row) > 0 {
			if row, err = c.observeStored(row); err != nil {
				return fmt.Errorf("read the clock: %w", err)
			}
		}
	}
	c.dirty = false
	return nil
}

// observeStored takes one key and its time off the row.
func (c *Clock) observeStored(row []byte) (rest []byte, err error) {
	at, n := binary.Varint(row)
	if n <= 0 {
		return nil, errors.New("its row is damaged")
	}
	row = row[n:]
	size, n := binary.Uvarint(row)
	if n <= 0 || size > uint64(len(row)-n) {
		return nil, errors.New("its row is damaged")
	}
	row = row[n:]
	c.Observe(string(row[:size]), at)
	return row[size:], nil
}

// Snapshot writes the clock to its space if it has moved since the last call.
func (c *Clock) Snapshot(w plugins.StateWriter, space byte) {
	if !c.dirty {
		return
	}
	c.dirty = false
	row := appendShown(nil, c.first, c.firstKey)
	if c.pair {
		row = appendShown(row, c.second, c.secondKey)
	}
	w.Put(space, c.group, clockRow, row)
}

func appendShown(row []byte, at int64, key string) []byte {
	row = binary.AppendVarint(row, at)
	row = binary.AppendUvarint(row, uint64(len(key)))
	return append(row, key...)
}
