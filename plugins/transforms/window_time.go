package transforms

import (
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
)

// windowTime is what a window stage knows about the time of a key, ns since
// 1970.
type windowTime struct {
	keyed.Time
	closed int64 // where the latest of its closed windows has ended
}

// windowClock tells for each key up to when its records have come.
type windowClock struct {
	processing              bool // keys have the time of the pipeline's clock
	ticks                   bool // what is open may be due without a record of its key
	lateness, idle, timeout int64
	forget                  int64
	lane                    keyed.Clock
	// restored is when the state was read: silence counts from then on at the
	// earliest, because nothing could come while the pipeline was down.
	restored int64
}

func newWindowClock(c plugins.Config) windowClock {
	processing := c.String("clock") == "processing"
	return windowClock{
		processing: processing, ticks: processing || idleOf(c) < never || c.Has("timeout"),
		lateness: int64(c.Duration("lateness")), idle: idleOf(c), timeout: int64(c.Duration("timeout")),
		forget:   later(int64(c.Duration("forget")), int64(c.Duration("idle"))),
		restored: keyed.None,
	}
}

// begin is for a key that is new: its first record came at a time of the
// pipeline's clock.
func (w *windowClock) begin(k *windowed, key string, at, wall int64) {
	k.windowTime = windowTime{Time: keyed.Time{Own: at}, closed: keyed.None}
	if w.processing {
		return
	}
	if now, ok := w.lane.Latest(); ok && at > now && w.idle < never {
		k.mayBeRare().shift = later(now, -at)
	}
	k.Begin(at, w.lane.Observe(key, later(at, k.shift())))
	w.seen(k, wall)
}

// show is for its next one.
func (w *windowClock) show(k *windowed, key string, at, wall int64) {
	if w.processing {
		k.Own = at
		return
	}
	k.Show(at, w.lane.Observe(key, later(at, k.shift())))
	w.seen(k, wall)
}

// watermark returns the time of a key without the lateness: what is before it
// has come.
func (w *windowClock) watermark(k *windowed) int64 {
	return later(k.Own, -w.lateness)
}

func (w *windowClock) seen(k *windowed, wall int64) {
	if w.timeout > 0 {
		k.mayBeRare().wall = wall
	}
}

// wall returns the time of the pipeline's clock that is stored of a key.
func (w *windowClock) wall(k *windowed) int64 {
	switch {
	case w.processing:
		return max(k.Own, k.closed)
	case w.timeout > 0:
		return k.wall()
	default:
		return keyed.None
	}
}

// due returns when, if nothing comes any more, the watermark of the key is at
// a time: by the lane's time, and by the pipeline's clock.
func (w *windowClock) due(k *windowed, at int64) (event, wall int64) {
	if w.processing {
		return plugins.Never, at
	}
	event, wall = plugins.Never, plugins.Never
	if at != plugins.Never {
		event = later(k.Lane, later(w.idle, max(0, elapsed(w.watermark(k), at))))
	}
	if w.timeout > 0 {
		wall = later(max(k.wall(), w.restored), w.timeout)
	}
	return event, wall
}

// silent returns the watermark of a key when the time of the lane is now and
// nothing has come.
func (w *windowClock) silent(k *windowed, now int64) int64 {
	return later(w.watermark(k), max(0, k.Silent(now)-w.idle))
}
