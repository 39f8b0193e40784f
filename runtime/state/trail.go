package state

import (
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// The trail notices commits that are missing in the middle. Where Pebble finds
// a MANIFEST whose last records do not check, it takes them for ones that were
// never finished, and with them forgets files that hold commits whose log is
// gone. So each commit notes its number in two rows: one for it alone, of which
// the last trailSlots remain, and one for the trailSlots commits around it, of
// which the last trailBlocks remain. These are more commits than fit into what
// Pebble writes at once, and it is such runs of commits that can be missing.
const (
	trailSlots  = 64
	trailBlocks = 4096
)

func slotKey(number int64) []byte {
	return append(systemKey(rowSlot, ""), byte(number%trailSlots))
}

func blockKey(number int64) []byte {
	return binary.BigEndian.AppendUint16(systemKey(rowBlock, ""), uint16(number/trailSlots%trailBlocks))
}

// leaveTrail adds the rows of a commit.
func leaveTrail(b *pebble.Batch, number int64) {
	set(b, slotKey(number), numberValue(number))
	set(b, blockKey(number), numberValue(number))
}

// trail is the rows that were found, by key.
type trail map[string]int64

// check says whether a commit is missing up to the last.
func (t trail) check(last int64) error {
	for n := last; n > 0 && n > last-trailSlots; n-- {
		if t[string(slotKey(n))] != n {
			return missing(n, last)
		}
	}
	block := last / trailSlots
	for i := block; i >= 0 && i > block-trailBlocks; i-- {
		newest := min(last, i*trailSlots+trailSlots-1)
		if newest > 0 && t[string(blockKey(newest))] != newest {
			return missing(newest, last)
		}
	}
	return nil
}

func missing(number, last int64) error {
	return fmt.Errorf("checkpoint %d is missing and %d is there", number, last)
}
