package expr

import (
	"encoding/binary"
	"fmt"
	"math"
)

// bytesFunctions read binary payloads, as devices send them. Numbers are
// big-endian, those whose names end in _le little-endian.
func bytesFunctions() []*Function {
	fs := []*Function{
		define("bytes::length", "bytes", "Returns how many bytes there are.", example(`bytes::length(codec::hex_decode("0102"))`, `2`),
			of1("data", func(data binaryData) int64 { return int64(len(data)) })),
		define("bytes::slice", "bytes", "Returns count bytes from offset on.",
			example(`codec::hex_encode(bytes::slice(codec::hex_decode("01020304"), 1, 2))`, `"0203"`),
			try3("data, offset, count", cut)).fallible(),
	}
	big, little := binary.BigEndian, binary.LittleEndian
	ints := []struct {
		name, doc, result string
		size              int64
		read              func(b []byte) int64
	}{
		{"u8", "unsigned 8-bit", "255", 1, func(b []byte) int64 { return int64(b[0]) }},
		{"i8", "signed 8-bit", "-1", 1, func(b []byte) int64 { return int64(int8(b[0])) }},
		{"u16", "unsigned 16-bit", "65282", 2, func(b []byte) int64 { return int64(big.Uint16(b)) }},
		{"u16_le", "unsigned 16-bit", "767", 2, func(b []byte) int64 { return int64(little.Uint16(b)) }},
		{"i16", "signed 16-bit", "-254", 2, func(b []byte) int64 { return int64(int16(big.Uint16(b))) }},
		{"i16_le", "signed 16-bit", "767", 2, func(b []byte) int64 { return int64(int16(little.Uint16(b))) }},
		{"u32", "unsigned 32-bit", "4278321924", 4, func(b []byte) int64 { return int64(big.Uint32(b)) }},
		{"u32_le", "unsigned 32-bit", "67306239", 4, func(b []byte) int64 { return int64(little.Uint32(b)) }},
		{"i32", "signed 32-bit", "-16645372", 4, func(b []byte) int64 { return int64(int32(big.Uint32(b))) }},
		{"i32_le", "signed 32-bit", "67306239", 4, func(b []byte) int64 { return int64(int32(little.Uint32(b))) }},
		{"i64", "signed 64-bit", "-71491328285473016", 8, func(b []byte) int64 { return int64(big.Uint64(b)) }},
		{"i64_le", "signed 64-bit", "578437695752307455", 8, func(b []byte) int64 { return int64(little.Uint64(b)) }},
	}
	const sample = `(codec::hex_decode("ff02030405060708"), 0)`
	for _, n := range ints {
		fs = append(fs, define("bytes::"+n.name, "bytes", "Returns the "+n.doc+" int at offset.", example(`bytes::`+n.name+sample, n.result),
			try2("data, offset", func(data binaryData, offset int64) (int64, error) {
				b, err := cut(data, offset, n.size)
				if err != nil {
					return 0, err
				}
				return n.read([]byte(b)), nil
			})).fallible())
	}
	floats := []struct {
		name, hex string
		size      int64
		read      func(b []byte) float64
	}{
		{"f32", "41ac0000", 4, func(b []byte) float64 { return float64(math.Float32frombits(big.Uint32(b))) }},
		{"f32_le", "0000ac41", 4, func(b []byte) float64 { return float64(math.Float32frombits(little.Uint32(b))) }},
		{"f64", "4035800000000000", 8, func(b []byte) float64 { return math.Float64frombits(big.Uint64(b)) }},
		{"f64_le", "0000000000803540", 8, func(b []byte) float64 { return math.Float64frombits(little.Uint64(b)) }},
	}
	for _, n := range floats {
		fs = append(fs, define("bytes::"+n.name, "bytes", fmt.Sprintf("Returns the IEEE 754 number of %d bits at offset; NaN and infinity fail.", 8*n.size),
			example(`bytes::`+n.name+`(codec::hex_decode("`+n.hex+`"), 0)`, `21.5`),
			try2("data, offset", func(data binaryData, offset int64) (float64, error) {
				b, err := cut(data, offset, n.size)
				if err != nil {
					return 0, err
				}
				return n.read([]byte(b)), nil
			})).fallible())
	}
	return fs
}

func cut(data binaryData, offset, count int64) (binaryData, error) {
	if offset < 0 || count < 0 || offset > int64(len(data)) || count > int64(len(data))-offset {
		return "", fmt.Errorf("there are no %d bytes at offset %d of %d", count, offset, len(data))
	}
	return data[offset : offset+count], nil
}
