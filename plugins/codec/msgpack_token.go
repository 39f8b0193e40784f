package codec

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// msgpack reads and writes tokens of MessagePack, as its specification of 2017
// has them.
type msgpack struct{}

// The first bytes of items that are not their own value.
const (
	msgpackNil     = 0xc0
	msgpackFalse   = 0xc2
	msgpackTrue    = 0xc3
	msgpackBin8    = 0xc4
	msgpackExt8    = 0xc7
	msgpackFloat32 = 0xca
	msgpackFloat64 = 0xcb
	msgpackUint8   = 0xcc
	msgpackInt8    = 0xd0
	msgpackFixExt1 = 0xd4
	msgpackStr8    = 0xd9
	msgpackArray16 = 0xdc
	msgpackMap16   = 0xde
)

var errExtension = errors.New("is of an extension type that is not known here")

func (m msgpack) read(data []byte, p int) (token, int, error) {
	if p >= len(data) {
		return token{}, p, errTruncated
	}
	c := data[p]
	p++
	switch {
	case c < 0x80:
		return token{kind: plugins.Int, n: int64(c)}, p, nil
	case c < 0x90:
		return token{kind: plugins.Map, n: int64(c & 15)}, p, nil
	case c < 0xa0:
		return token{kind: plugins.List, n: int64(c & 15)}, p, nil
	case c < 0xc0:
		return m.text(data, p, plugins.String, uint64(c&31))
	case c == msgpackNil:
		return token{kind: plugins.Null}, p, nil
	case c == msgpackFalse || c == msgpackTrue:
		return token{kind: plugins.Bool, n: int64(c - msgpackFalse)}, p, nil
	case c >= 0xe0:
		return token{kind: plugins.Int, n: int64(int8(c))}, p, nil
	case c >= msgpackFixExt1 && c < msgpackStr8:
		return m.extension(data, p, 1<<(c-msgpackFixExt1))
	}
	n := msgpackWidth(c)
	if n == 0 {
		return token{}, p, errMalformed
	}
	if len(data)-p < n {
		return token{}, p, errTruncated
	}
	var arg uint64
	for _, b := range data[p : p+n] {
		arg = arg<<8 | uint64(b)
	}
	return m.sized(data, p+n, c, n, arg)
}

// msgpackWidth returns how many bytes of argument follow a first byte, 0 when
// it begins nothing.
func msgpackWidth(c byte) int {
	switch {
	case c >= msgpackMap16:
		return 2 << (c - msgpackMap16)
	case c >= msgpackArray16:
		return 2 << (c - msgpackArray16)
	case c >= msgpackStr8:
		return 1 << (c - msgpackStr8)
	case c >= msgpackInt8:
		return 1 << (c - msgpackInt8)
	case c >= msgpackUint8:
		return 1 << (c - msgpackUint8)
	case c >= msgpackFloat32:
		return 4 << (c - msgpackFloat32)
	case c >= msgpackExt8:
		return 1 << (c - msgpackExt8)
	case c >= msgpackBin8:
		return 1 << (c - msgpackBin8)
	}
	return 0
}

// sized reads an item with an argument of n bytes that ends at p.
func (m msgpack) sized(data []byte, p int, c byte, n int, arg uint64) (token, int, error) {
	switch {
	case c >= msgpackArray16:
		t := token{kind: plugins.List, n: int64(arg)}
		if c >= msgpackMap16 {
			t.kind = plugins.Map
		}
		if arg > maxItem {
			return token{}, p, errTooLong
		}
		return t, p, nil
	case c >= msgpackStr8:
		return m.text(data, p, plugins.String, arg)
	case c >= msgpackInt8:
		shift := 64 - 8*n
		return token{kind: plugins.Int, n: int64(arg<<shift) >> shift}, p, nil
	case c >= msgpackUint8:
		if arg > math.MaxInt64 {
			return token{kind: plugins.Int, f: float64(arg), err: jsontext.ErrRange}, p, nil
		}
		return token{kind: plugins.Int, n: int64(arg)}, p, nil
	case c == msgpackFloat64:
		return floatToken(math.Float64frombits(arg)), p, nil
	case c == msgpackFloat32:
		return floatToken(float64(math.Float32frombits(uint32(arg)))), p, nil
	case c >= msgpackExt8:
		return m.extension(data, p, arg)
	}
	return m.text(data, p, plugins.Bytes, arg)
}

// text reads n bytes.
func (msgpack) text(data []byte, p int, k plugins.Kind, n uint64) (token, int, error) {
	switch {
	case n > maxItem:
		return token{}, p, errTooLong
	case uint64(len(data)-p) < n:
		return token{}, p, errTruncated
	}
	end := p + int(n)
	return token{kind: k, p: p, end: end}, end, nil
}

// extension reads an extension's type and n bytes.
func (m msgpack) extension(data []byte, p int, n uint64) (token, int, error) {
	t, next, err := m.text(data, p, plugins.Bytes, n+1)
	if err != nil {
		return token{}, p, err
	}
	if body := data[p+1 : next]; data[p] == 0xff { // type -1
		t = timestamp(body)
	} else {
		t.err = errExtension
	}
	return t, next, nil
}

// timestamp reads the time in one of three sizes.
func timestamp(body []byte) token {
	switch len(body) {
	case 4:
		n := int64(binary.BigEndian.Uint32(body))
		return timeToken(float64(n), n, 0)
	case 8:
		both := binary.BigEndian.Uint64(body)
		n := int64(both & (1<<34 - 1))
		return timeToken(float64(n), n, int64(both>>34))
	case 12:
		n := int64(binary.BigEndian.Uint64(body[4:]))
		return timeToken(float64(n), n, int64(binary.BigEndian.Uint32(body)))
	}
	return token{kind: plugins.Time, err: errMalformed}
}
