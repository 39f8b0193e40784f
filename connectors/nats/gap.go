package nats

import (
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/onstream/onstream/plugins"
)

// gap is what was not among the records that came since it was looked at last. Most of it is of
// no concern: other topics, other partitions. But where the stream begins behind its first
// number now, records were removed about there at about the time that they were to be read,
// and nobody can tell any more whose they were.
type gap struct {
	mu     sync.Mutex
	from   uint64 // the first number
	count  uint64 // of numbers
	missed uint64 // records that are not told of yet
	told   time.Time
}

// skip notes that the records from one number up to another did not come.
func (g *gap) skip(from, to uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.count == 0 || from < g.from {
		g.from = from
	}
	g.count += to - from
}

// take returns what there is, and forgets it.
func (g *gap) take() (from, count uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	from, count = g.from, g.count
	g.from, g.count = 0, 0
	return from, count
}

// tellAgain is how often it is told that records are removed while that goes on.
const tellAgain = time.Minute

// closeGap looks whether the stream has removed what did not come: records from a number on, so
// many at most. It was asked after that.
func (p *partition) closeGap(stream *jetstream.StreamInfo, from, count uint64) error {
	first := stream.State.FirstSeq
	if count == 0 || !keepsAll(stream) || first <= from || p.reader.conn.options.consumer.deliverPolicy == "last_per_subject" {
		return nil
	}
	gone := min(count, first-from)
	if p.readsAll(stream) {
		return plugins.Permanent(fmt.Errorf("%d records of stream %s were removed (max_age, max_bytes or a purge) before they were read: the stream begins with record %d, and %d was the next to read; %s", gone, p.stream, first, from, p.reader.wayOut()))
	}
	p.reader.conn.missed.Add(int64(gone))
	g := &p.gap
	g.missed += gone
	if now := time.Now(); now.Sub(g.told) > tellAgain {
		p.reader.env.Logger.Warn("a stream removes records (max_age, max_bytes or a purge) before they are read: raise its limits, or see why reading is slow",
			"stream", p.stream, "topic", p.reader.subject, "partition", p.number, "missed at most", g.missed, "stream begins with", first, "to be read was", from)
		g.missed, g.told = 0, now
	}
	return nil
}

// readsAll reports whether all that the stream keeps is for this reader.
func (p *partition) readsAll(stream *jetstream.StreamInfo) bool {
	for _, s := range stream.Config.Subjects {
		if !covers(p.reader.subject, s) {
			return false
		}
	}
	return p.of == 1 && len(stream.Config.Subjects) > 0
}
