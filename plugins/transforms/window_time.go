package transforms

import (
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
)

// windowTime is what a window stage knows about the time of a key, ns since
// 1970.
type windowTime struct {
	own    int64 // the latest that it has shown
	closed int64 // where the latest of its closed windows has ended
	lane   int64 // the time of the lane at its last record, or its own if that is later
	wall   int64 // that of the pipeline's clock, where it matters
	// shift leads from its times to those of the lane: a key that is new and
	// ahead of the lane shows the time that the lane has. So the lane's time
	// does not jump where clocks differ or other data begins; only what keys
	// go on by moves it.
	shift int64
}

// windowClock tells for each key up to when its records have come.
type windowClock struct {
	processing              bool // keys have the time of the pipeline's clock
	lateness, idle, timeout int64
	forget                  int64
	lane                    keyed.Clock
	// restored is when the state was read: silence counts from then on at the
	// earliest, because nothing could come while the pipeline was down.
	restored int64
}

func newWindowClock(c plugins.Config) windowClock {
	return windowClock{
		processing: c.String("clock") == "processing",
		lateness:   int64(c.Duration("lateness")), idle: idleOf(c), timeout: int64(c.Duration("timeout")),
		forget:   int64(c.Duration("forget") + c.Duration("idle")),
		restored: keyed.None,
	}
}

// begin is for a key that is new, with the time of its first record.
func (w *windowClock) begin(k *windowTime, at int64) {
	*k = windowTime{own: at, closed: keyed.None}
	if now, ok := w.lane.Latest(); ok && at > now {
		k.shift = now - at
	}
}

// watermark returns the time of a key without the lateness: what is before it
// has come.
func (w *windowClock) watermark(k *windowTime) int64 {
	return later(k.own, -w.lateness)
}

// seen notes that a record of the key came at a time of the pipeline's clock.
func (w *windowClock) seen(k *windowTime, key string, wall int64) {
	if w.processing {
		return
	}
	if w.timeout > 0 {
		k.wall = wall
	}
	w.lane.Observe(key, k.own+k.shift)
	// A key that is the first to show a new day is not silent when the others
	// follow.
	k.lane = max(w.lane.Now(), k.own+k.shift)
}

// due returns when, if nothing comes any more, the watermark of the key is at
// a time: by the lane's time, and by the pipeline's clock.
func (w *windowClock) due(k *windowTime, at int64) (event, wall int64) {
	if w.processing {
		return plugins.Never, at
	}
	event, wall = plugins.Never, plugins.Never
	if at != plugins.Never {
		event = later(k.lane, w.idle+max(0, at-w.watermark(k)))
	}
	if w.timeout > 0 {
		wall = later(max(k.wall, w.restored), w.timeout)
	}
	return event, wall
}

// silent returns the watermark of a key when the time of the lane is now and
// nothing has come.
func (w *windowClock) silent(k *windowTime, now int64) int64 {
	return later(w.watermark(k), max(0, now-k.lane-w.idle))
}
