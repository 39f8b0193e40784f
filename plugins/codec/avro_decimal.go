package codec

import (
	"errors"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// maxDecimal is how many bytes a decimal may have.
const maxDecimal = 256

var (
	errDecimal = errors.New("has too many digits")
	errPlaces  = errors.New("has more places after the point than the schema")
	errDigits  = errors.New("has more digits than the schema")
	errNumber  = errors.New("is not a decimal number")
)

// appendDecimalText appends a number, given as an integer of so many bytes, the
// first one first and the sign in it, with the point where scale says.
func appendDecimalText(dst, unscaled []byte, scale int) []byte {
	start := len(dst)
	if len(unscaled) <= 8 {
		var n int64
		for i, b := range unscaled {
			if i == 0 {
				n = int64(int8(b))
			} else {
				n = n<<8 | int64(b)
			}
		}
		dst = jsontext.AppendInt(dst, n)
	} else {
		n := new(big.Int).SetBytes(unscaled)
		if unscaled[0] >= 0x80 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(unscaled))))
		}
		dst = n.Append(dst, 10)
	}
	if dst[start] == '-' {
		start++
	}
	if scale == 0 {
		return dst
	}
	for missing := scale + 1 - (len(dst) - start); missing > 0; missing-- {
		dst = append(dst, '0')
		copy(dst[start+1:], dst[start:])
		dst[start] = '0'
	}
	point := len(dst) - scale
	dst = append(dst, 0)
	copy(dst[point+1:], dst[point:])
	dst[point] = '.'
	return dst
}

// appendDecimal appends a decimal: an integer that counts its last place.
func (w *avroWriter) appendDecimal(dst []byte, t *avroType, x datum) ([]byte, error) {
	var text string
	switch x.kind {
	case plugins.Int:
		text = strconv.FormatInt(x.n, 10)
	case plugins.Float:
		text = strconv.FormatFloat(x.f, 'f', t.scale, 64)
	case plugins.String:
		text = string(x.text)
	default:
		return dst, x.mismatch(plugins.Float)
	}
	digits, err := unscaled(text, t.scale)
	if err != nil {
		return dst, err
	}
	n, ok := new(big.Int).SetString(digits, 10)
	if !ok {
		return dst, errNumber
	}
	if t.digits > 0 && len(strings.TrimLeft(digits, "-0")) > t.digits {
		return dst, errDigits
	}
	size := n.BitLen()/8 + 1
	if t.kind == avroFixed {
		if size > t.size {
			return dst, errDigits
		}
		size = t.size
	}
	if n.Sign() < 0 {
		n.Add(n, new(big.Int).Lsh(big.NewInt(1), uint(8*size)))
	}
	w.buf = slices.Grow(w.buf[:0], size)[:size]
	n.FillBytes(w.buf)
	if t.kind == avroFixed {
		return append(dst, w.buf...), nil
	}
	return avroAppendText(dst, w.buf), nil
}

// unscaled returns the digits of a number with so many places after the point.
func unscaled(text string, scale int) (string, error) {
	whole, places, _ := strings.Cut(text, ".")
	if len(whole)+len(places) > maxDecimal || strings.ContainsAny(places, "+-") {
		return "", errNumber
	}
	if len(places) > scale {
		if strings.Trim(places[scale:], "0") != "" {
			return "", errPlaces
		}
		places = places[:scale]
	}
	return whole + places + strings.Repeat("0", scale-len(places)), nil
}
