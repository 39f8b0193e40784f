package plugins

// copyRows fills the column, reset for as many rows, with rows of another of
// the same kind.
func (c *Column) copyRows(from *Column, rows []uint32) {
	if from.Nulls != nil {
		for k, i := range rows {
			if from.Nulls[i] {
				c.SetNull(uint32(k))
			}
		}
	}
	switch c.Kind {
	case Bool:
		pick(c.Bools, from.Bools, rows)
	case Int, Time, Duration:
		pick(c.Ints, from.Ints, rows)
	case Float:
		pick(c.Floats, from.Floats, rows)
	case Any:
		pick(c.Kinds, from.Kinds, rows)
		pick(c.Ints, from.Ints, rows)
		c.copySpans(from, rows)
	default:
		c.copySpans(from, rows)
	}
}

// copySpans copies the bytes of the rows that have some.
func (c *Column) copySpans(from *Column, rows []uint32) {
	for k, i := range rows {
		if from.hasBytes(i) {
			c.AppendBytes(uint32(k), from.Bytes(i))
		}
	}
}

// hasBytes tells whether the span of row i counts, in a column that has spans.
func (c *Column) hasBytes(i uint32) bool {
	if c.Kind != Any {
		return c.Nulls == nil || !c.Nulls[i]
	}
	k := c.Kinds[i]
	return k == String || k == Bytes || k.Nested()
}

// pick fills the front of dst with elements of src.
func pick[T any](dst, src []T, rows []uint32) {
	dst = dst[:len(rows)]
	for k, i := range rows {
		dst[k] = src[i]
	}
}
