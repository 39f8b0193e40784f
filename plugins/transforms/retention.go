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

// due returns when a key with the time at is forgotten without another record
// of its own, if the lane's time was seen when its last one came.
func (r retention) due(at, seen int64) (event, wall int64) {
	if r.processing {
		return plugins.Never, later(at, r.ttl)
	}
	return later(seen, r.ttl+r.idle), plugins.Never
}

// silent reports whether a key whose last record came when the lane's time was
// seen is forgotten when that is lane.
func (r retention) silent(seen, lane int64) bool {
	return !r.processing && lane >= later(seen, r.ttl+r.idle)
}

// over reports whether a key is forgotten when it shows the time now, and lane
// is the time of its lane.
func (r retention) over(at, seen, now, lane int64) bool {
	return now >= later(at, r.ttl) || r.silent(seen, lane)
}

// observe notes a record of a key; it returns the lane's time then.
func (r retention) observe(c *keyed.Clock, key string, at int64) (seen int64) {
	if r.processing {
		return at
	}
	c.Observe(key, at)
	return laneTime(c, at)
}

// laneTime returns the time of the lane when a key shows the time at: that one,
// as long as the lane has none.
func laneTime(c *keyed.Clock, at int64) int64 {
	if now := c.Now(); now != keyed.None {
		return now
	}
	return at
}
