package jsontext

import (
	"errors"
	"math"
	"strconv"

	"github.com/onstream/onstream/plugins"
)

// powers of ten that a float64 holds exactly.
var powers = [...]float64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10,
	1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
}

// scanFloat reads the number at p and returns the index behind it. Up to 15
// digits with up to 18 of them behind the point are an exact integer and an
// exact power of ten, so that one division rounds correctly (William Clinger,
// "How to read floating point numbers accurately"). The rest goes to strconv.
func scanFloat(text []byte, p int) (float64, int, error) {
	start := p
	if p < len(text) && text[p] == '-' {
		p++
	}
	first := p
	var mantissa uint64
	for p < len(text) && text[p]-'0' <= 9 {
		mantissa = mantissa*10 + uint64(text[p]-'0')
		p++
	}
	digits := p - first
	if digits == 0 || digits > 1 && text[first] == '0' {
		return 0, p, notNumber(text, start)
	}
	fraction := 0
	if p < len(text) && text[p] == '.' {
		p++
		point := p
		for p < len(text) && text[p]-'0' <= 9 {
			mantissa = mantissa*10 + uint64(text[p]-'0')
			p++
		}
		fraction = p - point
		if fraction == 0 {
			return 0, p, syntax(p)
		}
	}
	if p < len(text) && !isStop(text[p]) || digits+fraction > 15 {
		return slowFloat(text, start)
	}
	f := float64(mantissa)
	if fraction > 0 {
		f /= powers[fraction]
	}
	if first != start {
		f = -f
	}
	return f, p, nil
}

func slowFloat(text []byte, start int) (float64, int, error) {
	end := scalarStop(text, start)
	token := text[start:end]
	if !isNumber(token) {
		return 0, end, syntax(start)
	}
	f, err := strconv.ParseFloat(string(token), 64)
	if err != nil {
		return 0, end, ErrRange
	}
	return f, end, nil
}

// scanInt reads the integer at p and returns the index behind it.
func scanInt(text []byte, p int) (int64, int, error) {
	start := p
	if p < len(text) && text[p] == '-' {
		p++
	}
	first := p
	var n uint64
	for p < len(text) && text[p]-'0' <= 9 {
		n = n*10 + uint64(text[p]-'0')
		p++
	}
	digits := p - first
	if digits == 0 || digits > 1 && text[first] == '0' {
		return 0, p, notNumber(text, start)
	}
	if p < len(text) && !isStop(text[p]) {
		end := scalarStop(text, p)
		if !isNumber(text[start:end]) {
			return 0, end, syntax(p)
		}
		return 0, end, &MismatchError{plugins.Float, plugins.Int}
	}
	negative := first != start
	if digits >= 19 { // 19 digits fit into n, but not all of them into an int64
		if digits > 19 || n > math.MaxInt64+1 || n > math.MaxInt64 && !negative {
			return 0, p, ErrRange
		}
	}
	if negative {
		return -int64(n), p, nil
	}
	return int64(n), p, nil
}

// notNumber says what stands at p instead of a number.
func notNumber(text []byte, p int) error {
	switch k := KindOf(text[p:]); k {
	case plugins.Any, plugins.Int, plugins.Float:
		return syntax(p)
	default:
		return &MismatchError{k, plugins.Float}
	}
}

// isNumber tells whether token follows the number grammar of RFC 8259, which
// is narrower than what strconv accepts.
func isNumber(token []byte) bool {
	p := 0
	digits := func() int {
		start := p
		for p < len(token) && token[p]-'0' <= 9 {
			p++
		}
		return p - start
	}
	if p < len(token) && token[p] == '-' {
		p++
	}
	zero := p < len(token) && token[p] == '0'
	if n := digits(); n == 0 || zero && n > 1 {
		return false
	}
	if p < len(token) && token[p] == '.' {
		p++
		if digits() == 0 {
			return false
		}
	}
	if p < len(token) && token[p]|0x20 == 'e' {
		p++
		if p < len(token) && (token[p] == '+' || token[p] == '-') {
			p++
		}
		if digits() == 0 {
			return false
		}
	}
	return p == len(token)
}

// ParseInt reads a text that is an integer and nothing else.
func ParseInt(text []byte) (int64, error) {
	n, end, err := scanInt(text, 0)
	return n, atEnd(text, end, wanting(err, plugins.Int))
}

// ParseFloat reads a text that is a number and nothing else.
func ParseFloat(text []byte) (float64, error) {
	f, end, err := scanFloat(text, 0)
	return f, atEnd(text, end, err)
}

// atEnd is err, or that there is something behind the value.
func atEnd(text []byte, end int, err error) error {
	if err == nil && end != len(text) {
		return syntax(end)
	}
	return err
}

// wanting is err as somebody sees it who wanted a value of kind k.
func wanting(err error, k plugins.Kind) error {
	if m, ok := errors.AsType[*MismatchError](err); ok {
		return &MismatchError{m.Got, k}
	}
	return err
}
