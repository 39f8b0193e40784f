package onstream

import "unsafe"

// recordIn is a record that the host gives.
type recordIn struct {
	time        int64
	seq         uint64
	key, value  span
	headers     uint32
	headerCount uint16
	flags       uint16
}

const (
	hasKey  = 1
	hasTime = 2
)

// Records are the records of a call. What its methods return is valid during the call, and not to be changed.
type Records struct {
	frame   []byte
	records []recordIn
}

func (r *Records) parse(frame []byte) { r.frame, r.records = frame, descriptors[recordIn](frame) }

// Len returns how many rows there are.
func (r *Records) Len() int { return len(r.records) }

// Value returns the value of a row.
func (r *Records) Value(row int) []byte { return r.records[row].value.of(r.frame) }

// Key returns the key of a row, and whether it has one.
func (r *Records) Key(row int) (key []byte, ok bool) {
	d := &r.records[row]
	return d.key.of(r.frame), d.flags&hasKey != 0
}

// Time returns the event time of a row in µs, and whether it is known.
func (r *Records) Time(row int) (us int64, ok bool) {
	d := &r.records[row]
	return d.time, d.flags&hasTime != 0
}

// Seq returns the number that the source gave to a row, such as an offset; 0 where there is none.
func (r *Records) Seq(row int) uint64 { return r.records[row].seq }

// Headers returns how many headers a row has.
func (r *Records) Headers(row int) int { return int(r.records[row].headerCount) }

// Header returns a header of a row, by its number from 0.
func (r *Records) Header(row, i int) (name, value []byte) {
	d := &r.records[row]
	p := unsafe.Slice((*pair)(unsafe.Pointer(&r.frame[d.headers])), d.headerCount)[i]
	return p.name.of(r.frame), p.value.of(r.frame)
}
