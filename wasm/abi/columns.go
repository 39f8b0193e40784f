package abi

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Type is the type of a column or setting.
type Type uint8

// The types. Values of a fixed size stand one after the other, those of Text, Bytes and JSON
// behind each other, with offsets.
const (
	Bool      Type = 1 + iota // a byte for each row, 0 or 1
	Int                       // i64
	Float                     // f64
	Text                      // UTF-8
	Bytes                     // any bytes
	Time                      // i64, µs since 1970
	Duration                  // i64, µs
	JSON                      // the text of a list, map or record
	Selection                 // a bitmap of rows; only in what a guest returns
)

var typeNames = [...]string{"", "bool", "int", "float", "string", "bytes", "time", "duration", "json", "selection"}

// String returns the type's name in a manifest.
func (t Type) String() string {
	if t > 0 && int(t) < len(typeNames) {
		return typeNames[t]
	}
	return fmt.Sprintf("unknown (%d)", uint8(t))
}

// Width returns how many bytes a value has, 0 for types with offsets.
func (t Type) Width() int {
	switch t {
	case Bool:
		return 1
	case Int, Float, Time, Duration:
		return 8
	}
	return 0
}

// A Column is the values of a field, for all rows.
type Column struct {
	Type     Type
	Field    uint32
	Data     []byte
	Validity []byte // a bitmap of the rows that are not null; nil where none is
	Offsets  []byte // u32, one more than rows; nil for types of a fixed width
}

// Columns are the columns of a frame.
type Columns struct {
	frame       []byte
	descriptors []byte
}

// bitmapSize is how many bytes a bitmap of rows has.
func bitmapSize(rows int) int { return (rows + 7) / 8 }

// Padded is n bytes, and those up to the next multiple of 8.
func Padded(n int) int { return (n + 7) &^ 7 }

// ColumnRoom returns the bytes that a column needs in a frame, beside its descriptor.
func ColumnRoom(t Type, rows, data int, nulls bool) int {
	n := Padded(t.Width() * rows)
	if t.Width() == 0 {
		n = Padded(data) + Padded(4*(rows+1))
	}
	if nulls {
		n += Padded(bitmapSize(rows))
	}
	return n
}

// ColumnsWriter fills a frame of columns, that is HeaderSize, ColumnSize for each column and
// ColumnRoom for each long.
type ColumnsWriter struct {
	frame []byte
	rows  int
	next  int // descriptor
	data  int
}

// NewColumnsWriter begins a frame.
func NewColumnsWriter(frame []byte, rows, columns int, watermark int64) ColumnsWriter {
	Header{ColumnsFrame, uint32(len(frame)), uint32(rows), HeaderSize, uint32(columns), watermark}.put(frame)
	return ColumnsWriter{frame: frame, rows: rows, next: HeaderSize, data: HeaderSize + columns*ColumnSize}
}

// Add returns the memory of the next column, for the caller to fill. Where it has nulls, the validity says of
// all rows that they are null.
func (w *ColumnsWriter) Add(t Type, field uint32, data int, nulls bool) Column {
	d := w.frame[w.next : w.next+ColumnSize]
	w.next += ColumnSize
	clear(d)
	c := Column{Type: t, Field: field}
	d[0] = byte(t)
	binary.LittleEndian.PutUint32(d[4:], field)
	if t.Width() > 0 {
		data = t.Width() * w.rows
	}
	c.Data = w.take(d[8:], data)
	if nulls {
		c.Validity = w.take(d[16:], bitmapSize(w.rows))
		clear(c.Validity)
	}
	if t.Width() == 0 {
		at := w.data
		c.Offsets = w.frame[at : at+4*(w.rows+1)]
		binary.LittleEndian.PutUint32(d[24:], uint32(at))
		w.data += Padded(4 * (w.rows + 1))
	}
	return c
}

func (w *ColumnsWriter) take(at []byte, n int) []byte {
	binary.LittleEndian.PutUint32(at, uint32(w.data))
	binary.LittleEndian.PutUint32(at[4:], uint32(n))
	part := w.frame[w.data : w.data+n]
	w.data += Padded(n)
	return part
}

// SetValid says that a row of a column is not null.
func (c *Column) SetValid(row int) { c.Validity[row/8] |= 1 << (row % 8) }

// Valid reports whether a row of a column is not null.
func (c *Column) Valid(row int) bool { return c.Validity == nil || Bit(c.Validity, row) }

