package binary

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

var errInteger = errors.New("a number is longer than its type")

// reader reads a part of a module. The first error stays; after it all that is
// read is zero.
type reader struct {
	data []byte
	at   int // offset in data
	base int // offset of data in the module
	err  error
}

func (r *reader) left() int { return len(r.data) - r.at }

func (r *reader) offset() int { return r.base + r.at }

// fail notes an error, with where it is.
func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = fmt.Errorf("offset %#x: %w", r.offset(), err)
		r.at = len(r.data)
	}
}

func (r *reader) failf(format string, args ...any) { r.fail(fmt.Errorf(format, args...)) }

func (r *reader) byte() byte {
	if r.left() < 1 {
		r.fail(ErrShort)
		return 0
	}
	r.at++
	return r.data[r.at-1]
}

// bytes returns the next n bytes; it points into the module.
func (r *reader) bytes(n int) []byte {
	if n < 0 || n > r.left() {
		r.fail(ErrShort)
		return nil
	}
	r.at += n
	return r.data[r.at-n : r.at : r.at]
}

// u32 reads an unsigned LEB128 number.
func (r *reader) u32() uint32 {
	var v uint32
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		if shift == 28 && b > 0x0f {
			break
		}
		v |= uint32(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	r.fail(errInteger)
	return 0
}

// signed reads a signed LEB128 number of so many bits.
func (r *reader) signed(bits int) int64 {
	var v int64
	for shift := 0; shift < bits; shift += 7 {
		b := r.byte()
		v |= int64(b&0x7f) << shift
		if left := bits - shift; left < 7 { // the rest of the byte repeats the sign
			if rest := b & 0x7f >> (left - 1); b >= 0x80 || rest != 0 && rest != 0x7f>>(left-1) {
				break
			}
		}
		if b < 0x80 {
			if shift += 7; shift < 64 && b&0x40 != 0 {
				v |= -1 << shift
			}
			return v
		}
	}
	r.fail(errInteger)
	return 0
}

// count reads how many things follow, each of which takes at least size bytes.
func (r *reader) count(size, limit int, what string) int {
	n := r.u32()
	if uint64(n)*uint64(size) > uint64(r.left()) {
		r.failf("it says that it has %d %s, for which it is too short", n, what)
		return 0
	}
	if limit > 0 && int(n) > limit {
		r.failf("it has %d %s, at most %d are taken", n, what, limit)
		return 0
	}
	return int(n)
}

// name reads a text.
func (r *reader) name() string {
	b := r.bytes(r.count(1, 0, "bytes of a name"))
	if !utf8.Valid(b) {
		r.failf("a name is not UTF-8")
		return ""
	}
	return string(b)
}

// U32 reads an unsigned LEB128 number and returns how long it is; 0 for none.
func U32(data []byte) (v uint32, size int) {
	r := reader{data: data}
	if v = r.u32(); r.err != nil {
		return 0, 0
	}
	return v, r.at
}

// AppendName appends a text with its length.
func AppendName(dst []byte, name string) []byte {
	return append(AppendU32(dst, uint32(len(name))), name...)
}

// AppendU32 appends an unsigned LEB128 number.
func AppendU32(dst []byte, v uint32) []byte {
	for v >= 0x80 {
		dst = append(dst, byte(v)|0x80)
		v >>= 7
	}
	return append(dst, byte(v))
}

// AppendS32 appends a signed LEB128 number.
func AppendS32(dst []byte, v int32) []byte { return AppendS64(dst, int64(v)) }

// AppendS64 appends a signed number.
func AppendS64(dst []byte, v int64) []byte {
	for {
		b := byte(v & 0x7f)
		v >>= 7
		if v == 0 && b&0x40 == 0 || v == -1 && b&0x40 != 0 {
			return append(dst, b)
		}
		dst = append(dst, b|0x80)
	}
}
