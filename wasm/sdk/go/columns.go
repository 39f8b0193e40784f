package onstream

import "unsafe"

// The types of columns and settings.
const (
	typeBool = 1 + iota
	typeInt
	typeFloat
	typeString
	typeBytes
	typeTime
	typeDuration
	typeJSON
	typeSelection
)

// column is a column of a frame.
type column struct {
	typ      uint32 // a byte, and three that are zero
	field    uint32
	data     span
	validity span
	offsets  uint32
	_        uint32
}

// Columns are the columns of a call: of each input of the manifest, by its index there, a value for each row. They are the memory
// that the host has written to, valid during the call.
type Columns struct {
	frame   []byte
	rows    int
	columns []column
}

func (c *Columns) parse(frame []byte) {
	c.frame, c.rows, c.columns = frame, int(headerOf(frame).rows), descriptors[column](frame)
}

// Len returns how many rows there are.
func (c *Columns) Len() int { return c.rows }

func (c *Columns) column(input int, typ uint32, other uint32) *column {
	d := &c.columns[input]
	if d.typ != typ && d.typ != other {
		panic("onstream: the column is asked for with another type than the manifest gives it")
	}
	return d
}

// Valid returns the rows of an input that are not null; nil, of which all are so, where none is.
func (c *Columns) Valid(input int) Bitmap {
	d := &c.columns[input]
	if d.validity.at == 0 {
		return nil
	}
	return Bitmap(d.validity.of(c.frame))
}

func fixed[T any](c *Columns, d *column) []T {
	if c.rows == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&c.frame[d.data.at])), c.rows)
}

// Bools returns an input of the type bool.
func (c *Columns) Bools(input int) []bool { return fixed[bool](c, c.column(input, typeBool, typeBool)) }

// Ints returns an input of the type int.
func (c *Columns) Ints(input int) []int64 { return fixed[int64](c, c.column(input, typeInt, typeInt)) }

// Floats returns an input of the type float.
func (c *Columns) Floats(input int) []float64 {
	return fixed[float64](c, c.column(input, typeFloat, typeFloat))
}

// Micros returns an input of the type time or duration, in µs.
func (c *Columns) Micros(input int) []int64 {
	return fixed[int64](c, c.column(input, typeTime, typeDuration))
}

// Texts returns an input of the type string, bytes or json.
func (c *Columns) Texts(input int) Texts {
	d := &c.columns[input]
	if d.offsets == 0 {
		panic("onstream: the column is asked for as texts, and has values of another type")
	}
	return Texts{c.frame[d.data.at : d.data.at+d.data.n], unsafe.Slice((*uint32)(unsafe.Pointer(&c.frame[d.offsets])), c.rows+1)}
}

// Texts are the values of a column that have no fixed width.
type Texts struct {
	data    []byte
	offsets []uint32
}

// At returns the bytes of a row.
func (t Texts) At(row int) []byte {
	end := t.offsets[row+1]
	return t.data[t.offsets[row]:end:end]
}