// Bit reports whether a row is in a bitmap.
func Bit(bitmap []byte, row int) bool { return bitmap[row/8]>>(row%8)&1 == 1 }

// Span returns the bytes of a row of a column with offsets.
func (c *Column) Span(row int) []byte {
	return c.Data[binary.LittleEndian.Uint32(c.Offsets[4*row:]):binary.LittleEndian.Uint32(c.Offsets[4*row+4:])]
}

// ParseSelection reads a frame with a bitmap of so many rows.
func ParseSelection(data []byte, rows uint32) (bitmap []byte, err error) {
	h, frame, err := ParseHeader(data)
	switch {
	case err != nil:
		return nil, err
	case h.Kind != SelectionFrame:
		return nil, fmt.Errorf("it is a frame of %s, not a selection", h.Kind)
	case h.Rows != rows || int64(h.Count) < int64(bitmapSize(int(rows))):
		return nil, fmt.Errorf("it is a selection of %d rows in %d bytes, there are %d rows", h.Rows, h.Count, rows)
	}
	return h.descriptors(frame), nil
}

// ParseColumns reads a frame of columns of so many rows.
func ParseColumns(data []byte, rows uint32) (Columns, error) {
	h, frame, err := ParseHeader(data)
	switch {
	case err != nil:
		return Columns{}, err
	case h.Kind != ColumnsFrame:
		return Columns{}, fmt.Errorf("it is a frame of %s, not of columns", h.Kind)
	case h.Rows != rows:
		return Columns{}, fmt.Errorf("its columns have %d rows, there are %d", h.Rows, rows)
	}
	c := Columns{frame, h.descriptors(frame)}
	if c.Len() > maxColumns {
		return Columns{}, fmt.Errorf("it has %d columns, at most %d are taken", c.Len(), maxColumns)
	}
	size := 0
	for i := range c.Len() {
		col, err := c.parse(i, int(rows))
		if err != nil {
			return Columns{}, fmt.Errorf("column %d: %w", i, err)
		}
		if size += len(col.Data); size > len(frame) {
			return Columns{}, fmt.Errorf("column %d: it overlaps with others", i)
		}
	}
	return c, nil
}

// maxColumns is how many columns a frame has at most.
const maxColumns = 1024

// Len returns how many there are.
func (c Columns) Len() int { return len(c.descriptors) / ColumnSize }

// At returns a column of a frame of so many rows that was parsed.
func (c Columns) At(i int, rows int) Column {
	col, _ := c.parse(i, rows) // ParseColumns has seen that it has no error
	return col
}

var errOutside = errors.New("a part of it is outside of the frame")

func (c Columns) parse(i, rows int) (col Column, err error) {
	d := c.descriptors[i*ColumnSize : (i+1)*ColumnSize]
	col.Type, col.Field = Type(d[0]), binary.LittleEndian.Uint32(d[4:])
	if col.Type < Bool || col.Type > Selection {
		return col, fmt.Errorf("its type is %s", col.Type)
	}
	var ok bool
	if col.Data, ok = span(c.frame, d[8:]); !ok {
		return col, errOutside
	}
	if binary.LittleEndian.Uint32(d[16:]) != 0 {
		if col.Validity, ok = span(c.frame, d[16:]); !ok {
			return col, errOutside
		}
		if len(col.Validity) < bitmapSize(rows) {
			return col, fmt.Errorf("its validity has %d bytes, for %d rows", len(col.Validity), rows)
		}
	}
	need := col.Type.Width() * rows
	if col.Type == Selection {
		need = bitmapSize(rows)
	}
	if len(col.Data) < need {
		return col, fmt.Errorf("it has %d bytes, for %d rows", len(col.Data), rows)
	}
	if col.Type.Width() == 0 && col.Type != Selection {
		return col, col.offsets(c.frame, uint64(binary.LittleEndian.Uint32(d[24:])), rows)
	}
	return col, nil
}

// offsets finds the offsets of a column, which grow and are inside of its data.
func (c *Column) offsets(frame []byte, at uint64, rows int) error {
	end := at + 4*(uint64(rows)+1)
	if end > uint64(len(frame)) {
		return errOutside
	}
	c.Offsets = frame[at:end]
	last := uint32(0)
	for o := c.Offsets; len(o) > 0; o = o[4:] {
		next := binary.LittleEndian.Uint32(o)
		if next < last || uint64(next) > uint64(len(c.Data)) {
			return fmt.Errorf("an offset is %d, after %d and of %d bytes", next, last, len(c.Data))
		}
		last = next
	}
	return nil
}
