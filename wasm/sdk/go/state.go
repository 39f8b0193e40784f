package onstream

import "unsafe"

// Space is a namespace of the state, by its number in the manifest, from 0. In it a key has values by names.
//
// A row stands for its key: what is put for a row is there for all rows of the same key, now and later, also after a restart and on
// another machine, and for no others.
type Space uint32

const absent = -1

// buffer is what values are read into.
var buffer = make([]byte, 1<<10)

// enough makes room for n bytes in buffer.
func enough(n int) {
	if n > len(buffer) {
		buffer = make([]byte, n+n/2)
	}
}

// Get returns the value of a name, valid until the next read of a value, and whether there is one.
func (s Space) Get(row int, name string) (value []byte, ok bool) {
	for {
		n := int(hostStateGet(uint32(s), uint32(row), pointer(name), uint32(len(name)), start(buffer), uint32(len(buffer))))
		if n == absent {
			return nil, false
		}
		if n <= len(buffer) {
			return buffer[:n], true
		}
		enough(n)
	}
}

// Put sets the value of a name.
func (s Space) Put(row int, name string, value []byte) { s.PutFor(row, name, value, 0) }

// PutFor sets the value of a name, which goes after so many µs by the clock of the stage: event time where it has that.
func (s Space) PutFor(row int, name string, value []byte, ttl int64) {
	hostStatePut(uint32(s), uint32(row), pointer(name), uint32(len(name)), start(value), uint32(len(value)), ttl)
}

// Delete removes the value of a name, and reports whether there was one.
func (s Space) Delete(row int, name string) bool {
	return hostStateDelete(uint32(s), uint32(row), pointer(name), uint32(len(name))) != absent
}

// GetMany returns the values of a name for rows, valid until the next read of a value. It costs less than as many calls of Get, and tells
// what was there before: where several of the rows have the same key, what is put for one is not seen in those behind it.
func (s Space) GetMany(name string, rows []uint32) Values {
	return s.getMany(name, unsafe.Pointer(unsafe.SliceData(rows)), len(rows))
}

// GetAll is GetMany for the first n rows.
func (s Space) GetAll(name string, n int) Values { return s.getMany(name, nil, n) }

func (s Space) getMany(name string, rows unsafe.Pointer, count int) Values {
	for count > 0 {
		n := int(hostStateGetMany(uint32(s), pointer(name), uint32(len(name)), rows, uint32(count), start(buffer), uint32(len(buffer))))
		if n <= len(buffer) {
			return Values{buffer[:n], unsafe.Slice((*span)(start(buffer)), count)}
		}
		enough(n)
	}
	return Values{}
}

// Values are the values of a name for several rows.
type Values struct {
	data  []byte
	spans []span
}

// At returns the value of the i-th of the rows, and whether there is one.
func (v Values) At(i int) (value []byte, ok bool) {
	if v.spans[i].n == 1<<32-1 {
		return nil, false
	}
	return v.spans[i].of(v.data), true
}
