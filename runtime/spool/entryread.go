package spool

import (
	"encoding/binary"
	"errors"

	"github.com/onstream/onstream/plugins"
)

var errEntry = errors.New("its checksum is right, but it is no batch")

// entryHead is what an entry says of all its records. It points into the entry.
type entryHead struct {
	flags    byte
	rows     int
	received int64
	name     []byte // of the partition, with its number and epoch
	number   int64
	epoch    int64
	preamble []byte
}

// decoder reads the numbers of an entry, and remembers that one was none.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.bad = true
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.bad = true
		return 0
	}
	d.rest = d.rest[n:]
	return v
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

func (d *decoder) bytes() []byte {
	n := d.length()
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

// head reads what an entry begins with.
func (d *decoder) head() (entryHead, error) {
	var h entryHead
	if len(d.rest) == 0 {
		return h, errEntry
	}
	h.flags = d.rest[0]
	d.rest = d.rest[1:]
	h.rows = d.length()
	h.received = d.int()
	h.name = d.bytes()
	h.number, h.epoch = d.int(), d.int()
	if h.flags&hasPreamble != 0 {
		h.preamble = d.bytes()
	}
	if d.bad || h.flags&^allFlags != 0 || h.flags&(hasValues|hasFailures) == 0 {
		return h, errEntry
	}
	return h, nil
}

// decode appends the rows behind the head to the batch's own. The entry ends in
// b.Data at end. The offsets that the source had are put into b.Offsets, where
// the sequence numbers belong: it is for the caller to replace them.
func (d *decoder) decode(b *plugins.Batch, h entryHead, end uint64) error {
	base := uint32(b.Len)
	values, keys, headers := len(b.Values), len(b.Keys), len(b.Headers)
	if h.flags&hasValues != 0 {
		b.Values = d.lengths(b.Values, b.SpareValues, h.rows)
	}
	if h.flags&hasKeys != 0 {
		b.Keys = d.lengths(b.Keys, b.SpareKeys, h.rows)
	}
	if h.flags&hasTimes != 0 {
		b.Times = d.differences(b.Times, b.SpareTimes, h.rows)
	}
	if h.flags&hasOffsets != 0 {
		b.Offsets = d.differences(b.Offsets, b.SpareOffsets, h.rows)
	}
	if h.flags&hasHeaders != 0 {
		d.headers(b, h.rows)
	}
	if h.flags&hasFailures != 0 {
		d.failures(b, base, h.rows)
	}
	if d.bad {
		return errEntry
	}
	at := follow(b.Values[values:], end-uint64(len(d.rest)))
	at = follow(b.Keys[keys:], at)
	for i := headers; i < len(b.Headers); i++ {
		x := &b.Headers[i]
		x.Name.Off, x.Value.Off = uint32(at), uint32(at)+x.Name.Len
		at += uint64(x.Name.Len) + uint64(x.Value.Len)
	}
	if at != end {
		return errEntry
	}
	b.Len += h.rows
	return nil
}

// lengths reads the lengths of the spans of rows.
func (d *decoder) lengths(spans []plugins.Span, spare func() []plugins.Span, rows int) []plugins.Span {
	if spans == nil {
		spans = spare()
	}
	for range rows {
		if d.bad {
			return spans
		}
		spans = append(spans, plugins.Span{Len: uint32(d.length())})
	}
	return spans
}

// follow lets spans follow each other from an offset, and returns where they end.
func follow(spans []plugins.Span, at uint64) uint64 {
	for i := range spans {
		spans[i].Off = uint32(at)
		at += uint64(spans[i].Len)
	}
	return at
}

// differences reads numbers that are each told by how far it is from the last.
func (d *decoder) differences(numbers []int64, spare func() []int64, rows int) []int64 {
	if numbers == nil {
		numbers = spare()
	}
	last := int64(0)
	for range rows {
		last += d.int()
		numbers = append(numbers, last)
	}
	return numbers
}

func (d *decoder) headers(b *plugins.Batch, rows int) {
	first := len(b.Headers)
	n := d.length()
	for range n {
		b.Headers = append(b.Headers, plugins.Header{
			Name:  plugins.Span{Len: uint32(d.length())},
			Value: plugins.Span{Len: uint32(d.length())},
		})
	}
	for range rows {
		off, length := d.uint(), d.uint()
		if off > uint64(n) || length > uint64(n)-off {
			d.bad = true
			return
		}
		b.HeaderRows = append(b.HeaderRows, plugins.Span{Off: uint32(first) + uint32(off), Len: uint32(length)})
	}
}

func (d *decoder) failures(b *plugins.Batch, base uint32, rows int) {
	for range d.length() {
		row := d.uint()
		f := plugins.Failure{Code: string(d.bytes()), Msg: string(d.bytes()), Expr: string(d.bytes())}
		if row >= uint64(rows) {
			d.bad = true
			return
		}
		b.Fail(base+uint32(row), f)
	}
}
