package transforms

// moment is a record that has a part in a pattern.
type moment struct {
	at     int64
	opens  bool   // it is what the pattern begins with
	closes bool   // it is what the pattern waits for
	row    []byte // what results need of it, stored
}

// match is a pattern that was found.
type match struct {
	start, end  int64
	count       int64 // of records
	first, last []byte
}

// pattern looks at the moments of a key in the order of their times, and says
// where it is found. What it keeps is in the key's detection.
type pattern interface {
	// take is given the next moment, at most within after those kept.
	take(d *detection, m moment) (match, bool)
	// lapse is called when all that is kept is longer ago than within.
	lapse(d *detection) (match, bool)
}

// followed is a record, and then another within a time: of several first ones
// the last before it counts.
type followed struct{}

func (p followed) take(d *detection, m moment) (match, bool) {
	if m.closes && len(d.open) > 0 {
		first := d.open[0]
		d.open = d.open[:0]
		return match{start: first.at, end: m.at, count: 2, first: first.row, last: m.row}, true
	}
	if m.opens {
		d.open = keep(d.open[:0], m)
	}
	return match{}, false
}

func (p followed) lapse(d *detection) (match, bool) {
	d.open = d.open[:0]
	return match{}, false
}

// unfollowed is a record, and then not the other within a time: further first
// ones in that time change nothing.
type unfollowed struct{ within int64 }

func (p unfollowed) take(d *detection, m moment) (match, bool) {
	if m.closes {
		d.open = d.open[:0]
	}
	if m.opens && len(d.open) == 0 {
		d.open = keep(d.open, m)
	}
	return match{}, false
}

func (p unfollowed) lapse(d *detection) (match, bool) {
	first := d.open[0]
	d.open = d.open[:0]
	return match{start: first.at, end: later(first.at, p.within), count: 1, first: first.row}, true
}

// repeated is so many records within a time.
type repeated struct {
	within int64
	count  int
}

func (p repeated) take(d *detection, m moment) (match, bool) {
	old := 0
	for old < len(d.open) && later(d.open[old].at, p.within) < m.at {
		old++
	}
	d.open = dropFirst(d.open, old)
	if len(d.open) < p.count-1 {
		d.open = keep(d.open, m)
		return match{}, false
	}
	first := d.open[0]
	d.open = d.open[:0]
	return match{start: first.at, end: m.at, count: int64(p.count), first: first.row, last: m.row}, true
}

func (p repeated) lapse(d *detection) (match, bool) {
	d.open = d.open[:0]
	return match{}, false
}

// keep appends a copy of m, in the memory of a moment that was kept before.
func keep(ms []moment, m moment) []moment {
	if len(ms) == cap(ms) {
		m.row = append([]byte(nil), m.row...)
		return append(ms, m)
	}
	ms = ms[:len(ms)+1]
	last := &ms[len(ms)-1]
	m.row = append(last.row[:0], m.row...)
	*last = m
	return ms
}

// dropFirst takes out the first n moments; their memory is that of later ones.
func dropFirst(ms []moment, n int) []moment {
	if n == 0 {
		return ms
	}
	for k := n; k < len(ms); k++ {
		ms[k-n], ms[k] = ms[k], ms[k-n]
	}
	return ms[:len(ms)-n]
}
