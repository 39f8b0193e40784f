package codec

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

const (
	// maxAvroDefaults is how many bytes the defaults of a schema may have: a record in one
	// brings the defaults of its fields along, so that a few lines can stand for any number.
	maxAvroDefaults = 1 << 20
	// avroDefaultCost is what a value counts for at least, also where it is tried as a branch
	// of a union and does not fit.
	avroDefaultCost = 8
)

var (
	errAvroDefault  = errors.New("it is not of the type")
	errAvroDefaults = fmt.Errorf("the defaults of the schema are larger than %d bytes, at %d or more for each value", maxAvroDefaults, avroDefaultCost)
)

// avroDefaults makes the defaults of the fields of a schema, which are JSON, values of their
// types.
type avroDefaults struct{ spent int }

// spend counts what is about to be done.
func (d *avroDefaults) spend(n int) error {
	if d.spent += n; d.spent > maxAvroDefaults {
		return errAvroDefaults
	}
	return nil
}

// append appends the default of a field.
func (d *avroDefaults) append(dst []byte, t *avroType, v any) ([]byte, error) {
	if err := d.spend(avroDefaultCost); err != nil {
		return dst, err
	}
	switch v := v.(type) {
	case nil:
		if t.kind == avroNull {
			return dst, nil
		}
	case bool:
		if t.kind == avroBool {
			return avroAppendBool(dst, v), nil
		}
	case json.Number:
		if t.kind != avroUnion {
			return d.number(dst, t, v)
		}
	case string:
		if t.kind != avroUnion {
			return d.text(dst, t, v)
		}
	case []any:
		if t.kind == avroArray {
			return d.list(dst, t, v)
		}
	case map[string]any:
		switch t.kind {
		case avroMap:
			return d.members(dst, t, v)
		case avroRecord:
			return d.record(dst, t, v)
		}
	}
	for i, b := range t.branches { // the first that it fits
		out, err := d.append(avroAppendLong(dst, int64(i)), b, v)
		if err == nil {
			return out, nil
		}
		if err := d.spend(len(err.Error())); err != nil {
			return dst, err
		}
	}
	return dst, errAvroDefault
}

func (d *avroDefaults) number(dst []byte, t *avroType, v json.Number) ([]byte, error) {
	if err := d.spend(len(v)); err != nil {
		return dst, err
	}
	f, err := v.Float64()
	if err != nil {
		return dst, errAvroDefault
	}
	switch t.kind {
	case avroFloat:
		return avroAppendFloat32(dst, float32(f)), nil
	case avroDouble:
		return avroAppendFloat64(dst, f), nil
	case avroInt, avroLong:
		n, err := v.Int64()
		if err != nil && f == math.Trunc(f) && math.Abs(f) < 1<<53 { // such as 1e3
			n, err = int64(f), nil
		}
		if err == nil && (t.kind == avroLong || int64(int32(n)) == n) {
			return avroAppendLong(dst, n), nil
		}
	}
	return dst, errAvroDefault
}

func (d *avroDefaults) text(dst []byte, t *avroType, v string) ([]byte, error) {
	if err := d.spend(len(v)); err != nil {
		return dst, err
	}
	switch t.kind {
	case avroString:
		return avroAppendText(dst, []byte(v)), nil
	case avroEnum:
		return t.appendSymbol(dst, []byte(v))
	case avroBytes, avroFixed:
		var data []byte // a character is a byte
		for _, r := range v {
			if r > math.MaxUint8 {
				return dst, errAvroDefault
			}
			data = append(data, byte(r))
		}
		if t.kind == avroBytes {
			return avroAppendText(dst, data), nil
		}
		if len(data) == t.size {
			return append(dst, data...), nil
		}
	}
	return dst, errAvroDefault
}

func (d *avroDefaults) list(dst []byte, t *avroType, list []any) (_ []byte, err error) {
	if len(list) > 0 {
		dst = avroAppendLong(dst, int64(len(list)))
	}
	for _, x := range list {
		if dst, err = d.append(dst, t.elem, x); err != nil {
			return dst, err
		}
	}
	return append(dst, 0), nil
}

func (d *avroDefaults) members(dst []byte, t *avroType, members map[string]any) (_ []byte, err error) {
	if err := d.spend(avroDefaultCost * len(members)); err != nil {
		return dst, err
	}
	if len(members) > 0 {
		dst = avroAppendLong(dst, int64(len(members)))
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if err := d.spend(len(name)); err != nil {
			return dst, err
		}
		if dst, err = d.append(avroAppendText(dst, []byte(name)), t.elem, members[name]); err != nil {
			return dst, err
		}
	}
	return append(dst, 0), nil
}

func (d *avroDefaults) record(dst []byte, t *avroType, members map[string]any) (_ []byte, err error) {
	if t.open {
		return dst, fmt.Errorf("it holds a record %s, which is not known to its end there", t.name)
	}
	for _, f := range t.fields {
		v, ok := members[f.name]
		switch {
		case ok:
			dst, err = d.append(dst, f.t, v)
		case f.fallback != nil:
			if err = d.spend(avroDefaultCost + len(f.fallback)); err == nil {
				dst = append(dst, f.fallback...)
			}
		default:
			err = fmt.Errorf("field %s of %s is missing in it", f.name, t.name)
		}
		if err != nil {
			return dst, err
		}
	}
	return dst, nil
}
