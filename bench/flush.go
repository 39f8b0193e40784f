package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/onstream/onstream/plugins"
)

// flushInterval is how often the sink answers that P5-kafka is measured with
// besides: what comes from one partition must not wait for each answer.
const flushInterval = 10 * time.Millisecond

// flushingKind is a sink that takes everything at once and answers each
// flushInterval, as one does that writes to a slow disk in groups.
func flushingKind() plugins.SinkKind {
	return plugins.SinkKind{
		Name:         "flushing",
		Capabilities: func(plugins.Config) plugins.Capabilities { return plugins.Capabilities{Idempotent: true} },
		New:          func(plugins.Config, plugins.Env) (plugins.Sink, error) { return &flushing{}, nil },
	}
}

type flushing struct {
	mu   sync.Mutex
	held []func(error)
}

var _ plugins.Sink = (*flushing)(nil)

// Write implements [plugins.Sink].
func (s *flushing) Write(_ context.Context, _ *plugins.Batch, done func(error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.held) == 0 {
		time.AfterFunc(flushInterval, s.answer)
	}
	s.held = append(s.held, done)
	return nil
}

// Flush implements [plugins.Sink]. The disk is no faster when nothing more
// comes.
func (s *flushing) Flush(context.Context) error { return nil }

func (s *flushing) answer() {
	s.mu.Lock()
	held := s.held
	s.held = nil
	s.mu.Unlock()
	for _, done := range held {
		done(nil)
	}
}

// flushingHCL reads a topic into the sink that answers late.
func flushingHCL(connector, group, in string) string {
	return fmt.Sprintf(`
pipeline "flushing" {}
%s
source "topic" "in" {
  via    = connector.bus
  topic  = %s
  group  = %s
  format = "json"
}

sink "flushing" "out" {
  from = source.in
}
`, connector, strconv.Quote(in), strconv.Quote(group))
}

// flushes measures how fast one partition is read for such a sink.
func (b *bench) flushes(ctx context.Context, t *kafkaTopics) error {
	var samples []sample
	for range b.rounds {
		if err := t.prepare(ctx); err != nil {
			return err
		}
		s, err := take(func() error {
			o := engineOptions{until: hasRead(t.records)}
			return b.engine(ctx, flushingHCL(t.connector(), t.group(), t.in()), nil, io.Discard, o)
		})
		if err != nil {
			return fmt.Errorf("P5-kafka, sink that answers each %v: %w", flushInterval, err)
		}
		samples = append(samples, s)
	}
	spent := spreadOf(each(samples, func(s sample) float64 { return float64(s.wall.Microseconds()) / float64(t.records) }))
	fmt.Fprintf(b.stdout, "one partition, sink that answers each %v: %.0f records/s (%.0f to %.0f)\n", flushInterval, 1e6/spent.median, 1e6/spent.max, 1e6/spent.min)
	// 100,000 records a second.
	b.budgets = append(b.budgets, budget{"P5-kafka engine, late answers", 10, spent.median, "us from start to end per record"})
	return nil
}
