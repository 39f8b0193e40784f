package plugintest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/onstream/onstream/plugins"
)

// shelf is a target for a fake.
type shelf struct {
	mu      sync.Mutex
	records []string
	keys    map[string]bool
	broken  bool
	stalled chan struct{}
}

var errBroken = errors.New("the shelf is broken: mend it")

// put adds a record, once for each key.
func (s *shelf) put(ctx context.Context, key, value string, again bool) error {
	s.mu.Lock()
	stalled := s.stalled
	s.mu.Unlock()
	if stalled != nil {
		select {
		case <-stalled:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return errBroken
	}
	if s.keys[key] && !again {
		return nil
	}
	s.keys[key] = true
	s.records = append(s.records, value)
	return nil
}

// fakeSink is a sink with one defect, or none. It answers when it is flushed, or has enough.
type fakeSink struct {
	*shelf
	defect string
	over   chan struct{}
	held   []heldBatch
}

type heldBatch struct {
	b    *plugins.Batch
	done func(error)
}

func (s *fakeSink) Write(ctx context.Context, b *plugins.Batch, done func(error)) error {
	switch s.defect {
	case "leaves a goroutine":
		go func() { <-s.over }()
	case "returns an error and answers":
		done(nil)
		return errBroken
	case "forgets what is empty":
		if len(b.Sel) == 0 {
			return nil
		}
	case "changes the selection":
		b.Sel = b.Sel[:len(b.Sel)/2]
	case "answers before":
		done(nil)
		s.held = append(s.held, heldBatch{b, func(error) {}})
		return nil
	}
	s.held = append(s.held, heldBatch{b, done})
	if len(s.held) >= 4 {
		return s.Flush(ctx)
	}
	return nil
}

func (s *fakeSink) Flush(ctx context.Context) error {
	held := s.held
	if s.defect == "writes backwards" {
		held = slices.Clone(held)
		slices.Reverse(held)
	}
	s.held = nil
	for _, h := range held {
		err := s.write(ctx, h.b)
		switch {
		case s.defect == "never answers":
			continue
		case s.defect == "loses what failed for a while" && errors.Is(err, errBroken):
			err = nil
		case s.defect == "gives up what would pass" && errors.Is(err, errBroken):
			err = plugins.Permanent(err)
		}
		var late [][]byte
		for _, i := range h.b.Sel {
			late = append(late, h.b.Value(i))
		}
		h.done(err)
		if s.defect == "answers twice" {
			h.done(nil)
		}
		if s.defect == "reads after it has answered" {
			s.mu.Lock()
			s.records = s.records[:len(s.records)-len(late)]
			for _, value := range late {
				s.records = append(s.records, string(value))
			}
			s.mu.Unlock()
		}
	}
	return nil
}

func (s *fakeSink) write(ctx context.Context, b *plugins.Batch) error {
	rows := b.Sel
	if s.defect == "writes rows that are dead" {
		rows = nil
		for i := range b.Len {
			rows = append(rows, uint32(i))
		}
	}
	if s.defect == "waits for ever" {
		ctx = context.WithoutCancel(ctx)
	}
	var failed plugins.RowErrors
	for k, i := range rows {
		value := string(b.Value(i))
		if value == fakeBad {
			f := plugins.Failure{Row: i, Code: "bad", Msg: "it is bad"}
			switch s.defect {
			case "names another row":
				f.Row = rows[0]
			case "names a dead row":
				f.Row = uint32(b.Len - 1)
			case "refuses all":
				return plugins.Permanent(errors.New("bad"))
			}
			failed = append(failed, f)
			continue
		}
		if err := s.put(ctx, string(b.Key(i)), value, s.defect == "writes again"); err != nil {
			if k > 0 {
				return &plugins.PartialError{Done: k, Failed: failed, Err: err}
			}
			return err
		}
	}
	if len(failed) > 0 {
		return failed
	}
	return nil
}

func fakeSinkCase(defect string) SinkCase {
	c := SinkCase{
		Kind: plugins.SinkKind{
			Name: "fake", Schema: plugins.Schema{Doc: "A fake."}, Payload: true,
			Capabilities: func(plugins.Config) plugins.Capabilities {
				return plugins.Capabilities{Idempotent: true, Ordered: true}
			},
			Direct: func(plugins.Config) bool { return defect == "direct" || defect == "is not direct" },
		},
		Records: 40,
		Key:     func(i int) string { return fmt.Sprint("k", i) },
		Open: func(t testing.TB) Target {
			s := &shelf{keys: map[string]bool{}}
			over := make(chan struct{})
			t.Cleanup(func() { close(over) })
			set := func(f func()) func() { return func() { s.mu.Lock(); defer s.mu.Unlock(); f() } }
			return Target{
				Refused: fakeBad,
				New: func(plugins.Config, plugins.Env) (plugins.Sink, error) {
					return &fakeSink{shelf: s, defect: defect, over: over}, nil
				},
				Read:  func() ([]string, error) { s.mu.Lock(); defer s.mu.Unlock(); return slices.Clone(s.records), nil },
				Break: set(func() { s.broken = true }), Mend: set(func() { s.broken = false }),
				Stall: set(func() { s.stalled = make(chan struct{}) }),
				Free: set(func() {
					if s.stalled != nil {
						close(s.stalled)
						s.stalled = nil
					}
				}),
			}
		},
	}
	return c.complete()
}

func TestSinkCatches(t *testing.T) {
	t.Parallel()
	var checks []check[SinkCase]
	for _, k := range sinkChecks() {
		if k.name != "direct" {
			checks = append(checks, k)
		}
	}
	catches(t, checks, fakeSinkCase, []defect{
		{"leaves a goroutine", "delivery", "goroutines are left"},
		{"returns an error and answers", "delivery", "that it had called done for"},
		{"forgets what is empty", "selection", "was not answered"},
		{"changes the selection", "delivery", "Sel is another one"},
		{"answers before", "durable", "is not there"},
		{"writes backwards", "delivery", "and should be"},
		{"never answers", "delivery", "was not answered"},
		{"answers twice", "delivery", "more than once"},
		{"reads after it has answered", "delivery", "is not what was written"},
		{"writes rows that are dead", "selection", poison},
		{"loses what failed for a while", "temporary", "which cannot have been"},
		{"gives up what would pass", "temporary", "the error would have passed"},
		{"names another row", "refused", "should be"},
		{"names a dead row", "refused", "not one of those it was to write"},
		{"refuses all", "refused", "alone"},
		{"writes again", "repeat", "is not what was written"},
		{"waits for ever", "stalled", "has not returned"},
	})
	r := trial(t, sinkChecks(), "direct", fakeSinkCase("is not direct"))
	if said := strings.Join(r.problems, "; "); !strings.Contains(said, "before done was called") {
		t.Errorf("a sink that is not direct: %q", said)
	}
}
