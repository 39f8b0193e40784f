package serial

import "encoding/binary"

// Decoder takes stored numbers and texts apart, and remembers that one was none.
// What it returns then means nothing.
type Decoder struct {
	Rest []byte // what is not read yet
	Bad  bool   // something was not there, or no number
}

// Uint reads an unsigned varint.
func (d *Decoder) Uint() uint64 {
	v, n := binary.Uvarint(d.Rest)
	d.skip(n)
	return v
}

// Int reads a varint.
func (d *Decoder) Int() int64 {
	v, n := binary.Varint(d.Rest)
	d.skip(n)
	return v
}

// Byte reads a byte.
func (d *Decoder) Byte() byte {
	if len(d.Rest) == 0 {
		d.Bad = true
		return 0
	}
	b := d.Rest[0]
	d.Rest = d.Rest[1:]
	return b
}

// Text reads what [AppendText] has appended. It points into what is read.
func (d *Decoder) Text() []byte {
	n := d.length()
	text := d.Rest[:n]
	d.Rest = d.Rest[n:]
	return text
}

// skip goes on behind a number that took n bytes; none says that it was none.
func (d *Decoder) skip(n int) {
	if n <= 0 {
		d.Bad = true
		return
	}
	d.Rest = d.Rest[n:]
}

// length reads a number that cannot be larger than what is left.
func (d *Decoder) length() int {
	n := d.Uint()
	if d.Bad || n > uint64(len(d.Rest)) {
		d.Bad = true
		return 0
	}
	return int(n)
}
