package serial

import "encoding/binary"

// decoder takes stored numbers and texts apart, and remembers that one was none.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.rest)
	d.skip(n)
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.rest)
	d.skip(n)
	return v
}

// skip goes on behind a number that took n bytes; none says that it was none.
func (d *decoder) skip(n int) {
	if n <= 0 {
		d.bad = true
		return
	}
	d.rest = d.rest[n:]
}

// length reads a number that cannot be larger than what is left.
func (d *decoder) length() int {
	n := d.uint()
	if n > uint64(len(d.rest)) {
		d.bad = true
		return 0
	}
	return int(n)
}

func (d *decoder) text() []byte {
	n := d.length()
	text := d.rest[:n]
	d.rest = d.rest[n:]
	return text
}
