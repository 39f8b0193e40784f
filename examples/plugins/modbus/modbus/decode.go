package modbus

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"unicode/utf8"

	"github.com/onstream/onstream/plugins"
)

// What a device can answer that no field can hold.
var (
	errNoNumber = errors.New("the value is no finite number")
	errNoText   = errors.New("the text is not UTF-8")
)

// set decodes the register's words into row 0 of its column.
func (r register) set(col *plugins.Column, words []uint16) error {
	switch r.typ {
	case "bool":
		col.Bools[0] = words[0] != 0
		if r.bit != anyBit {
			col.Bools[0] = r.ordered(words[0])>>r.bit&1 == 1
		}
		return nil
	case "string":
		return r.setText(col, words)
	case "float32", "float64":
		f := math.Float64frombits(r.number(words))
		if r.typ == "float32" {
			f = float64(math.Float32frombits(uint32(r.number(words))))
		}
		return r.setFloat(col, f)
	}
	raw := r.number(words)
	var n int64
	switch r.typ {
	case "int16":
		n = int64(int16(raw))
	case "int32":
		n = int64(int32(raw))
	default:
		n = int64(raw)
	}
	if r.scaled {
		f := float64(n)
		if r.typ == "uint64" {
			f = float64(raw)
		}
		return r.setFloat(col, f)
	}
	if r.typ == "uint64" && n < 0 {
		return fmt.Errorf("%d is more than an int holds: give the register a scale, which makes it a float", raw)
	}
	col.Ints[0] = n
	return nil
}

// ordered returns a word with its bytes as the standard has them.
func (r register) ordered(w uint16) uint16 {
	if r.swap {
		return bits.ReverseBytes16(w)
	}
	return w
}

// number puts words together.
func (r register) number(words []uint16) uint64 {
	var n uint64
	for i := range words {
		at := i
		if r.lowWord {
			at = len(words) - 1 - i
		}
		n = n<<16 | uint64(r.ordered(words[at]))
	}
	return n
}

func (r register) setFloat(col *plugins.Column, f float64) error {
	if r.scaled {
		// A tenth is not exact, ten is: 519 tenths are 51.9.
		if whole := math.Round(1 / r.scale); 1/whole == r.scale {
			f = f/whole + r.offset
		} else {
			f = f*r.scale + r.offset
		}
	}
	if !finite(f) {
		return errNoNumber
	}
	col.Floats[0] = f
	return nil
}

// setText ends the text where its zeros begin, as devices fill up.
func (r register) setText(col *plugins.Column, words []uint16) error {
	text := make([]byte, 0, 2*len(words))
	for _, w := range words {
		w = r.ordered(w)
		text = append(text, byte(w>>8), byte(w))
	}
	if end := bytes.IndexByte(text, 0); end >= 0 {
		text = text[:end]
	}
	if !utf8.Valid(text) {
		return errNoText
	}
	col.AppendBytes(0, text)
	return nil
}
