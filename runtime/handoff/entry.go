package handoff

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"maps"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/serial"
)

// format is the version of the entries.
const format = 1

// The kinds of entries.
const (
	claimEntry byte = 1 + iota
	rowsEntry
	commitEntry
)

// maxRows is how many bytes of rows one entry has at most.
const maxRows = plugins.MaxStateEntry - 4096

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	errEntry   = errors.New("an entry of the log does not check")
	errNewer   = errors.New("the log was written by a newer onstream: use that version here, too")
)

// entry is one entry of a log. Its form is: format, kind, generation, owner,
// number, index, flag, whether there is a position and that, the bytes of rows,
// and the CRC-32C of all before. Numbers are varints, texts have their length
// in front.
type entry struct {
	kind       byte
	generation int64
	owner      string
	number     int64 // of the commit
	// index is, of rows, which they are within the commit; of a commit, how many
	// there are; of a claim 1 where it only says again whose the partition is.
	index int64
	// flag says of rows and a commit that they are all that there is; of a claim
	// that the group knows of no owner.
	flag     bool
	position plugins.Position
	rows     []byte // of a claim, what the owner keeps: addresses and texts
}

func (e *entry) append(dst []byte) []byte {
	from := len(dst)
	dst = append(dst, format, e.kind)
	dst = binary.AppendVarint(dst, e.generation)
	dst = serial.AppendText(dst, e.owner)
	dst = binary.AppendVarint(dst, e.number)
	dst = binary.AppendVarint(dst, e.index)
	dst = appendFlag(dst, e.flag)
	dst = appendFlag(dst, e.position != nil)
	dst = serial.AppendText(dst, e.position)
	dst = append(dst, e.rows...)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[from:], castagnoli))
}

// readEntry reads an entry. It points into data.
func readEntry(data []byte) (e entry, err error) {
	if len(data) > 0 && data[0] > format {
		return e, errNewer
	}
	if len(data) < 6 || data[0] != format {
		return e, errEntry
	}
	body, sum := data[:len(data)-4], data[len(data)-4:]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(sum) {
		return e, errEntry
	}
	d := serial.Decoder{Rest: body[2:]}
	e.kind = body[1]
	e.generation = d.Int()
	e.owner = string(d.Text())
	e.number, e.index = d.Int(), d.Int()
	e.flag = d.Byte() == 1
	has := d.Byte() == 1
	if at := d.Text(); has {
		e.position = append(plugins.Position{}, at...)
	}
	e.rows = d.Rest
	if d.Bad || e.kind < claimEntry || e.kind > commitEntry {
		return e, errEntry
	}
	return e, nil
}

func appendFlag(dst []byte, yes bool) []byte {
	if yes {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// entry makes the entry of a claim.
func (c *Claim) entry(again bool) entry {
	e := entry{kind: claimEntry, generation: c.Generation, owner: c.Owner, flag: c.Anew}
	if again {
		e.index = 1
	}
	for _, addr := range slices.Sorted(maps.Keys(c.Keeps)) {
		e.rows = serial.AppendText(serial.AppendText(e.rows, addr), c.Keeps[addr])
	}
	return e
}

// keeps reads what the owner keeps who has made a claim.
func (e *entry) keeps() (map[string]string, error) {
	d := serial.Decoder{Rest: e.rows}
	keeps := map[string]string{}
	for len(d.Rest) > 0 && !d.Bad {
		addr := string(d.Text())
		keeps[addr] = string(d.Text())
	}
	if d.Bad {
		return nil, errEntry
	}
	return keeps, nil
}
