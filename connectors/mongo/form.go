package mongo

import (
	"math"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// form is how values that JSON does not have are written in it.
type form uint8

const (
	// plain has them as the rest of the pipeline does: dates as RFC 3339, ObjectIds as 24 hexadecimal
	// digits, decimals as strings of their digits, binary as base64.
	plain form = iota
	// extended has them as objects that tell their type: MongoDB Extended JSON, relaxed.
	extended
)

// formOf returns the form that an attribute names.
func formOf(name string) form {
	if name == "extended" {
		return extended
	}
	return plain
}

// isDate reports whether ms since 1970 can be written as RFC 3339.
func isDate(ms int64) bool {
	const first, last = -62167219200000, 253402300799999 // of the years 0 and 9999
	return ms >= first && ms <= last
}

// appendDate appends ms since 1970 as RFC 3339, with as many decimals as it needs.
func appendDate(dst []byte, ms int64) []byte {
	return time.UnixMilli(ms).UTC().AppendFormat(dst, time.RFC3339Nano)
}

// parseDate returns the ms since 1970 of a time in RFC 3339. What is finer than a millisecond is cut off,
// towards the past.
func parseDate(text string) (int64, bool) {
	at, err := time.Parse(time.RFC3339Nano, text)
	return at.UnixMilli(), err == nil
}

// datedNanos returns the ms since 1970 of a time in ns, rounded towards the past.
func datedNanos(ns int64) int64 { return floorDiv(ns, int64(time.Millisecond)) }

func floorDiv(n, by int64) int64 {
	q := n / by
	if n%by < 0 {
		q--
	}
	return q
}

// parseDecimal reads a decimal of up to 34 digits, without rounding any away.
func parseDecimal(text string) (bson.Decimal128, bool) {
	d, err := bson.ParseDecimal128(text)
	if err != nil || d.IsNaN() || d.IsInf() != 0 {
		return d, err == nil && isName(text)
	}
	return d, true
}

// isName reports whether a text names a number that has no digits.
func isName(text string) bool {
	switch strings.ToLower(strings.TrimLeft(text, "+-")) {
	case "nan", "inf", "infinity":
		return true
	}
	return false
}

// isFinite reports whether f is a number that JSON has.
func isFinite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }
