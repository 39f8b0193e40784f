package jsontext

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Errors of times, durations and bytes.
var (
	ErrDuration = errors.New(`is not a duration such as "1m30s"`)
	errBase64   = errors.New("is not base64")
	errRFC3339  = errors.New("is not a time such as 2026-01-31T08:00:00Z (RFC 3339)")
)

// IsEpoch tells whether times of a layout are integers counted from 1970.
func IsEpoch(layout string) bool { return unit(layout) != 0 }

// unit is what integers of a layout count, in ns; 0 for layouts that are text.
func unit(layout string) int64 {
	switch layout {
	case "s":
		return 1e9
	case "ms":
		return 1e6
	case "us":
		return 1e3
	case "ns":
		return 1
	}
	return 0
}

// FromEpoch returns the time that an integer of such a layout is.
func FromEpoch(n int64, layout string) (int64, error) {
	u := unit(layout)
	if n > math.MaxInt64/u || n < math.MinInt64/u {
		return 0, ErrRange
	}
	return n * u, nil
}

// EpochOf returns the integer that a time is in such a layout. Layouts coarser
// than the time round down.
func EpochOf(ns int64, layout string) int64 {
	u := unit(layout)
	n := ns / u
	if ns%u < 0 {
		n--
	}
	return n
}

// ParseTime reads a time written in a layout (see [plugins.Type]).
func ParseTime(text []byte, layout string) (int64, error) {
	if IsEpoch(layout) {
		n, err := ParseInt(text)
		if err != nil {
			return 0, err
		}
		return FromEpoch(n, layout)
	}
	var t time.Time
	var err error
	if layout == "" {
		if t.UnmarshalText(text) != nil {
			return 0, errRFC3339
		}
	} else if t, err = time.Parse(layout, string(text)); err != nil {
		return 0, fmt.Errorf("is not a time of the layout %q", layout)
	}
	if s := t.Unix(); s <= math.MinInt64/1_000_000_000 || s >= math.MaxInt64/1_000_000_000 {
		return 0, ErrRange
	}
	return t.UnixNano(), nil
}

// AppendTime appends a time in a layout, without quotes.
func AppendTime(dst []byte, ns int64, layout string) []byte {
	if IsEpoch(layout) {
		return AppendInt(dst, EpochOf(ns, layout))
	}
	if layout == "" {
		layout = time.RFC3339Nano
	}
	return time.Unix(0, ns).UTC().AppendFormat(dst, layout)
}

// AppendDuration appends a duration as [time.Duration] does, without quotes.
func AppendDuration(dst []byte, ns int64) []byte {
	u := uint64(ns)
	if ns < 0 {
		dst = append(dst, '-')
		u = -u
	}
	switch {
	case u == 0:
		return append(dst, "0s"...)
	case u < 1e3:
		return append(appendDecimal(dst, false, u, 0, 0), "ns"...)
	case u < 1e6:
		return append(appendDecimal(dst, false, u/1e3, u%1e3, 100), "µs"...)
	case u < 1e9:
		return append(appendDecimal(dst, false, u/1e6, u%1e6, 100_000), "ms"...)
	}
	seconds, rest := u/1e9, u%1e9
	minutes := seconds / 60
	if minutes >= 60 {
		dst = append(appendDecimal(dst, false, minutes/60, 0, 0), 'h')
	}
	if minutes > 0 {
		dst = append(appendDecimal(dst, false, minutes%60, 0, 0), 'm')
	}
	return append(appendDecimal(dst, false, seconds%60, rest, 100_000_000), 's')
}
