package keyed

import "math"

// Reading is what a clock shows.
type Reading struct {
	Now   int64 // see [Clock.Now]
	First int64 // the latest time that any key has shown
}

// Time is what a stage remembers of the time of a key, ns since 1970, so that
// it can tell its silence: how far the others have gone on without it.
//
// A key is silent since the time of the lane at its last record. But that one
// leaps when a key comes back whose silence has held it up, or when the first
// keys begin a new day, and a key that went on meanwhile was not silent: so
// what it has gone on by itself counts as well, as far as some key has come.
type Time struct {
	Own  int64 // the latest that the key has shown
	Lane int64 // the time of the lane since which it is silent
}

// Begin is for the first record of a key. The clock has observed it.
func (t *Time) Begin(at int64, r Reading) {
	t.Own, t.Lane = at, max(r.Now, min(r.First, at))
}

// Show is for its next one, which may be an older one.
func (t *Time) Show(at int64, r Reading) {
	since := t.Lane
	if at > t.Own {
		if since += at - t.Own; since < t.Lane { // overflow
			since = math.MaxInt64
		}
		t.Own = at
	}
	t.Lane = max(r.Now, min(r.First, since))
}

// Silent returns how long nothing has come from the key when the time of the
// lane is now.
func (t *Time) Silent(now int64) int64 {
	if now <= t.Lane {
		return 0
	}
	if d := now - t.Lane; d > 0 {
		return d
	}
	return math.MaxInt64 // more than can be told
}
