package limit

// guessed does what scanned does. It compares each line with the layout of an
// earlier one and scans the line only if that fails.
func (f FilterMap) guessed(out, buf []byte, n int, guess *layout, tally *Tally) []byte {
	for p := 0; p < n; {
		var r row
		end, ok := guess.match(buf, p, &r)
		if !ok {
			r = row{}
			if end, ok = scan(buf, p, &r); ok {
				guess.missed(buf, p)
			}
		}
		p, out = f.record(out, buf, p, end, ok, &r, tally)
	}
	return out
}

// patience is how many misses in a row it takes to doubt that the input has
// one layout; maxPause is how many lines are then scanned at most before the
// next guess.
const (
	patience = 4
	maxPause = 1024
)

// missed learns from the line at p, which had another layout. Where guesses
// keep failing, ever fewer are made.
func (l *layout) missed(b []byte, p int) {
	if l.pause > 0 {
		l.pause--
		return
	}
	l.misses++
	if l.misses > patience {
		l.pause = min(1<<(l.misses-patience), maxPause)
		l.misses = min(l.misses, patience+10)
	}
	l.learn(b, p)
}
