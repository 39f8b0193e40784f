package transforms

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/onstream/onstream/plugins"
)

var errStoredValue = errors.New("a stored value is damaged or of another type")

// appendValue appends row i of a column in the form in which state keeps it:
// its kind, then 8 bytes, or the length of its bytes and those.
func appendValue(dst []byte, col *plugins.Column, i uint32) []byte {
	if col.IsNull(i) {
		return append(dst, byte(plugins.Null))
	}
	k := kindOf(col, i)
	dst = append(dst, byte(k))
	switch {
	case k == plugins.String || k == plugins.Bytes || k.Nested():
		text := col.Bytes(i)
		return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
	case col.Kind == plugins.Bool:
		var v uint64
		if col.Bools[i] {
			v = 1
		}
		return binary.LittleEndian.AppendUint64(dst, v)
	case col.Kind == plugins.Float:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(col.Floats[i]))
	default:
		return binary.LittleEndian.AppendUint64(dst, uint64(col.Ints[i]))
	}
}

// appendFloat is appendValue for a number that is in no column.
func appendFloat(dst []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(append(dst, byte(plugins.Float)), math.Float64bits(v))
}

// readValue makes a value that appendValue wrote row i of a column, which is
// of its kind or Any, and returns what comes after it.
func readValue(src []byte, col *plugins.Column, i uint32) (rest []byte, err error) {
	if len(src) == 0 {
		return nil, errStoredValue
	}
	k := plugins.Kind(src[0])
	src = src[1:]
	switch {
	case k == plugins.Null:
		col.SetNull(i)
		return src, nil
	case col.Kind == plugins.Any:
		col.Kinds[i] = k
	case col.Kind != k:
		return nil, errStoredValue
	case col.Nulls != nil:
		col.Nulls[i] = false
	}
	if k == plugins.String || k == plugins.Bytes || k.Nested() {
		n, used := binary.Uvarint(src)
		if used <= 0 || n > uint64(len(src)-used) {
			return nil, errStoredValue
		}
		end := used + int(n)
		col.AppendBytes(i, src[used:end])
		return src[end:], nil
	}
	if len(src) < 8 {
		return nil, errStoredValue
	}
	v := binary.LittleEndian.Uint64(src)
	switch col.Kind {
	case plugins.Bool:
		col.Bools[i] = v != 0
	case plugins.Float:
		col.Floats[i] = math.Float64frombits(v)
	default:
		col.Ints[i] = int64(v)
	}
	return src[8:], nil
}

// rowColumns are columns whose rows come from rows of stored values.
type rowColumns struct {
	paths []plugins.Path
	kinds []plugins.Kind
	cols  []plugins.Column
}

// localColumns returns the columns of a record local for the fields given.
func localColumns(root string, fs []plugins.Field) *rowColumns {
	r := &rowColumns{cols: make([]plugins.Column, len(fs))}
	for _, f := range fs {
		r.paths = append(r.paths, plugins.LocalPath(root, f.Name))
		r.kinds = append(r.kinds, f.Type.Kind)
	}
	return r
}

// reset makes room for n rows, all undefined.
func (r *rowColumns) reset(n int) {
	for k := range r.cols {
		r.cols[k].Reset(r.kinds[k], n)
		r.cols[k].Data = r.cols[k].Data[:0]
	}
}

// read fills row i from stored values.
func (r *rowColumns) read(src []byte, i uint32) (err error) {
	for k := range r.cols {
		if src, err = readValue(src, &r.cols[k], i); err != nil {
			return err
		}
	}
	return nil
}

// add makes the columns those of b.
func (r *rowColumns) add(b *plugins.Batch) {
	for k := range r.cols {
		b.AddColumn(r.paths[k], &r.cols[k])
	}
}
