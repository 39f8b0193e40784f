package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/onstream/onstream/plugins"
)

// lagEvery is how often partitions that are not fetched are asked about.
const lagEvery = time.Second

// askEnds keeps it known, until ctx ends, how much waits in partitions of which nothing is fetched, because enough is
// read ahead or no record comes: else what is fetched tells where a partition ends.
func (r *reader) askEnds(ctx context.Context) {
	tick := time.NewTicker(lagEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		silent := map[string][]*lane{}
		r.mu.Lock()
		for p, l := range r.lanes {
			if l.full() || l.endless() {
				silent[p.Name] = append(silent[p.Name], l)
			}
		}
		r.mu.Unlock()
		for topic, lanes := range silent {
			ends, err := r.ends(ctx, topic)
			if err != nil {
				break // the poll finds out
			}
			for _, l := range lanes {
				if end, ok := ends.Lookup(topic, l.part.ID); ok && end.Err == nil {
					l.endsAt(end.Offset)
				}
			}
		}
	}
}

// ends returns where the partitions of a topic end for the reader.
func (r *reader) ends(ctx context.Context, topic string) (kadm.ListedOffsets, error) {
	asking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if r.conn.config.String("isolation_level") == "read_uncommitted" {
		return r.admin.ListEndOffsets(asking, topic)
	}
	return r.admin.ListCommittedOffsets(asking, topic)
}

// endless reports whether it is not known yet where the partition ends: nothing
// tells that as long as no record comes.
func (l *lane) endless() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.highest < 0
}

// endsAt notes an offset after the last record that the partition has.
func (l *lane) endsAt(offset int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.highest = max(l.highest, offset)
}

var _ plugins.Lagging = (*reader)(nil)

// Lag implements [plugins.Lagging].
func (r *reader) Lag() (int64, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var sum int64
	for _, l := range r.lanes {
		n, known := l.lag()
		if !known {
			return 0, false
		}
		sum += n
	}
	return sum, true
}

// lag returns how many records the partition has beyond what was handed over.
func (l *lane) lag() (n int64, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(0, l.highest-l.next), l.highest >= 0
}
