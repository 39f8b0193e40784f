package transforms

import (
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
)

// retention is how long a stage remembers a key after a time that it has
// shown. By event time a key is forgotten when it shows a time that is so much
// later itself, or when the lane's time has gone on by so much, and idle, since
// its last record. Times are in nanoseconds.
type retention struct {
	ttl, idle  int64
	processing bool // by the pipeline's clock
}

// retentionAttrs are the attributes about time of kinds that forget keys.
func retentionAttrs() []plugins.Attr {
	return append(eventTimeAttrs(plugins.AttrExpr), idleAttr())
}

func newRetention(c plugins.Config) retention {
	return retention{
		ttl: int64(c.Duration("ttl")), idle: int64(c.Duration("idle")),
		processing: c.String("clock") == "processing",
	}
}

// wall returns the time of the pipeline's clock that is stored of a key.
func (r retention) wall(t *keyed.Time) int64 {
	if r.processing {
		return t.Own
	}
	return keyed.None
}

// due returns when a key is forgotten without another record of its own, if it
// is remembered for the time at.
func (r retention) due(t *keyed.Time, at int64) (event, wall int64) {
	if r.processing {
		return plugins.Never, later(at, r.ttl)
	}
	return later(t.Lane, later(r.ttl, r.idle)), plugins.Never
}

// silent reports whether a key is forgotten when the time of the lane is lane.
func (r retention) silent(t *keyed.Time, lane int64) bool {
	return !r.processing && t.Silent(lane) >= later(r.ttl, r.idle)
}

// over reports whether a key that is remembered for its own time is forgotten
// when a record shows the time at, and lane is the time of its lane.
func (r retention) over(t *keyed.Time, at, lane int64) bool {
	return at >= later(t.Own, r.ttl) || r.silent(t, lane)
}

// observe notes the time of a record of a key.
func (r retention) observe(c *keyed.Clock, key string, at int64) keyed.Reading {
	if r.processing {
		return keyed.Reading{Now: keyed.None, First: at}
	}
	return c.Observe(key, at)
}
