package transforms

import (
	"encoding/binary"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
)

// The spaces of the state of a join; its table uses two.
const (
	joinTableSpace      = plugins.KeySpace
	joinClockSpace byte = 3 // of the left input; that of the right one is the next
)

// heldKey is what an interval join keeps of a key.
type heldKey struct {
	mark  int64 // times before it are over
	sides [2]heldSide
}

// heldSide is what it keeps of a key of one input.
type heldSide struct {
	rows []heldRow // by time, those of the same time as they came
	// Before there is a record, Own is the time of the other side's first, and
	// Lane that of this input then.
	keyed.Time
	shown bool  // there was a record
	wall  int64 // the time of the pipeline's clock at the last one
}

// heldRow is a record that may find partners yet.
type heldRow struct {
	at      int64
	matched bool
	values  []byte // as joinSide.appendRow writes them
}

// shift takes the first row off.
func (s *heldSide) shift() heldRow {
	r := s.rows[0]
	if len(s.rows) <= 64 { // to move so few is cheaper than to lose the room of one
		s.rows = slices.Delete(s.rows, 0, 1)
		return r
	}
	s.rows[0] = heldRow{}
	s.rows = s.rows[1:]
	return r
}

// tableRow is what a table join keeps of a key.
type tableRow struct {
	keyed.Time // of the right input
	values     []byte
}

func encodeHeldKey(dst []byte, k *heldKey) []byte {
	dst = binary.AppendVarint(dst, k.mark)
	for p := range k.sides {
		s := &k.sides[p]
		dst = binary.AppendVarint(dst, s.Own)
		dst = appendFlag(dst, s.shown)
		dst = binary.AppendVarint(dst, s.Lane)
		dst = binary.AppendVarint(dst, s.wall)
		dst = binary.AppendUvarint(dst, uint64(len(s.rows)))
		for _, r := range s.rows {
			dst = binary.AppendVarint(dst, r.at)
			dst = appendFlag(dst, r.matched)
			dst = binary.AppendUvarint(dst, uint64(len(r.values)))
			dst = append(dst, r.values...)
		}
	}
	return dst
}

func decodeHeldKey(src []byte, k *heldKey) error {
	r := stateReader{rest: src}
	k.mark = r.varint()
	for p := range k.sides {
		s := &k.sides[p]
		s.Own, s.shown, s.Lane, s.wall = r.varint(), r.flag(), r.varint(), r.varint()
		for range r.size() {
			s.rows = append(s.rows, heldRow{at: r.varint(), matched: r.flag(), values: r.bytes()})
		}
	}
	return r.end()
}

func encodeTableRow(dst []byte, t *tableRow) []byte {
	dst = binary.AppendVarint(dst, t.Own)
	dst = binary.AppendVarint(dst, t.Lane)
	dst = binary.AppendUvarint(dst, uint64(len(t.values)))
	return append(dst, t.values...)
}

func decodeTableRow(src []byte, t *tableRow) error {
	r := stateReader{rest: src}
	t.Own, t.Lane, t.values = r.varint(), r.varint(), r.bytes()
	return r.end()
}
