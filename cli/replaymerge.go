package cli

import (
	"crypto/sha256"
	"fmt"
	"strconv"
)

// merger finds the dead letters that are of one record: one that failed on
// several ways is to be replayed once.
//
// What has the same payload and was at the same place is the same record, or
// one that was there later: a file may be another one after a rotation. A stage
// fails a record once, so as many records were there as one stage has letters,
// unless a crash made it write some of them again: once takes all for repeats.
type merger struct {
	once    bool
	repeats int              // letters of a stage that are like an earlier one, and taken for another record
	records map[identity]int // that were found
	letters map[identity]int // likewise with the stage
}

// identity is a hash of what tells records apart.
type identity [16]byte

func newMerger(once bool) *merger {
	return &merger{once: once, records: map[identity]int{}, letters: map[identity]int{}}
}

// another reports whether a dead letter is of a record that none before was of.
// One that does not tell where its record was is always taken for that.
func (m *merger) another(x letter, payload []byte) bool {
	if x.Partition == nil || x.Offset == nil {
		return true
	}
	place := identify([]byte(x.Pipeline), []byte(*x.Partition), strconv.AppendInt(nil, *x.Offset, 10), payload)
	here := identify(place[:], []byte(*x.Stage))
	m.letters[here]++
	if m.letters[here] <= m.records[place] || m.once && m.records[place] > 0 {
		return false
	}
	if m.letters[here] > 1 {
		m.repeats++
	}
	m.records[place]++
	return true
}

func identify(parts ...[]byte) (id identity) {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	copy(id[:], h.Sum(nil))
	return id
}
