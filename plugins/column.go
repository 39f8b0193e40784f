package plugins

import (
	"math"
	"strconv"
	"time"
)

// Span is a run of bytes: data[Off : Off+Len].
type Span struct{ Off, Len uint32 }

// Of returns the bytes of the span, clipped so that appending copies.
func (s Span) Of(data []byte) []byte {
	end := int(s.Off) + int(s.Len)
	return data[s.Off:end:end]
}

// Column holds the values of one field for the rows of a batch, indexed by
// row. Only rows that were selected when it was filled have defined values.
//
// Which slice holds the values depends on Kind:
//
//	Bool                         Bools
//	Int, Time, Duration          Ints
//	Float                        Floats
//	String, Bytes                Spans into Data
//	List, Map, Record            Spans into Data, JSON text
//	Any                          Kinds says which; scalars in Ints (a Bool
//	                             is 0 or 1, a Float its IEEE 754 bits),
//	                             the others in Spans into Data
//
// A column is owned by whoever filled it, until that one fills it again.
type Column struct {
	Kind   Kind
	Nulls  []bool // nil when no row is null; not used by Any, whose Kinds say Null
	Bools  []bool
	Ints   []int64
	Floats []float64
	Spans  []Span
	Data   []byte
	Kinds  []Kind

	nulls []bool // memory of Nulls while no row is null
}

// Reset prepares the column for n rows of a kind, keeping its memory. Values
// are undefined until set, no row is null, and Data is kept: set it or
// truncate it.
func (c *Column) Reset(k Kind, n int) {
	c.Kind = k
	if c.Nulls != nil {
		c.nulls = c.Nulls
		c.Nulls = nil
	}
	switch k {
	case Bool:
		c.Bools = sized(c.Bools, n)
	case Int, Time, Duration:
		c.Ints = sized(c.Ints, n)
	case Float:
		c.Floats = sized(c.Floats, n)
	case Any:
		c.Kinds = sized(c.Kinds, n)
		c.Ints = sized(c.Ints, n)
		c.Spans = sized(c.Spans, n)
	default:
		c.Spans = sized(c.Spans, n)
	}
}

func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/4)
	}
	return s[:n]
}

// Rows returns how many rows the column was reset for.
func (c *Column) Rows() int {
	switch c.Kind {
	case Bool:
		return len(c.Bools)
	case Int, Time, Duration:
		return len(c.Ints)
	case Float:
		return len(c.Floats)
	case Any:
		return len(c.Kinds)
	default:
		return len(c.Spans)
	}
}

// IsNull reports whether row i is null.
func (c *Column) IsNull(i uint32) bool {
	if c.Kind == Any {
		return c.Kinds[i] == Null
	}
	return c.Nulls != nil && c.Nulls[i]
}

// SetNull makes row i null.
func (c *Column) SetNull(i uint32) {
	if c.Kind == Any {
		c.Kinds[i] = Null
		return
	}
	if c.Nulls == nil {
		n := c.Rows()
		c.Nulls = sized(c.nulls, n)
		clear(c.Nulls)
	}
	c.Nulls[i] = true
}

// Bytes returns the bytes of row i of a column whose kind uses Spans.
func (c *Column) Bytes(i uint32) []byte { return c.Spans[i].Of(c.Data) }

// AppendBytes copies p to the end of Data and makes it the bytes of row i.
func (c *Column) AppendBytes(i uint32, p []byte) {
	c.Spans[i] = Span{uint32(len(c.Data)), uint32(len(p))}
	c.Data = append(c.Data, p...)
}

// AppendString copies s to the end of Data and makes it the bytes of row i.
func (c *Column) AppendString(i uint32, s string) {
	c.Spans[i] = Span{uint32(len(c.Data)), uint32(len(s))}
	c.Data = append(c.Data, s...)
}

// Value returns row i in its boxed form: for slow paths and tests.
func (c *Column) Value(i uint32) Value {
	if c.IsNull(i) {
		return Value{Kind: Null}
	}
	switch k := c.Kind; k {
	case Bool:
		v := Value{Kind: k}
		if c.Bools[i] {
			v.Int = 1
		}
		return v
	case Int, Time, Duration:
		return Value{Kind: k, Int: c.Ints[i]}
	case Float:
		return Value{Kind: k, Float: c.Floats[i]}
	case Any:
		switch k := c.Kinds[i]; k {
		case Bool, Int, Time, Duration:
			return Value{Kind: k, Int: c.Ints[i]}
		case Float:
			return Value{Kind: k, Float: math.Float64frombits(uint64(c.Ints[i]))}
		default:
			return Value{Kind: k, Text: string(c.Bytes(i))}
		}
	default:
		return Value{Kind: k, Text: string(c.Bytes(i))}
	}
}

// SetValue stores v in row i. In a column that is not Any, v must be null or
// of the column's kind.
func (c *Column) SetValue(i uint32, v Value) {
	if v.Kind == Null {
		c.SetNull(i)
		return
	}
	if c.Kind == Any {
		c.Kinds[i] = v.Kind
		switch v.Kind {
		case Bool, Int, Time, Duration:
			c.Ints[i] = v.Int
		case Float:
			c.Ints[i] = int64(math.Float64bits(v.Float))
		default:
			c.AppendString(i, v.Text)
		}
		return
	}
	switch c.Kind {
	case Bool:
		c.Bools[i] = v.Int != 0
	case Int, Time, Duration:
		c.Ints[i] = v.Int
	case Float:
		c.Floats[i] = v.Float
	default:
		c.AppendString(i, v.Text)
	}
	if c.Nulls != nil {
		c.Nulls[i] = false
	}
}

// Value is one value in boxed form. Kind is never Any.
type Value struct {
	Kind  Kind
	Int   int64   // Bool (0 or 1), Int, Time, Duration
	Float float64 // Float
	Text  string  // String, Bytes, and JSON text of List, Map, Record
}

// Time returns a Time value in UTC.
func (v Value) Time() time.Time { return time.Unix(0, v.Int).UTC() }

// Duration returns a Duration value.
func (v Value) Duration() time.Duration { return time.Duration(v.Int) }

// String writes the value as it would stand in a pipeline.
func (v Value) String() string {
	switch v.Kind {
	case Null:
		return "null"
	case Bool:
		return strconv.FormatBool(v.Int != 0)
	case Int:
		return strconv.FormatInt(v.Int, 10)
	case Float:
		return strconv.FormatFloat(v.Float, 'g', -1, 64)
	case Time:
		return strconv.Quote(v.Time().Format(time.RFC3339Nano))
	case Duration:
		return strconv.Quote(v.Duration().String())
	case String, Bytes:
		return strconv.Quote(v.Text)
	default:
		return v.Text
	}
}
