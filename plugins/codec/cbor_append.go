package codec

import (
	"encoding/binary"
	"math"

	"github.com/onstream/onstream/plugins/jsontext"
)

// appendHead appends the first byte of an item and its argument, in the fewest
// bytes.
func (cbor) appendHead(dst []byte, major byte, arg uint64) []byte {
	major <<= 5
	switch {
	case arg < 24:
		return append(dst, major|byte(arg))
	case arg <= math.MaxUint8:
		return append(dst, major|24, byte(arg))
	case arg <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, major|25), uint16(arg))
	case arg <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(dst, major|26), uint32(arg))
	}
	return binary.BigEndian.AppendUint64(append(dst, major|27), arg)
}

func (cbor) appendNull(dst []byte) []byte { return append(dst, cborSimple<<5|22) }

func (cbor) appendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, cborSimple<<5|21)
	}
	return append(dst, cborSimple<<5|20)
}

func (c cbor) appendInt(dst []byte, n int64) []byte {
	if n < 0 {
		return c.appendHead(dst, cborNegative, uint64(-1-n))
	}
	return c.appendHead(dst, cborUint, uint64(n))
}

func (cbor) appendFloat(dst []byte, f float64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, cborSimple<<5|27), math.Float64bits(f))
}

func (c cbor) appendText(dst, s []byte) []byte {
	return append(c.appendHead(dst, cborText, uint64(len(s))), s...)
}

func (c cbor) appendBytes(dst, p []byte) []byte {
	return append(c.appendHead(dst, cborBytes, uint64(len(p))), p...)
}

func (c cbor) appendTime(dst []byte, ns int64) []byte {
	var buf [40]byte
	return c.appendText(c.appendHead(dst, cborTag, 0), jsontext.AppendTime(buf[:0], ns, ""))
}

func (c cbor) appendList(dst []byte, n int) []byte { return c.appendHead(dst, cborArray, uint64(n)) }

func (c cbor) appendMap(dst []byte, n int) []byte { return c.appendHead(dst, cborMap, uint64(n)) }
