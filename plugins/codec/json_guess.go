package codec

import (
	"encoding/binary"

	"github.com/onstream/onstream/plugins/jsontext"
)

// guess is the layout of an earlier record: the text in front of each value
// that had to be read or skipped. Another record with the very same texts has
// the same fields at the same places, so its keys need no look-up.
//
// The values themselves are read as the scan reads them, and whatever the
// guess cannot say for sure is a miss: then the scan decides. Both stop at the
// same place and give the same answers.
type guess struct {
	steps   []step
	tail    []byte  // what follows the last value; nil where the rest is not read
	depth   int     // objects that are open behind the last value, where the rest is not read
	missing []*leaf // fields that such a record does not have
}

// action is what is to be done with a value.
type action uint8

const (
	skipStep   action = iota
	skipScalar        // skip, unless it is an object
	readStep
)

// step is a text that is expected, and what to do with the value behind it.
// The first and the last eight bytes are compared as words.
type step struct {
	text         string
	first, last  uint64
	mask, mask2  uint64 // of first and last, for texts shorter than a word
	lastOff, len int
	do           action
	leaf         *leaf
}

func (g *guess) reset() { g.steps, g.tail, g.missing = g.steps[:0], nil, g.missing[:0] }

// add appends a step.
func (g *guess) add(text []byte, do action, l *leaf) {
	s := step{text: string(text), len: len(text), do: do, leaf: l}
	var padded [8]byte
	copy(padded[:], text)
	s.first, s.mask = binary.LittleEndian.Uint64(padded[:]), ^uint64(0)
	if n := len(text); n < 8 {
		s.mask >>= 8 * (8 - n)
		s.last, s.mask2 = s.first, s.mask
	} else {
		s.lastOff = n - 8
		s.last, s.mask2 = binary.LittleEndian.Uint64(text[n-8:]), ^uint64(0)
	}
	g.steps = append(g.steps, s)
}

// toEnd says that records of the layout end with text.
func (g *guess) toEnd(text []byte) { g.tail = append([]byte{}, text...) }

// match reads the record at data[p:end] if it has the layout.
func (g *guess) match(data *[]byte, p, end int, row uint32) bool {
	for i := range g.steps {
		s := &g.steps[i]
		text := *data
		if p+s.len >= end {
			return false
		}
		if p+8 <= len(text) {
			if binary.LittleEndian.Uint64(text[p:])&s.mask != s.first ||
				binary.LittleEndian.Uint64(text[p+s.lastOff:])&s.mask2 != s.last ||
				s.len > 16 && string(text[p:p+s.len]) != s.text {
				return false
			}
		} else if string(text[p:p+s.len]) != s.text {
			return false
		}
		p += s.len
		var err error
		if s.do == readStep {
			p, err = s.leaf.read(data, p, end, row)
		} else {
			if s.do == skipScalar && text[p] == '{' {
				return false
			}
			p, err = jsontext.Skip(text[:end], p)
		}
		if err != nil {
			return false
		}
	}
	for _, l := range g.missing {
		if l.missing(row) != nil {
			return false
		}
	}
	if g.tail == nil {
		return endsRecord((*data)[:end], p, g.depth) == nil
	}
	return string((*data)[p:end]) == string(g.tail)
}

// maxGuesses is how many layouts are remembered: a stream may mix a few kinds
// of records.
const maxGuesses = 4

// patience is how many records in a row may miss before guessing is doubted;
// maxPause is how many are then scanned at most before the next guess.
const (
	patience = 8
	maxPause = 1024
)

// guesses are the layouts of the last records.
type guesses struct {
	known  [maxGuesses]*guess
	used   int
	last   int // the one that was right last
	oldest int // the one to learn anew
	misses int
	pause  int // records to scan without guessing
}

// match reads the record with the layout it has, if that is known.
func (g *guesses) match(data *[]byte, p, end int, row uint32) bool {
	if g.pause > 0 {
		g.pause--
		return false
	}
	if g.used == 0 {
		return false
	}
	if g.known[g.last].match(data, p, end, row) {
		g.misses = 0
		return true
	}
	for i, k := range g.known[:g.used] {
		if i != g.last && k.match(data, p, end, row) {
			g.last, g.misses = i, 0
			return true
		}
	}
	return false
}

// next returns the guess to learn from a record that none matched, nil while
// guessing pauses. Where guesses keep failing, ever fewer are made.
func (g *guesses) next() *guess {
	if g.pause > 0 {
		return nil
	}
	if g.misses++; g.misses > patience {
		g.pause = min(1<<(g.misses-patience), maxPause)
		g.misses = min(g.misses, patience+10)
	}
	if g.used < maxGuesses {
		g.known[g.used] = new(guess)
		g.oldest = g.used
		g.used++
	} else {
		g.oldest = (g.oldest + 1) % maxGuesses
	}
	k := g.known[g.oldest]
	k.reset()
	return k
}

// learned says whether the guess that next returned holds.
func (g *guesses) learned(ok bool) {
	if ok {
		g.last = g.oldest
		return
	}
	g.known[g.oldest].reset()
	g.known[g.oldest].tail = []byte{} // matches nothing
}
