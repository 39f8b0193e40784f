package codec

import (
	"errors"
	"fmt"
	"math"
)

// appendDefault appends the default of a field, as the library gives it, as a
// value of the type.
func (t *avroType) appendDefault(dst []byte, v any) ([]byte, error) {
	var err error
	switch t.kind {
	case avroNull:
		return dst, nil
	case avroUnion:
		return t.branches[0].appendDefault(append(dst, 0), v)
	case avroArray, avroMap:
		return t.appendDefaultItems(dst, v)
	case avroRecord:
		members, _ := v.(map[string]any)
		for _, f := range t.fields {
			m, ok := members[f.name]
			switch {
			case ok:
				dst, err = f.t.appendDefault(dst, m)
			case f.fallback != nil:
				dst = append(dst, f.fallback...)
			default:
				err = fmt.Errorf("field %s of %s is missing in it", f.name, t.name)
			}
			if err != nil {
				return dst, err
			}
		}
		return dst, nil
	}
	switch v := v.(type) {
	case bool:
		return avroAppendBool(dst, v), nil
	case int:
		return avroAppendLong(dst, int64(v)), nil
	case int64:
		return avroAppendLong(dst, v), nil
	case float32:
		return t.appendDefaultFloat(dst, float64(v))
	case float64:
		return t.appendDefaultFloat(dst, v)
	case []byte:
		return avroAppendText(dst, v), nil
	case string:
		if t.kind == avroEnum {
			return t.appendSymbol(dst, []byte(v))
		}
		return avroAppendText(dst, []byte(v)), nil
	}
	if t.kind == avroFixed {
		return append(dst, fmt.Appendf(nil, "%s", v)...), nil // an array of bytes
	}
	return dst, errors.New("is of a type that is not known here")
}

func (t *avroType) appendDefaultFloat(dst []byte, f float64) ([]byte, error) {
	switch t.kind {
	case avroFloat:
		return avroAppendFloat32(dst, float32(f)), nil
	case avroDouble:
		return avroAppendFloat64(dst, f), nil
	case avroInt, avroLong:
		if f == math.Trunc(f) {
			return avroAppendLong(dst, int64(f)), nil
		}
	}
	return dst, errors.New("is a float")
}

func (t *avroType) appendDefaultItems(dst []byte, v any) (_ []byte, err error) {
	list, _ := v.([]any)
	members, _ := v.(map[string]any)
	if n := len(list) + len(members); n > 0 {
		dst = avroAppendLong(dst, int64(n))
	}
	for _, x := range list {
		if dst, err = t.elem.appendDefault(dst, x); err != nil {
			return dst, err
		}
	}
	for name, x := range members {
		dst = avroAppendText(dst, []byte(name))
		if dst, err = t.elem.appendDefault(dst, x); err != nil {
			return dst, err
		}
	}
	return append(dst, 0), nil
}
