package onstream

import "unsafe"

// Output is what a call gives out. A behaviour uses of it what its manifest says that it returns: records, a selection, or
// columns.
//
// A row that is neither passed nor named otherwise is dropped, and counted.
type Output struct {
	rows    int
	data    []byte // the frame of records so far
	records []recordOut
	pairs   []pair

	selection Bitmap
	selects   bool
	bitmap    []byte // memory of the frame of a selection
	columns   columnsOut
}

// recordOut is a record that the guest returns.
type recordOut struct {
	time          int64
	row           uint32
	port          uint16
	flags, status uint8
	key, value    span
	headers       uint32 // the index in pairs, until there is a frame
	headerCount   uint16
	_             uint16
}

// What is as in the row.
const (
	sameKey uint8 = 1 << iota
	sameValue
	sameHeaders
	sameTime
	noKey
	same = sameKey | sameValue | sameHeaders | sameTime
)

// What becomes of a row.
const (
	fails   = 1
	retries = 2
)

const noRow = 1<<32 - 1

func (o *Output) reset(rows int) {
	if o.data == nil {
		o.data = make([]byte, headerSize, 4<<10)
	}
	o.rows, o.selects = rows, false
	o.data, o.records, o.pairs = o.data[:headerSize], o.records[:0], o.pairs[:0]
	o.columns.reset()
}

// Pass gives a row out as it is.
func (o *Output) Pass(row int) {
	o.records = append(o.records, recordOut{row: uint32(row), flags: same})
}

// Fail has a row leave by the error output, with the reason.
func (o *Output) Fail(row int, reason string) {
	at := o.keepString(reason)
	o.records = append(o.records, recordOut{row: uint32(row), status: fails, value: at})
}

// Retry asks for a row to be given again, after the others of its batch. The fourth time it fails.
func (o *Output) Retry(row int) {
	o.records = append(o.records, recordOut{row: uint32(row), status: retries})
}

// Record gives out a record that is as a row, until something of it is set. A row may be given out
// any number of times.
func (o *Output) Record(row int) Record {
	o.Pass(row)
	return Record{o, len(o.records) - 1}
}

// New gives out a record of no row: without a key, without a time, and empty, until something of it is set.
func (o *Output) New() Record {
	o.records = append(o.records, recordOut{time: noTime, row: noRow, flags: noKey})
	return Record{o, len(o.records) - 1}
}

// Flush gives out what there is so far, before all else. It is for calls whose records are more than are good to
// hold at a time; what a call gives out is limited all the same.
func (o *Output) Flush() {
	if f := o.recordsFrame(); f != nil {
		hostEmit(start(f), uint32(len(f)))
	}
	o.data, o.records, o.pairs = o.data[:headerSize], o.records[:0], o.pairs[:0]
}

func (o *Output) keep(b []byte) span {
	s := span{uint32(len(o.data)), uint32(len(b))}
	o.data = append(o.data, b...)
	return s
}

func (o *Output) keepString(s string) span { return o.keep(unsafe.Slice(unsafe.StringData(s), len(s))) }

// Record is a record that is given out. It is valid until the end of the call, or until Flush.
type Record struct {
	out   *Output
	index int
}

func (r Record) entry() *recordOut { return &r.out.records[r.index] }

// SetValue sets the value, of which a copy is kept.
func (r Record) SetValue(value []byte) Record {
	d := r.entry()
	d.value, d.flags = r.out.keep(value), d.flags&^sameValue
	return r
}

// SetKey sets the key, of which a copy is kept.
func (r Record) SetKey(key []byte) Record {
	d := r.entry()
	d.key, d.flags = r.out.keep(key), d.flags&^(sameKey|noKey)
	return r
}

// RemoveKey leaves the record without a key.
func (r Record) RemoveKey() Record {
	d := r.entry()
	d.flags = d.flags&^sameKey | noKey
	return r
}

// SetTime sets the event time, in µs.
func (r Record) SetTime(us int64) Record {
	d := r.entry()
	d.time, d.flags = us, d.flags&^sameTime
	return r
}

// RemoveHeaders leaves the record without headers.
func (r Record) RemoveHeaders() Record {
	d := r.entry()
	d.flags, d.headerCount = d.flags&^sameHeaders, 0
	return r
}

// AddHeader adds a header, instead of those of the row. It is for the record that was given out last.
func (r Record) AddHeader(name, value []byte) Record {
	d := r.entry()
	if r.index != len(r.out.records)-1 {
		panic("onstream: a header is added to a record behind which others were given out: add headers first")
	}
	if d.headerCount == 0 {
		d.headers = uint32(len(r.out.pairs))
	}
	d.flags &^= sameHeaders
	d.headerCount++
	r.out.pairs = append(r.out.pairs, pair{r.out.keep(name), r.out.keep(value)})
	return r
}

// To gives the record out by a port, by its number in the manifest from 1; 0 is the output without a name.
func (r Record) To(port int) Record {
	r.entry().port = uint16(port)
	return r
}

// frame is what the call returns, nil for nothing.
func (o *Output) frame() []byte {
	switch {
	case o.columns.used():
		return o.columns.frame(o.rows, o.selects, o.selection)
	case o.selects:
		return o.selectionFrame()
	}
	return o.recordsFrame()
}

// recordsFrame puts the descriptors behind the bytes: so none of these have to be moved.
func (o *Output) recordsFrame() []byte {
	if len(o.records) == 0 {
		return nil
	}
	o.data = aligned(o.data)
	if len(o.pairs) > 0 {
		first := uint32(len(o.data))
		o.data = append(o.data, bytesOf(o.pairs)...)
		for i := range o.records {
			if d := &o.records[i]; d.headerCount > 0 {
				d.headers = first + 16*d.headers
			}
		}
	}
	at := uint32(len(o.data))
	o.data = append(o.data, bytesOf(o.records)...)
	*headerOf(o.data) = header{magic: magic, kind: recordsFrame, size: uint32(len(o.data)), rows: uint32(o.rows), descriptors: at, count: uint32(len(o.records))}
	return o.data
}

// aligned appends zeros up to a multiple of 8.
func aligned(b []byte) []byte {
	for len(b)%8 != 0 {
		b = append(b, 0)
	}
	return b
}

// Selection returns the rows that stay, of a behaviour that returns a selection or columns: none of them at first. Where a behaviour that returns
// columns does not call it, all of them stay.
func (o *Output) Selection() Bitmap {
	if !o.selects {
		n := (o.rows + 7) / 8
		if cap(o.selection) < n {
			o.selection = make(Bitmap, n)
		}
		o.selection, o.selects = o.selection[:n], true
		clear(o.selection)
	}
	return o.selection
}

func (o *Output) selectionFrame() []byte {
	o.bitmap = append(append(o.bitmap[:0], make([]byte, headerSize)...), o.selection...)
	*headerOf(o.bitmap) = header{magic: magic, kind: selectionFrame, size: uint32(len(o.bitmap)), rows: uint32(o.rows), descriptors: headerSize, count: uint32(len(o.selection))}
	return o.bitmap
}

// Bitmap says something about each row.
type Bitmap []byte

// Has reports whether it is so of a row. Of a nil Bitmap all are so.
func (b Bitmap) Has(row int) bool { return b == nil || b[row>>3]>>(row&7)&1 != 0 }

// Add makes it so of a row.
func (b Bitmap) Add(row int) { b[row>>3] |= 1 << (row & 7) }

// Remove makes it not so of a row.
func (b Bitmap) Remove(row int) { b[row>>3] &^= 1 << (row & 7) }
