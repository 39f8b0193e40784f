package handoff

import (
	"encoding/binary"
	"errors"
	"hash/crc32"

	"github.com/onstream/onstream/plugins"
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
// number, index, full, whether there is a position and that, the bytes of rows,
// and the CRC-32C of all before. Numbers are varints, texts have their length
// in front.
type entry struct {
	kind       byte
	generation int64
	owner      string
	number     int64 // of the commit
	index      int64 // of rows, within the commit; of a commit, how many there are
	full       bool  // the rows are all that there is
	position   plugins.Position
	rows       []byte
}

func (e *entry) append(dst []byte) []byte {
	from := len(dst)
	dst = append(dst, format, e.kind)
	dst = binary.AppendVarint(dst, e.generation)
	dst = appendText(dst, []byte(e.owner))
	dst = binary.AppendVarint(dst, e.number)
	dst = binary.AppendVarint(dst, e.index)
	dst = appendFlag(dst, e.full)
	dst = appendFlag(dst, e.position != nil)
	dst = appendText(dst, e.position)
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
	d := decoder{rest: body[2:]}
	e.kind = body[1]
	e.generation = d.varint()
	e.owner = string(d.text())
	e.number, e.index = d.varint(), d.varint()
	e.full = d.flag()
	has := d.flag()
	if at := d.text(); has {
		e.position = append(plugins.Position{}, at...)
	}
	e.rows = d.rest
	if d.bad || e.kind < claimEntry || e.kind > commitEntry {
		return e, errEntry
	}
	return e, nil
}

func appendText(dst, text []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

func appendFlag(dst []byte, yes bool) []byte {
	if yes {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// decoder takes numbers and texts apart, and remembers that one was none.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.rest)
	d.skip(n)
	return v
}

func (d *decoder) text() []byte {
	v, n := binary.Uvarint(d.rest)
	d.skip(n)
	if v > uint64(len(d.rest)) {
		d.bad = true
	}
	if d.bad {
		return nil
	}
	text := d.rest[:v]
	d.rest = d.rest[v:]
	return text
}

func (d *decoder) byte() byte {
	if len(d.rest) == 0 {
		d.bad = true
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *decoder) flag() bool { return d.byte() == 1 }

func (d *decoder) skip(n int) {
	if n <= 0 {
		d.bad, n = true, 0
	}
	d.rest = d.rest[n:]
}
