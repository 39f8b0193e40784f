package transforms

import (
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
)

// silence tells the watermark of a key, from its own time and from how long
// nothing has come from it.
type silence struct {
	processing bool // times are those of the pipeline's clock
	lateness   int64
	idle       int64
	timeout    int64 // 0 for none
	within     int64
	started    int64 // when the state was read: nothing can come before
}

// mark returns the watermark of a key when the lane's time is lane and that of
// the pipeline's clock is wall; [keyed.None] for one that does not count.
func (s *silence) mark(d *detection, lane, wall int64) int64 {
	if s.processing {
		return wall
	}
	reached := later(d.Own, max(0, d.Silent(lane)-s.idle))
	if wall != keyed.None && s.timeout > 0 {
		if silent := wall - max(d.arrived, s.started); silent > s.timeout {
			reached = max(reached, later(d.Own, silent-s.timeout))
		}
	}
	return later(reached, -s.lateness)
}

// next returns the watermark at which there is something to do for a key.
func (s *silence) next(d *detection) int64 {
	next := plugins.Never
	if len(d.ahead) > 0 {
		next = d.ahead[0].at
	}
	if n := len(d.open); n > 0 {
		next = min(next, later(later(d.open[n-1].at, s.within), 1))
	}
	if next == plugins.Never {
		next = later(max(later(d.Own, s.within), d.quiet), 1) // to forget it
	}
	return next
}

// over reports whether nothing that a key has shown has to do with what it may
// show when its watermark is mark: it is forgotten.
func (s *silence) over(d *detection, mark int64) bool {
	return len(d.open) == 0 && len(d.ahead) == 0 && mark >= s.next(d)
}

// due returns when there is something to do for a key of which nothing comes.
func (s *silence) due(e *keyed.Entry[detection]) (event, wall int64) {
	next := s.next(&e.V)
	if s.processing {
		return plugins.Never, next
	}
	ahead := later(elapsed(e.V.Own, next), s.lateness)
	event, wall = later(e.V.Lane, later(ahead, s.idle)), plugins.Never
	if s.timeout > 0 {
		wall = later(max(e.V.arrived, s.started), later(ahead, s.timeout))
	}
	return event, wall
}
