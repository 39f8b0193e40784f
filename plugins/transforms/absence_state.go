package transforms

import (
	"encoding/binary"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
)

// presence is what is kept of a key. Times are in nanoseconds since 1970.
type presence struct {
	keyed.Time       // Own is keyed.None if it never came
	arrived    int64 // the time of the pipeline's clock at its last record
	absent     bool
}

func encodePresence(dst []byte, p *presence) []byte {
	for _, at := range []int64{p.Own, p.Lane, p.arrived} {
		dst = binary.AppendVarint(dst, at)
	}
	return appendFlag(dst, p.absent)
}

func decodePresence(src []byte, p *presence) error {
	r := &stateReader{rest: src}
	p.Own, p.Lane, p.arrived, p.absent = r.varint(), r.varint(), r.varint(), r.flag()
	return r.end()
}

// patience is how long keys may be silent, by each clock.
type patience struct {
	limit   int64 // before a key is absent
	forget  int64 // and before it is forgotten
	idle    int64
	timeout int64 // in place of limit by the pipeline's clock, beside event time; 0 for not
	// processing says that times are those of the pipeline's clock.
	processing bool
	started    int64           // when the state was read: nothing can come before
	expected   map[string]bool // keys that are not forgotten
}

// wall returns the latest time of the pipeline's clock that a key tells of.
func (p *patience) wall(k *presence) int64 {
	if p.processing && k.absent {
		return later(k.arrived, p.limit)
	}
	return k.arrived
}

// ahead returns how long the silence of a key may be until something happens.
func (p *patience) ahead(k *presence) int64 {
	if k.absent {
		return p.forget
	}
	return p.limit
}

// due returns when something happens to a key of which nothing comes.
func (p *patience) due(e *keyed.Entry[presence]) (event, wall int64) {
	k := &e.V
	event, wall = plugins.Never, plugins.Never
	if k.absent && p.expected[e.Key] {
		return event, wall
	}
	if !p.processing && k.Own != keyed.None {
		event = later(k.Lane, later(later(p.idle, p.ahead(k)), 1))
	}
	if p.processing || p.timeout > 0 {
		wall = later(p.since(k), later(later(p.ahead(k)-p.limit, p.timeout), 1))
	}
	return event, wall
}

// since returns from when on a key is silent by the pipeline's clock.
func (p *patience) since(k *presence) int64 { return max(k.arrived, p.started) }

// byLane returns how long a key is silent when the lane's time is lane.
func (p *patience) byLane(k *presence, lane int64) int64 {
	if p.processing || k.Own == keyed.None {
		return 0
	}
	return k.Silent(lane) - p.idle
}

// byWall returns how long a key is silent at a time of the pipeline's clock.
func (p *patience) byWall(k *presence, wall int64) int64 {
	return wall - p.since(k) - p.timeout + p.limit
}
