package abi

import (
	"encoding/binary"
	"fmt"
)

// The flags of a record that the guest returns: what is as in the input.
const (
	SameKey uint8 = 1 << iota
	SameValue
	SameHeaders
	SameTime
	NoKey    // it has none
	allFlags = 1<<iota - 1
)

// Same is a record that is as it came.
const Same = SameKey | SameValue | SameHeaders | SameTime

// The fates of a record that the guest returns.
const (
	Emit uint8 = iota
	DeadLetter
	Retry
)

// Record is a record that the guest returns. It points into the frame.
type Record struct {
	Time       int64
	Row        uint32 // of the input, NoRow for none
	Port       uint16
	Flags      uint8
	Status     uint8
	Key, Value []byte
	Headers    Pairs
}

// Pairs are the headers of a record.
type Pairs struct {
	frame []byte
	at    uint32
	count uint16
}

// Len returns how many there are.
func (p Pairs) Len() int { return int(p.count) }

// At returns a header.
func (p Pairs) At(i int) (name, value []byte) {
	d := p.frame[int(p.at)+i*PairSize:]
	return within(p.frame, d), within(p.frame, d[8:])
}

// Records are the records that the guest returns.
type Records struct {
	frame       []byte
	descriptors []byte
	size        int
}

// Size returns how many bytes of keys, values and headers they have.
func (r Records) Size() int { return r.size }

// ParseRecords reads a frame of records that the guest made of so many rows, for so many ports. Ranges may overlap;
// what they have in all is at most limit bytes, which is what it costs to copy them. same is asked
// what it costs that something is as in a row; nil for nothing.
func ParseRecords(data []byte, rows uint32, ports, limit int, same func(row uint32) int) (Records, error) {
	h, frame, err := ParseHeader(data)
	if err != nil {
		return Records{}, err
	}
	if h.Kind != RecordsFrame {
		return Records{}, fmt.Errorf("it is a frame of %s, not of records", h.Kind)
	}
	r := Records{frame: frame, descriptors: h.descriptors(frame)}
	left := limit
	for i := range r.Len() {
		n, err := r.check(i, rows, ports, left)
		if err != nil {
			return Records{}, fmt.Errorf("record %d: %w", i, err)
		}
		if d := r.descriptors[i*RecordSize:]; d[14]&Same != 0 && same != nil {
			n += same(binary.LittleEndian.Uint32(d[8:]))
		}
		if left -= n; left < 0 {
			return Records{}, &LimitError{limit}
		}
	}
	r.size = limit - left
	return r, nil
}

// A LimitError says that what a guest returns is longer than it may be.
type LimitError struct{ Limit int }

// Error implements error.
func (e *LimitError) Error() string {
	return fmt.Sprintf("it has more than %d bytes of keys, values and headers", e.Limit)
}

// check returns how many bytes a record has; more than left may be told too low.
func (r Records) check(i int, rows uint32, ports, left int) (int, error) {
	d := r.descriptors[i*RecordSize : (i+1)*RecordSize]
	row, port := binary.LittleEndian.Uint32(d[8:]), binary.LittleEndian.Uint16(d[12:])
	flags, status := d[14], d[15]
	switch {
	case row >= rows && row != NoRow:
		return 0, fmt.Errorf("it is of row %d, there are %d", row, rows)
	case int(port) >= ports:
		return 0, fmt.Errorf("it is for port %d, there are %d", port, ports)
	case flags&^uint8(allFlags) != 0:
		return 0, fmt.Errorf("its flags %#x are not known", flags)
	case status > Retry:
		return 0, fmt.Errorf("its status %d is not known", status)
	case row == NoRow && (flags&Same != 0 || status != Emit):
		return 0, fmt.Errorf("it is of no row, and says that something is as there or that the row fails")
	}
	key, ok := span(r.frame, d[16:])
	if !ok {
		return 0, fmt.Errorf("its key is outside of the frame")
	}
	value, ok := span(r.frame, d[24:])
	if !ok {
		return 0, fmt.Errorf("its value is outside of the frame")
	}
	n := len(key) + len(value)
	pairs, err := pairsSize(r.frame, uint64(binary.LittleEndian.Uint32(d[32:])), uint64(binary.LittleEndian.Uint16(d[36:])), left-n)
	return n + pairs, err
}

// pairsSize returns how many bytes headers have, and stops at left.
func pairsSize(frame []byte, at, count uint64, left int) (n int, err error) {
	if count == 0 {
		return 0, nil
	}
	if at+count*PairSize > uint64(len(frame)) {
		return 0, fmt.Errorf("its headers are outside of the frame")
	}
	for d := frame[at : at+count*PairSize]; len(d) > 0 && n <= left; d = d[PairSize:] {
		name, ok := span(frame, d)
		value, ok2 := span(frame, d[8:])
		if !ok || !ok2 {
			return 0, fmt.Errorf("a header is outside of the frame")
		}
		n += PairSize + len(name) + len(value)
	}
	return n, nil
}

// Len returns how many there are.
func (r Records) Len() int { return len(r.descriptors) / RecordSize }

// At returns a record.
func (r Records) At(i int) Record {
	d := r.descriptors[i*RecordSize : (i+1)*RecordSize]
	return Record{
		Time: int64(binary.LittleEndian.Uint64(d)), Row: binary.LittleEndian.Uint32(d[8:]), Port: binary.LittleEndian.Uint16(d[12:]),
		Flags: d[14], Status: d[15], Key: within(r.frame, d[16:]), Value: within(r.frame, d[24:]),
		Headers: Pairs{r.frame, binary.LittleEndian.Uint32(d[32:]), binary.LittleEndian.Uint16(d[36:])},
	}
}
