package codec

import (
	"math"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// cbor reads and writes tokens of CBOR (RFC 8949).
type cbor struct{}

// The major types.
const (
	cborUint = iota
	cborNegative
	cborBytes
	cborText
	cborArray
	cborMap
	cborTag
	cborSimple
)

const cborIndefinite = 31

// head reads the first byte of an item and its argument. Items of unknown
// length have the info cborIndefinite.
func (cbor) head(data []byte, p int) (major, info byte, arg uint64, next int, err error) {
	if p >= len(data) {
		return 0, 0, 0, p, errTruncated
	}
	major, info = data[p]>>5, data[p]&31
	p++
	switch {
	case info < 24:
		return major, info, uint64(info), p, nil
	case info == cborIndefinite:
		return major, info, 0, p, nil
	case info > 27:
		return 0, 0, 0, p, errMalformed
	}
	n := 1 << (info - 24)
	if len(data)-p < n {
		return 0, 0, 0, p, errTruncated
	}
	for _, c := range data[p : p+n] {
		arg = arg<<8 | uint64(c)
	}
	return major, info, arg, p + n, nil
}

func (c cbor) read(data []byte, p int) (token, int, error) {
	major, info, arg, p, err := c.head(data, p)
	if err != nil {
		return token{}, p, err
	}
	if info == cborIndefinite && (major < cborBytes || major == cborTag) {
		return token{}, p, errMalformed
	}
	switch major {
	case cborUint:
		if arg > math.MaxInt64 {
			return token{kind: plugins.Int, f: float64(arg), err: jsontext.ErrRange}, p, nil
		}
		return token{kind: plugins.Int, n: int64(arg)}, p, nil
	case cborNegative:
		if arg > math.MaxInt64 {
			return token{kind: plugins.Int, f: -1 - float64(arg), err: jsontext.ErrRange}, p, nil
		}
		return token{kind: plugins.Int, n: -1 - int64(arg)}, p, nil
	case cborBytes, cborText:
		return c.text(data, p, major, info, arg)
	case cborArray, cborMap:
		t := token{kind: plugins.List, n: int64(arg)}
		if major == cborMap {
			t.kind = plugins.Map
		}
		if info == cborIndefinite {
			t.n = -1
		}
		if arg > maxItem {
			return token{}, p, errTooLong
		}
		return t, p, nil
	case cborTag:
		return c.tagged(data, p, arg)
	}
	return c.simple(p, info, arg)
}

// text reads a string whose length, arg, ends at p.
func (c cbor) text(data []byte, p int, major, info byte, arg uint64) (token, int, error) {
	t := token{kind: plugins.Bytes, p: p}
	if major == cborText {
		t.kind = plugins.String
	}
	if info != cborIndefinite {
		switch {
		case arg > maxItem:
			return token{}, p, errTooLong
		case uint64(len(data)-p) < arg:
			return token{}, p, errTruncated
		}
		t.end = p + int(arg)
		return t, t.end, nil
	}
	t.chunks = true
	for {
		m, info, arg, next, err := c.head(data, p)
		switch {
		case err != nil:
			return token{}, p, err
		case m == cborSimple && info == cborIndefinite:
			t.end = p
			return t, next, nil
		case m != major || info == cborIndefinite:
			return token{}, p, errMalformed
		}
		chunk, next, err := c.text(data, next, major, info, arg)
		if err != nil {
			return token{}, p, err
		}
		if p = next; chunk.end-t.p > maxItem {
			return token{}, p, errTooLong
		}
	}
}

// tagged reads the item at p that has a tag. Tags that mean nothing here are
// passed over.
func (c cbor) tagged(data []byte, p int, tag uint64) (token, int, error) {
	for p < len(data) && data[p]>>5 == cborTag { // a loop, for there is no end to tags on tags
		var err error
		if _, _, tag, p, err = c.head(data, p); err != nil {
			return token{}, p, err
		}
	}
	t, next, err := c.read(data, p)
	if err != nil || t.kind == plugins.Any {
		return t, next, err
	}
	switch {
	case tag == 0 && t.kind == plugins.String && !t.chunks:
		t.kind = plugins.Time
		t.n, t.err = jsontext.ParseTime(data[t.p:t.end], "")
	case tag == 1 && t.kind == plugins.Int:
		t = timeToken(float64(t.n), t.n, 0)
	case tag == 1 && t.kind == plugins.Float:
		whole := math.Floor(t.f)
		t = timeToken(whole, int64(whole), int64((t.f-whole)*1e9))
	case (tag == 2 || tag == 3) && t.kind == plugins.Bytes && !t.chunks:
		t = bigToken(data[t.p:t.end], tag == 3)
	}
	return t, next, nil
}

// timeToken is a time of so many seconds since 1970, also given as a float,
// and nanoseconds.
func timeToken(approx float64, seconds, ns int64) token {
	if !(math.Abs(approx) < math.MaxInt64/1_000_000_000) {
		return token{kind: plugins.Time, err: jsontext.ErrRange}
	}
	return token{kind: plugins.Time, n: seconds*1_000_000_000 + ns}
}

// bigToken is an integer of any length.
func bigToken(digits []byte, negative bool) token {
	t := token{kind: plugins.Int, err: jsontext.ErrRange}
	for _, c := range digits {
		t.f = t.f*256 + float64(c)
	}
	if negative {
		t.f = -1 - t.f
	}
	return t
}

// simple reads what is neither number nor text nor nested, and floats.
func (cbor) simple(p int, info byte, arg uint64) (token, int, error) {
	switch info {
	case 20, 21:
		return token{kind: plugins.Bool, n: int64(info - 20)}, p, nil
	case 22, 23:
		return token{kind: plugins.Null}, p, nil
	case 25:
		return floatToken(halfFloat(uint16(arg))), p, nil
	case 26:
		return floatToken(float64(math.Float32frombits(uint32(arg)))), p, nil
	case 27:
		return floatToken(math.Float64frombits(arg)), p, nil
	case cborIndefinite:
		return token{}, p, nil
	}
	return token{}, p, errMalformed
}

func floatToken(f float64) token {
	t := token{kind: plugins.Float, f: f}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		t.err = errNotFinite
	}
	return t
}

// halfFloat returns the value of 16 bits of IEEE 754.
func halfFloat(h uint16) float64 {
	exponent, fraction := int(h>>10&31), float64(h&1023)
	var f float64
	switch exponent {
	case 0:
		f = math.Ldexp(fraction, -24)
	case 31:
		if f = math.Inf(1); fraction != 0 {
			f = math.NaN()
		}
	default:
		f = math.Ldexp(fraction+1024, exponent-25)
	}
	if h>>15 == 1 {
		f = -f
	}
	return f
}
