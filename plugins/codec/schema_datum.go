package codec

import (
	"encoding/base64"
	"errors"
	"math"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

var errBase64 = errors.New("is not base64")

// datum is a value to be written in a format whose schema says how.
type datum struct {
	kind   plugins.Kind
	n      int64   // Bool, Int, Time, Duration
	f      float64 // Float
	text   []byte  // String, Bytes; JSON of List, Map, Record
	layout string  // of a Time in other formats
	// inner says that the value was inside of JSON text, where bytes are
	// base64, and times and durations text.
	inner bool
}

// datumOf returns the value of a row.
func datumOf(c *plugins.Column, row uint32, layout string) datum {
	if c.IsNull(row) {
		return datum{kind: plugins.Null}
	}
	x := datum{kind: c.Kind, layout: layout}
	if x.kind == plugins.Any {
		x.kind, x.layout = c.Kinds[row], ""
		switch x.kind {
		case plugins.Float:
			x.f = math.Float64frombits(uint64(c.Ints[row]))
		case plugins.Bool, plugins.Int, plugins.Time, plugins.Duration:
			x.n = c.Ints[row]
		default:
			x.text = c.Bytes(row)
		}
		return x
	}
	switch x.kind {
	case plugins.Bool:
		if c.Bools[row] {
			x.n = 1
		}
	case plugins.Int, plugins.Time, plugins.Duration:
		x.n = c.Ints[row]
	case plugins.Float:
		x.f = c.Floats[row]
	default:
		x.text = c.Bytes(row)
	}
	return x
}

// innerDatum returns the value that a JSON text is. Strings are made in buf.
func innerDatum(text []byte, buf *[]byte) (x datum, err error) {
	x = datum{kind: jsontext.KindOf(text), inner: true}
	switch x.kind {
	case plugins.Null:
	case plugins.Bool:
		if text[0] == 't' {
			x.n = 1
		}
	case plugins.Int:
		x.n, err = jsontext.ParseInt(text)
	case plugins.Float:
		x.f, err = jsontext.ParseFloat(text)
	case plugins.String:
		*buf, err = jsontext.AppendUnquoted((*buf)[:0], text)
		x.text = *buf
	case plugins.List, plugins.Record:
		x.text = text
	default:
		err = errMalformed
	}
	return x, err
}

// whole is the value as a whole number, of a type that holds such.
func (x datum) whole() (int64, error) {
	switch {
	case x.kind == plugins.Int:
		return x.n, nil
	case x.kind == plugins.Time && jsontext.IsEpoch(x.layout):
		return jsontext.EpochOf(x.n, x.layout), nil
	}
	return 0, x.mismatch(plugins.Int)
}

// float is the value as a number that need not be whole.
func (x datum) float() (float64, error) {
	switch x.kind {
	case plugins.Float:
		return x.f, nil
	case plugins.Int:
		return float64(x.n), nil
	}
	return 0, x.mismatch(plugins.Float)
}

// appendText appends the value as text.
func (x datum) appendText(dst []byte) ([]byte, error) {
	switch x.kind {
	case plugins.String:
		return append(dst, x.text...), nil
	case plugins.Time:
		return jsontext.AppendTime(dst, x.n, x.layout), nil
	case plugins.Duration:
		return jsontext.AppendDuration(dst, x.n), nil
	}
	return dst, x.mismatch(plugins.String)
}

// appendBytes appends the value as bytes.
func (x datum) appendBytes(dst []byte) ([]byte, error) {
	switch {
	case x.kind == plugins.String && x.inner:
		dst, err := base64.StdEncoding.AppendDecode(dst, x.text)
		if err != nil {
			return dst, errBase64
		}
		return dst, nil
	case x.kind == plugins.Bytes || x.kind == plugins.String:
		return append(dst, x.text...), nil
	}
	return dst, x.mismatch(plugins.Bytes)
}

// nanos is the value as nanoseconds, of a kind that is Time or Duration.
func (x datum) nanos(want plugins.Kind) (int64, error) {
	switch {
	case x.kind == want:
		return x.n, nil
	case x.inner && x.kind == plugins.String && want == plugins.Time:
		return jsontext.ParseTime(x.text, "")
	case x.inner && x.kind == plugins.String && want == plugins.Duration:
		return parseDuration(x.text)
	}
	return 0, x.mismatch(want)
}

// mismatch says that the value is of another kind than the schema wants.
func (x datum) mismatch(want plugins.Kind) error {
	if x.kind == plugins.Null {
		return errNoNull
	}
	return &jsontext.MismatchError{Got: x.kind, Want: want}
}

// parseDuration reads a duration such as 1m30s.
func parseDuration(text []byte) (int64, error) {
	d, err := time.ParseDuration(string(text))
	if err != nil {
		return 0, jsontext.ErrDuration
	}
	return int64(d), nil
}
