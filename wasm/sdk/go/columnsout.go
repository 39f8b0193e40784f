package onstream

import "unsafe"

// columnsOut are the columns that a call gives out. Those of a fixed width are given to the behaviour in the frame itself, so that
// they do not have to be copied; where it had to grow since, the old memory is what the behaviour has filled.
type columnsOut struct {
	data    []byte // the frame so far
	columns []columnOut
	n       int // of columns that are used
}

// columnOut is a column that is given out.
type columnOut struct {
	column
	filled  []byte // what the behaviour was given, of a fixed width
	texts   []byte // of no fixed width
	offsets []uint32
	nulls   Bitmap // of rows that are not null
	hasNull bool
}

func (c *columnsOut) reset() {
	c.n = 0
	c.data = c.data[:0]
}

func (c *columnsOut) used() bool { return c.n > 0 }

// add returns the column of a field, and whether it is new.
func (c *columnsOut) add(output int, typ uint32) (col *columnOut, isNew bool) {
	for i := range c.n {
		if c.columns[i].field == uint32(output) {
			return &c.columns[i], false
		}
	}
	if c.n == len(c.columns) {
		c.columns = append(c.columns, columnOut{})
	}
	col = &c.columns[c.n]
	c.n++
	col.column = column{typ: typ, field: uint32(output)}
	col.filled, col.texts, col.offsets, col.hasNull = nil, col.texts[:0], col.offsets[:0], false
	return col, true
}

// room returns where n bytes at the end of the frame begin, which is at a multiple of 8.
func (c *columnsOut) room(n int) int {
	if len(c.data) == 0 {
		c.data = append(c.data, make([]byte, headerSize)...)
	}
	c.data = aligned(c.data)
	at := len(c.data)
	if at+n > cap(c.data) {
		grown := make([]byte, at, 2*(at+n))
		copy(grown, c.data)
		c.data = grown
	}
	c.data = c.data[:at+n]
	return at
}

func fill[T any](o *Output, output int, typ uint32) []T {
	col, isNew := o.columns.add(output, typ)
	if o.rows == 0 {
		return nil
	}
	if isNew {
		var one T
		n := o.rows * int(unsafe.Sizeof(one))
		at := o.columns.room(n)
		col.data = span{uint32(at), uint32(n)}
		col.filled = o.columns.data[at : at+n : at+n]
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&col.filled[0])), o.rows)
}

// Bools returns an output of the type bool, by its index in the manifest, to be filled: a value for each row.
func (o *Output) Bools(output int) []bool { return fill[bool](o, output, typeBool) }

// Ints returns an output of the type int to be filled.
func (o *Output) Ints(output int) []int64 { return fill[int64](o, output, typeInt) }

// Floats returns an output of the type float to be filled. They are to be finite, where the row stays and is not null.
func (o *Output) Floats(output int) []float64 { return fill[float64](o, output, typeFloat) }

// Times returns an output of the type time to be filled, in µs.
func (o *Output) Times(output int) []int64 { return fill[int64](o, output, typeTime) }

// Durations returns an output of the type duration to be filled, in µs.
func (o *Output) Durations(output int) []int64 { return fill[int64](o, output, typeDuration) }

// AppendString adds the value of the next row, from 0, of an output of the type string. It is to be UTF-8, where the row stays and is not
// null.
func (o *Output) AppendString(output int, value []byte) { o.appendText(output, typeString, value) }

// AppendBytes adds the value of the next row, from 0, of an output of the type bytes.
func (o *Output) AppendBytes(output int, value []byte) { o.appendText(output, typeBytes, value) }

func (o *Output) appendText(output int, typ uint32, value []byte) {
	col, _ := o.columns.add(output, typ)
	if len(col.offsets) == 0 {
		col.offsets = append(col.offsets, 0)
	}
	col.texts = append(col.texts, value...)
	col.offsets = append(col.offsets, uint32(len(col.texts)))
}

// SetNull makes a row of an output null. What it has been filled with does not count, and it has to have something there all the same.
func (o *Output) SetNull(output, row int) {
	for i := range o.columns.n {
		col := &o.columns.columns[i]
		if col.field != uint32(output) {
			continue
		}
		if !col.hasNull {
			n := (o.rows + 7) / 8
			if cap(col.nulls) < n {
				col.nulls = make(Bitmap, n)
			}
			col.nulls, col.hasNull = col.nulls[:n], true
			for k := range col.nulls {
				col.nulls[k] = 0xff
			}
		}
		col.nulls.Remove(row)
		return
	}
	panic("onstream: a row is null in an output that has no values so far: fill it first")
}

// put appends bytes to the frame, at a multiple of 8.
func (c *columnsOut) put(b []byte) span {
	at := c.room(len(b))
	copy(c.data[at:], b)
	return span{uint32(at), uint32(len(b))}
}

func (c *columnsOut) frame(rows int, selects bool, selection Bitmap) []byte {
	for i := range c.n {
		col := &c.columns[i]
		if len(col.offsets) > 0 {
			if len(col.offsets) != rows+1 {
				panic("onstream: an output has a value too many or too few: append one for each row")
			}
			col.data = c.put(col.texts)
			col.column.offsets = c.put(bytesOf(col.offsets)).at
		}
		if col.hasNull {
			col.validity = c.put(col.nulls)
		}
	}
	if selects {
		col, _ := c.add(-1, typeSelection) // of no output
		col.field, col.data = 0, c.put(selection)
	}
	at := c.room(c.n * int(unsafe.Sizeof(column{})))
	for i := range c.n {
		col := &c.columns[i]
		if n := len(col.filled); n > 0 && &col.filled[0] != &c.data[col.data.at] { // the frame has grown since
			copy(c.data[col.data.at:], col.filled)
		}
		*(*column)(unsafe.Pointer(&c.data[at+i*int(unsafe.Sizeof(column{}))])) = col.column
	}
	*headerOf(c.data) = header{magic: magic, kind: columnsFrame, size: uint32(len(c.data)), rows: uint32(rows), descriptors: uint32(at), count: uint32(c.n)}
	return c.data
}
