package aggregate

import (
	"encoding/binary"
	"errors"

	"github.com/onstream/onstream/plugins"
)

// State is what the calls of an aggregation know about a group of records. It
// is a view of memory that the caller owns and lays out: [Calls.Words] words,
// and [Calls.Boxes] boxes, all of them zero in the beginning.
type State struct {
	Words []uint64
	Boxes []Box
}

// State returns a new state.
func (c *Calls) State() State {
	return State{Words: make([]uint64, c.words), Boxes: make([]Box, c.boxes)}
}

// Clear makes the state that of a group without records.
func (s State) Clear() {
	clear(s.Words)
	clear(s.Boxes)
}

// Words returns how many words a state has.
func (c *Calls) Words() int { return c.words }

// Boxes returns how many boxes a state has.
func (c *Calls) Boxes() int { return c.boxes }

var errDamaged = errors.New("the state of an aggregate is damaged")

// Append appends a state in the form in which it is stored.
func (c *Calls) Append(dst []byte, s State) []byte {
	for _, w := range s.Words {
		dst = binary.LittleEndian.AppendUint64(dst, w)
	}
	for _, b := range s.Boxes {
		if b == nil {
			dst = binary.AppendUvarint(dst, 0)
			continue
		}
		text := b.append(nil)
		dst = binary.AppendUvarint(dst, uint64(len(text))+1)
		dst = append(dst, text...)
	}
	return dst
}

// Read makes s, which is empty, the state at the beginning of src, and returns
// what comes after it.
func (c *Calls) Read(src []byte, s State) (rest []byte, err error) {
	if len(src) < 8*c.words {
		return nil, errDamaged
	}
	for k := range s.Words {
		s.Words[k] = binary.LittleEndian.Uint64(src[8*k:])
	}
	src = src[8*c.words:]
	for k := range c.calls {
		call := &c.calls[k]
		if call.open == nil {
			continue
		}
		size, n := binary.Uvarint(src)
		if n <= 0 || size > uint64(len(src)-n)+1 {
			return nil, errDamaged
		}
		src = src[n:]
		if size == 0 {
			continue
		}
		b := call.open()
		if err := b.read(src[:size-1]); err != nil {
			return nil, err
		}
		s.Boxes[call.at], src = b, src[size-1:]
	}
	return src, nil
}

// Add adds row i of the batch that was given to Eval, and that happened at a
// time.
func (c *Calls) Add(s State, i uint32, at int64) {
	for k := range c.calls {
		call := &c.calls[k]
		if call.col != nil && call.col.IsNull(i) {
			continue
		}
		if call.fixed != nil {
			call.fixed.add(s.Words[call.at:call.end], call.col, i, at)
			continue
		}
		if s.Boxes[call.at] == nil {
			s.Boxes[call.at] = call.open()
		}
		s.Boxes[call.at].add(call.col, i, at)
	}
}

// Merge adds to s what is known about another group, whose records came later
// where that matters. The other one stays as it is.
func (c *Calls) Merge(s, from State) {
	for k := range c.calls {
		call := &c.calls[k]
		switch {
		case call.fixed != nil:
			call.fixed.merge(s.Words[call.at:call.end], from.Words[call.at:call.end])
		case from.Boxes[call.at] != nil:
			if s.Boxes[call.at] == nil {
				s.Boxes[call.at] = call.open()
			}
			s.Boxes[call.at].merge(from.Boxes[call.at])
		}
	}
}

// Result makes the result of the k-th call the one in a row of a column, which
// is of the kind of the call's type.
func (c *Calls) Result(k int, s State, col *plugins.Column, row uint32) error {
	call := &c.calls[k]
	if call.fixed != nil {
		return call.fixed.result(s.Words[call.at:call.end], col, row)
	}
	b := s.Boxes[call.at]
	if b == nil {
		b = call.open()
	}
	return b.result(col, row)
}
