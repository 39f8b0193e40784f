package codec

import (
	"encoding/binary"
	"math"
)

func (msgpack) appendNull(dst []byte) []byte { return append(dst, msgpackNil) }

func (msgpack) appendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, msgpackTrue)
	}
	return append(dst, msgpackFalse)
}

func (msgpack) appendInt(dst []byte, n int64) []byte {
	switch {
	case n >= -32 && n < 128:
		return append(dst, byte(n))
	case n == int64(int8(n)):
		return append(dst, msgpackInt8, byte(n))
	case n == int64(int16(n)):
		return binary.BigEndian.AppendUint16(append(dst, msgpackInt8+1), uint16(n))
	case n == int64(int32(n)):
		return binary.BigEndian.AppendUint32(append(dst, msgpackInt8+2), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, msgpackInt8+3), uint64(n))
}

func (msgpack) appendFloat(dst []byte, f float64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, msgpackFloat64), math.Float64bits(f))
}

// heads are the first bytes for 8, 16 and 32 bits of length, 0 for those that
// a kind of item does not have.
type heads [3]byte

// appendHead appends the head of something that is n long. fixed has n in
// itself where that is below limit.
func (msgpack) appendHead(dst []byte, n, limit int, fixed byte, h heads) []byte {
	switch {
	case n < limit:
		return append(dst, fixed|byte(n))
	case n <= math.MaxUint8 && h[0] != 0:
		return append(dst, h[0], byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, h[1]), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(dst, h[2]), uint32(n))
}

func (m msgpack) appendText(dst, s []byte) []byte {
	return append(m.appendHead(dst, len(s), 32, 0xa0, heads{msgpackStr8, msgpackStr8 + 1, msgpackStr8 + 2}), s...)
}

func (m msgpack) appendBytes(dst, p []byte) []byte {
	return append(m.appendHead(dst, len(p), 0, 0, heads{msgpackBin8, msgpackBin8 + 1, msgpackBin8 + 2}), p...)
}

func (msgpack) appendTime(dst []byte, ns int64) []byte {
	seconds, rest := ns/1_000_000_000, ns%1_000_000_000
	if rest < 0 {
		seconds, rest = seconds-1, rest+1_000_000_000
	}
	dst = append(dst, msgpackExt8, 12, 0xff)
	dst = binary.BigEndian.AppendUint32(dst, uint32(rest))
	return binary.BigEndian.AppendUint64(dst, uint64(seconds))
}

func (m msgpack) appendList(dst []byte, n int) []byte {
	return m.appendHead(dst, n, 16, 0x90, heads{0, msgpackArray16, msgpackArray16 + 1})
}

func (m msgpack) appendMap(dst []byte, n int) []byte {
	return m.appendHead(dst, n, 16, 0x80, heads{0, msgpackMap16, msgpackMap16 + 1})
}
