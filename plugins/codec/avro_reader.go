package codec

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// maxEmpty is how many values that take no bytes, such as nulls in an array, a
// record may have: nothing else bounds them.
const maxEmpty = 1 << 16

var errEmptyValues = errors.New("has too many values that take no bytes")

// avroReader reads the values of one record.
type avroReader struct {
	text  []byte // ends with the record
	empty int    // values without bytes that are left
}

// long reads a number: the lowest seven bits first, its sign in the last.
func (r *avroReader) long(p int) (int64, int, error) {
	var u uint64
	for shift := 0; ; shift += 7 {
		if p >= len(r.text) {
			return 0, p, errTruncated
		}
		b := r.text[p]
		p++
		if shift == 63 && b > 1 {
			return 0, p, errMalformed
		}
		u |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return int64(u>>1) ^ -int64(u&1), p, nil
		}
	}
}

// length reads how many bytes follow.
func (r *avroReader) length(p int) (n, next int, err error) {
	long, p, err := r.long(p)
	switch {
	case err != nil:
		return 0, p, err
	case long < 0:
		return 0, p, errMalformed
	case long > maxItem:
		return 0, p, errTooLong
	case long > int64(len(r.text)-p):
		return 0, p, errTruncated
	}
	return int(long), p, nil
}

// branch reads which branch of a union follows.
func (r *avroReader) branch(t *avroType, p int) (i, next int, err error) {
	long, p, err := r.long(p)
	switch {
	case err != nil:
		return 0, p, err
	case long < 0 || long >= int64(len(t.branches)):
		return 0, p, errMalformed
	}
	return int(long), p, nil
}

// avroBlocks goes through the items of an array or map.
type avroBlocks struct{ left int64 }

// next tells whether another item follows at p.
func (b *avroBlocks) next(r *avroReader, p int) (more bool, next int, err error) {
	if b.left == 0 {
		if b.left, p, err = r.long(p); err != nil || b.left == 0 {
			return false, p, err
		}
		if b.left < 0 { // then the bytes that the items take follow
			if b.left = -b.left; b.left < 0 {
				return false, p, errMalformed
			}
			if _, p, err = r.length(p); err != nil {
				return false, p, err
			}
		}
	}
	b.left--
	return true, p, nil
}

// count counts a value of a type that may take no bytes.
func (r *avroReader) count(t *avroType) error {
	if t.empty {
		if r.empty++; r.empty > maxEmpty {
			return errEmptyValues
		}
	}
	return nil
}

// skip returns the index behind the value of a type at p.
func (r *avroReader) skip(t *avroType, p, depth int) (_ int, err error) {
	n := 0
	switch t.kind {
	case avroNull:
		return p, r.count(t)
	case avroBool:
		n = 1
	case avroInt, avroLong, avroEnum:
		_, p, err = r.long(p)
		return p, err
	case avroFloat:
		n = 4
	case avroDouble:
		n = 8
	case avroFixed:
		if err := r.count(t); err != nil {
			return p, err
		}
		n = t.size
	case avroBytes, avroString:
		if n, p, err = r.length(p); err != nil {
			return p, err
		}
	default:
		if depth > jsontext.MaxDepth {
			return p, jsontext.ErrDepth
		}
		return r.skipNested(t, p, depth)
	}
	if n > len(r.text)-p {
		return p, errTruncated
	}
	return p + n, nil
}

func (r *avroReader) skipNested(t *avroType, p, depth int) (_ int, err error) {
	switch t.kind {
	case avroUnion:
		i, p, err := r.branch(t, p)
		if err != nil {
			return p, err
		}
		return r.skip(t.branches[i], p, depth+1)
	case avroRecord:
		if err := r.count(t); err != nil {
			return p, err
		}
		for i := range t.fields {
			if p, err = r.skip(t.fields[i].t, p, depth+1); err != nil {
				return p, err
			}
		}
		return p, nil
	}
	for b := (avroBlocks{}); ; {
		more, next, err := b.next(r, p)
		if err != nil || !more {
			return next, err
		}
		if p = next; t.kind == avroMap {
			n, next, err := r.length(p)
			if err != nil {
				return p, err
			}
			p = next + n
		}
		if p, err = r.skip(t.elem, p, depth+1); err != nil {
			return p, err
		}
	}
}

// written reports whether values of the type are text that the record does not
// have as such.
func (t *avroType) written() bool {
	return t.kind == avroEnum || t.logical == avroDecimal || t.kind == avroFixed && t.logical == avroUUID
}

// appendWritten appends the text of a value of such a type.
func (r *avroReader) appendWritten(dst []byte, t *avroType, p int) ([]byte, int, error) {
	if t.kind == avroEnum {
		i, p, err := r.long(p)
		switch {
		case err != nil:
			return dst, p, err
		case i < 0 || i >= int64(len(t.symbols)):
			return dst, p, errMalformed
		}
		return append(dst, t.symbols[i]...), p, nil
	}
	tok, p, err := r.token(t, p)
	switch {
	case err != nil:
		return dst, p, err
	case t.logical == avroUUID:
		return appendUUID(dst, r.text[tok.p:tok.end]), p, nil
	case tok.end-tok.p > maxDecimal:
		return dst, p, errDecimal
	}
	return appendDecimalText(dst, r.text[tok.p:tok.end], t.scale), p, nil
}

// token reads the scalar of a type at p: of a decimal or an id its bytes.
func (r *avroReader) token(t *avroType, p int) (token, int, error) {
	switch t.kind {
	case avroNull:
		return token{kind: plugins.Null}, p, r.count(t)
	case avroBool:
		if p >= len(r.text) {
			return token{}, p, errTruncated
		}
		if r.text[p] > 1 {
			return token{}, p, errMalformed
		}
		return token{kind: plugins.Bool, n: int64(r.text[p])}, p + 1, nil
	case avroInt, avroLong:
		n, p, err := r.long(p)
		if err == nil && t.kind == avroInt && int64(int32(n)) != n {
			err = errMalformed
		}
		return t.number(n), p, err
	case avroFloat:
		if len(r.text)-p < 4 {
			return token{}, p, errTruncated
		}
		return floatToken(float64(math.Float32frombits(binary.LittleEndian.Uint32(r.text[p:])))), p + 4, nil
	case avroDouble:
		if len(r.text)-p < 8 {
			return token{}, p, errTruncated
		}
		return floatToken(math.Float64frombits(binary.LittleEndian.Uint64(r.text[p:]))), p + 8, nil
	case avroFixed:
		if len(r.text)-p < t.size {
			return token{}, p, errTruncated
		}
		return token{kind: plugins.Bytes, p: p, end: p + t.size}, p + t.size, r.count(t)
	}
	n, p, err := r.length(p)
	if err != nil {
		return token{}, p, err
	}
	tok := token{kind: plugins.String, p: p, end: p + n}
	if t.kind == avroBytes {
		tok.kind = plugins.Bytes
	}
	return tok, p + n, nil
}

// number is what a whole number of the type stands for.
func (t *avroType) number(n int64) token {
	unit := t.unit()
	if unit == 0 {
		return token{kind: plugins.Int, n: n}
	}
	tok := token{kind: plugins.Time, n: n * unit}
	if t.logical == avroTimeMillis || t.logical == avroTimeMicros {
		tok.kind = plugins.Duration
	}
	if n > math.MaxInt64/unit || n < math.MinInt64/unit {
		tok.err = jsontext.ErrRange
	}
	return tok
}
