package transforms

import (
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
)

// joinWatermark tells up to when the records of a key have come.
//
// Each input of a key has a time of its own, and what both have passed is
// over: so it does not matter which input is read first. An input that is
// silent for a key is moved by its other keys, or ends by the pipeline's clock.
type joinWatermark struct {
	processing bool // times are those of the pipeline's clock
	lateness   int64
	idle       int64
	timeout    int64 // 0: inputs do not end by the pipeline's clock
	clocks     joinClocks
	wall       int64 // the time of the pipeline's clock
	// restored is when the state was read: silence counts from then on,
	// because nothing could come while the pipeline was down.
	restored int64
}

func newJoinWatermark(c plugins.Config) joinWatermark {
	return joinWatermark{
		processing: c.String("clock") == "processing",
		lateness:   int64(c.Duration("lateness")),
		idle:       idleOf(c),
		timeout:    int64(c.Duration("timeout")),
		clocks:     newJoinClocks(),
		wall:       keyed.None,
		restored:   keyed.None,
	}
}

// shown returns the latest time of the pipeline's clock that is stored of a key.
func (w *joinWatermark) shown(k *heldKey) int64 {
	at := keyed.None
	for p := range k.sides {
		s := &k.sides[p]
		if n := len(s.rows); w.processing && n > 0 {
			at = max(at, s.rows[n-1].at)
		} else if w.timeout > 0 {
			at = max(at, s.wall)
		}
	}
	return at
}

// begin notes the first record of a key.
func (w *joinWatermark) begin(k *heldKey, key string, port int, at int64) {
	k.mark = keyed.None
	k.sides[other(port)] = heldSide{Time: keyed.Time{Own: at, Lane: w.clocks[other(port)].Now()}, wall: w.wall}
	w.note(k, key, port, at)
}

// note notes a record of a key.
func (w *joinWatermark) note(k *heldKey, key string, port int, at int64) {
	if w.processing {
		return
	}
	s := &k.sides[port]
	if shown := w.clocks.observe(port, key, at); s.shown {
		s.Show(at, shown)
	} else {
		s.Begin(at, shown)
		s.shown = true
	}
	s.wall = w.wall
}

// advance moves the mark of a key to its watermark. With event time it never
// goes back.
func (w *joinWatermark) advance(k *heldKey) {
	if at := w.of(k); at > k.mark || w.processing {
		k.mark = at
	}
}

// of returns the watermark of a key by what is known now.
func (w *joinWatermark) of(k *heldKey) int64 {
	if w.processing {
		return w.wall
	}
	at := min(w.reached(k, left), w.reached(k, right))
	if at == plugins.Never {
		return at
	}
	return later(at, -w.lateness)
}

// reached returns the time of one input of a key.
func (w *joinWatermark) reached(k *heldKey, port int) int64 {
	s := &k.sides[port]
	if w.ended(s) {
		return plugins.Never
	}
	silent := w.clocks.silent(port, &s.Time)
	if !s.shown && silent <= w.idle {
		return keyed.None
	}
	return later(s.Own, max(0, silent-w.idle))
}

// ended reports whether nothing has come for so long that the input of a key
// counts as ended.
func (w *joinWatermark) ended(s *heldSide) bool { return w.timeout > 0 && w.wall >= w.end(s) }

// end returns when that will be.
func (w *joinWatermark) end(s *heldSide) int64 { return later(max(s.wall, w.restored), w.timeout) }

// due returns the time that both inputs have to reach for the watermark of a
// key to have passed a time, if nothing comes from it any more, and when it may
// do so by the pipeline's clock.
func (w *joinWatermark) due(k *heldKey, over int64) (event, wall int64) {
	if w.processing {
		return plugins.Never, later(over, 1)
	}
	need, passed := later(later(over, w.lateness), 1), w.of(k) > over
	event, wall = keyed.None, plugins.Never
	for p := range k.sides {
		s := &k.sides[p]
		ended := w.ended(s)
		if w.timeout > 0 && (passed || !ended) {
			wall = min(wall, w.end(s))
		}
		from := w.clocks.from(p, &s.Time)
		if reached := s.shown && s.Own >= need; !ended && !reached && from != keyed.None {
			event = max(event, later(from, later(max(1, elapsed(s.Own, need)), w.idle)))
		}
	}
	return event, wall
}
