package transforms

import "math"

// later returns the time d after (before, if negative) a time; times that
// cannot be told are the last or first that can.
func later(at, d int64) int64 {
	switch t := at + d; {
	case d > 0 && t < at:
		return math.MaxInt64
	case d < 0 && t > at:
		return math.MinInt64
	default:
		return t
	}
}

// elapsed returns the time from one time to another; one that cannot be told is
// the longest that can.
func elapsed(from, to int64) int64 {
	switch d := to - from; {
	case to > from && d < 0:
		return math.MaxInt64
	case to < from && d > 0:
		return math.MinInt64
	default:
		return d
	}
}
