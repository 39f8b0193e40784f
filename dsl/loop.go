package dsl

import (
	"fmt"
	"strings"
)

// warnLoops warns of sinks that write to topics from which, over others or not, their records
// come. A loop is told once, at the first of its sinks.
func (b *builder) warnLoops() {
	w := b.topicWays()
	told := map[*stage]bool{}
	for _, s := range w.sinks {
		way := w.round(s)
		if way == nil || told[s] {
			continue
		}
		var text strings.Builder
		for i, h := range way {
			told[h.to] = true
			if i > 0 {
				fmt.Fprintf(&text, ", %s writes what becomes of it to %q, and", way[i-1].to.Addr(), h.topic)
			}
			fmt.Fprintf(&text, " %s reads ", h.source.Addr())
			if i == 0 {
				fmt.Fprintf(&text, "the topic %q", h.topic)
			} else {
				text.WriteString("that")
			}
		}
		b.add(warningAt(s.places[s.kind.sink.Topic], "records come back",
			"%s: what is written there comes in again, and goes round without end unless a stage between them stops it; write to another topic", strings.TrimSpace(text.String())))
	}
}

// topicHop is a way of records from a sink to one: a source reads the topic of the former.
type topicHop struct {
	topic  string
	source *stage
	to     *stage
}

// topicWays are the ways of records over topics that the pipeline itself reads.
type topicWays struct {
	sinks []*stage // as written
	next  map[*stage][]topicHop
}

func (b *builder) topicWays() topicWays {
	w := topicWays{next: map[*stage][]topicHop{}}
	sources := map[*stage][]*stage{}
	for _, s := range b.order {
		if s.kind.sink.FixedTopic(s.Config) == "" {
			continue
		}
		w.sinks = append(w.sinks, s)
		for _, u := range b.graph.Upstream(s.Stage) {
			if source := b.stages[u.Addr()]; source.kind.source.ReadsTopic != nil {
				sources[s] = append(sources[s], source)
			}
		}
	}
	for _, from := range w.sinks {
		topic := from.kind.sink.FixedTopic(from.Config)
		for _, to := range w.sinks {
			for _, u := range sources[to] {
				if u.connector == from.connector && u.kind.source.ReadsTopic(u.Config, topic) {
					w.next[from] = append(w.next[from], topicHop{topic, u, to})
				}
			}
		}
	}
	return w
}

// round returns the shortest way from a sink back to it, nil where there is none.
func (w topicWays) round(s *stage) []topicHop {
	ways := [][]topicHop{nil} // that are not at their end, the shorter ones first
	seen := map[*stage]bool{}
	for len(ways) > 0 {
		way := ways[0]
		ways = ways[1:]
		at := s
		if len(way) > 0 {
			at = way[len(way)-1].to
		}
		for _, h := range w.next[at] {
			longer := append(way[:len(way):len(way)], h)
			if h.to == s {
				return longer
			}
			if !seen[h.to] {
				seen[h.to] = true
				ways = append(ways, longer)
			}
		}
	}
	return nil
}
