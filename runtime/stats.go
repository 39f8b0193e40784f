package runtime

import (
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
	"github.com/onstream/onstream/runtime/spool"
)

// Stats is a snapshot of an engine. Counts of different stages are not taken
// at the same instant while records flow.
type Stats struct {
	Pipeline string
	Stages   []StageStats // in the order of the graph
	// Progress of the sources whose input has an end, in the units of the
	// sources (bytes of files). Total is 0 when there is none.
	Done, Total int64
	Ready       bool // every stage runs and none is stopping
	Checkpoint  CheckpointStats
	Connections []ConnectionStats // of the kinds that tell
}

// ConnectionStats is how a connection is.
type ConnectionStats struct {
	Addr string
	plugins.ConnectionStatus
}

// StageStats counts the records of one stage:
//
//	In + Made = Out + Filtered + Dead + Held
type StageStats struct {
	Addr string
	Role graph.Role
	Kind string

	In       int64 // records that reached the stage; of a source, that it read
	Out      int64 // records it passed on; of a sink, that are durable
	Made     int64 // records it passed on beyond those that reached it
	Filtered int64 // records that left the pipeline here on purpose
	Dead     int64 // records that failed here
	Held     int64 // records that wait here or are being written

	QueueBytes int64 // of the records held
	Keys       int64 // that the stage keeps something for, at the last checkpoint
	HotKeys    int64 // of these, in memory
	Retries    int64 // of a sink
	LastError  string
	InFlight   int64        // of a source, what it handed over that is not acknowledged
	Lag        *int64       // of a source, what waits for it; nil where that is not known
	Spool      *spool.Stats // of a source that has one; nil for others
	Measured   []plugins.MetricValue
	// Latency is the age of the records when they reached the stage, or, for a
	// sink, when they were durable.
	Latency Latency
}

// Balanced reports whether the counts agree.
func (s StageStats) Balanced() bool {
	return s.In+s.Made == s.Out+s.Filtered+s.Dead+s.Held
}

// Latency is a histogram of ages.
type Latency struct {
	Bounds []time.Duration // upper bounds of the buckets; the last bucket has none
	Counts []int64         // len(Bounds)+1 counts, not cumulative
	Sum    time.Duration
}

// Count returns the number of records.
func (l Latency) Count() int64 {
	var n int64
	for _, c := range l.Counts {
		n += c
	}
	return n
}

// Stats returns a snapshot. It may be called at any time.
func (e *Engine) Stats() Stats {
	e.gate.RLock()
	top := e.top
	e.gate.RUnlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	st := Stats{Ready: e.ready && e.phase == running, Checkpoint: *e.state.last.Load()}
	if top == nil {
		return st
	}
	st.Pipeline = top.graph.Name
	for _, s := range top.graph.Stages {
		c := e.counters[s.Addr()]
		x := StageStats{
			Addr: s.Addr(), Role: s.Role, Kind: s.Kind,
			In: c.in.Load(), Out: c.out.Load(), Made: c.made.Load(),
			Filtered: c.filtered.Load(), Dead: c.dead.Load(), Held: c.held.Load(),
			QueueBytes: c.heldBytes.Load(), Retries: c.retries.Load(),
			Latency: c.latency.snapshot(), Measured: c.measured.Values(),
		}
		if msg := c.lastError.Load(); msg != nil {
			x.LastError = *msg
		}
		if k := c.kept.Load(); k != nil {
			x.Keys, x.HotKeys = k.Keys, k.Hot
		}
		if a := e.sources[s.Addr()]; a != nil {
			a.tell(&x)
			if r, ok := a.source.(*replaying); ok {
				x.Spool = r.spooled()
			}
		}
		st.Stages = append(st.Stages, x)
	}
	st.Connections = e.via.stats()
	for _, s := range e.sources {
		if p, ok := s.source.(plugins.Progresser); ok {
			done, total := p.Progress()
			st.Done += done
			st.Total += total
		}
	}
	return st
}

func (h *histogram) snapshot() Latency {
	l := Latency{Bounds: latencyBounds[:], Counts: make([]int64, len(h.buckets)), Sum: time.Duration(h.sum.Load())}
	for i := range h.buckets {
		l.Counts[i] = h.buckets[i].Load()
	}
	return l
}
