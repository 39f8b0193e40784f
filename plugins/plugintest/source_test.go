package plugintest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/onstream/onstream/plugins"
)

// well is an input for a fake.
type well struct {
	mu      sync.Mutex
	values  []string
	acked   int
	changed chan struct{}
}

func (w *well) put(value string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.values = append(w.values, value)
	close(w.changed)
	w.changed = make(chan struct{})
	return nil
}

// from returns up to n values from a place on, and what is closed when there are more.
func (w *well) from(at, n int) ([]string, chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.values[min(at, len(w.values)):min(at+n, len(w.values))], w.changed
}

// fakeSource is a source with one defect, or none.
type fakeSource struct {
	*well
	defect  string
	ends    bool
	at      int
	over    chan struct{} // the test is
	buffer  []byte
	scratch plugins.Position
}

// fakeBad is what cannot be made a record.
const fakeBad = "bad"

func (s *fakeSource) Seek(from map[plugins.Partition]plugins.Position) error {
	at, err := strconv.Atoi(string(from[fakePart()]))
	switch {
	case s.defect == "takes any position":
		at = max(at, 5)
	case err != nil || at < 0:
		return fmt.Errorf("position %q is not one of this source", from[fakePart()])
	case s.defect == "resumes one early":
		at--
	case s.defect == "resumes one late":
		at++
	}
	s.at = at
	return nil
}

func fakePart() plugins.Partition { return plugins.Partition{Name: "well"} }

func (s *fakeSource) Progress() (done, total int64) {
	if s.defect == "exceeds its total" {
		return 7, 5
	}
	return 0, 0
}

func (s *fakeSource) Run(ctx context.Context, out plugins.Outlet) error {
	if s.defect == "leaves a goroutine" {
		go func() { <-s.over }()
	}
	if s.defect == "runs ahead" {
		for range 100 {
			out.Batch()
		}
	}
	if !s.ends {
		s.mu.Lock()
		s.at = max(s.at, s.acked)
		s.mu.Unlock()
	}
	for {
		values, more := s.from(s.at, 7)
		if s.defect == "loses the last" && len(values) > 0 && len(values) < 7 {
			values = values[:len(values)-1]
			s.at++
		}
		if len(values) == 0 {
			if s.ends {
				break
			}
			select {
			case <-more:
				continue
			case <-s.stopped(ctx):
				return s.ending(ctx)
			}
		}
		if err := s.hand(ctx, out, values); err != nil {
			if s.defect == "passes over what was refused" && ctx.Err() == nil {
				continue
			}
			if s.defect == "ends as if all was read" {
				return nil
			}
			return err
		}
	}
	if s.defect != "does not say done" {
		out.Done(fakePart())
	}
	if s.defect == "says done twice" {
		out.Done(fakePart())
	}
	return nil
}

func (s *fakeSource) stopped(ctx context.Context) <-chan struct{} {
	if s.defect == "does not stop" {
		return s.over
	}
	return ctx.Done()
}

func (s *fakeSource) ending(ctx context.Context) error {
	if s.defect == "ends with an error" {
		return errors.New("interrupted")
	}
	return ctx.Err()
}

func (s *fakeSource) hand(ctx context.Context, out plugins.Outlet, values []string) error {
	b := out.Batch()
	b.Part = fakePart()
	if s.defect == "hands out its own memory" {
		if s.buffer == nil {
			s.buffer = make([]byte, 0, 1<<10)
		}
		b.Data = s.buffer
	}
	b.Values = b.SpareValues()
	for _, v := range values {
		b.Values = append(b.Values, plugins.Span{Off: uint32(len(b.Data)), Len: uint32(len(v))})
		b.Data = append(b.Data, v...)
	}
	b.SelectAll(len(values))
	for i, v := range values {
		switch {
		case v != fakeBad:
		case s.defect == "loses what is no record":
			b.Sel = append(b.Sel[:i], b.Sel[i+1:]...)
		case s.defect == "fails without a code":
			b.Fail(uint32(i), plugins.Failure{Msg: "it is bad"})
		default:
			b.Fail(uint32(i), plugins.Failure{Code: "bad", Msg: "it is bad"})
		}
	}
	switch s.defect {
	case "swaps records":
		b.Values[0], b.Values[len(values)-1] = b.Values[len(values)-1], b.Values[0]
	case "points outside":
		b.Values[0].Len = 1 << 20
	}
	s.at += len(values)
	next := plugins.Position(strconv.Itoa(s.at))
	if s.defect == "reuses the position" {
		s.scratch = append(s.scratch[:0], next...)
		next = s.scratch
	}
	at := s.at
	d := plugins.Delivery{Batch: b, Next: next, Ack: func() { s.ack(at) }}
	if s.defect == "blocks in Ack" {
		d.Ack = func() { <-s.over }
	}
	data := b.Data
	err := out.Hand(ctx, d)
	if s.defect == "writes after Hand" {
		data[0] = '!'
	}
	return err
}

// ack notes that what was handed over before a place does not have to come again.
func (s *fakeSource) ack(at int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acked = at
	if s.defect == "acknowledges what was not" {
		s.acked = len(s.values)
	}
}

func fakeSourceCase(ends bool) func(string) SourceCase {
	return func(defect string) SourceCase {
		return SourceCase{
			Kind: plugins.SourceKind{
				Name: "fake", Schema: plugins.Schema{Doc: "A fake."}, Payload: true,
				Capabilities: func(plugins.Config) plugins.Capabilities {
					return plugins.Capabilities{Seekable: true, Redelivers: !ends}
				},
			},
			Ends: ends, Follows: !ends, Records: 50, Ahead: 8,
			Value: func(i int) string { return fmt.Sprintf(`{"n":%d}`, i) },
			Open: func(t testing.TB) Input {
				w := &well{changed: make(chan struct{})}
				over := make(chan struct{})
				t.Cleanup(func() { close(over) })
				return Input{
					Put:    w.put,
					Poison: func() error { return w.put(fakeBad) },
					New: func(plugins.Config, plugins.Env) (plugins.Source, error) {
						if defect == "starts at once" {
							go func() { <-over }()
						}
						s := &fakeSource{well: w, defect: defect, ends: ends, over: over}
						return s, nil
					},
				}
			},
		}
	}
}

func TestSourceCatches(t *testing.T) {
	t.Parallel()
	var checks []check[SourceCase]
	for _, k := range sourceChecks() {
		if k.name != "follow" && k.name != "redelivery" {
			checks = append(checks, k)
		}
	}
	catches(t, checks, fakeSourceCase(true), []defect{
		{"loses the last", "delivery", "the first that is missing"},
		{"swaps records", "delivery", "and should be"},
		{"points outside", "delivery", "outside of Data"},
		{"writes after Hand", "delivery", "was changed after it was handed over"},
		{"hands out its own memory", "delivery", "was changed after it was handed over"},
		{"reuses the position", "delivery", "the position"},
		{"leaves a goroutine", "delivery", "goroutines are left"},
		{"does not say done", "delivery", "nobody said"},
		{"says done twice", "delivery", "said twice"},
		{"starts at once", "unused", "New has started goroutines"},
		{"runs ahead", "back_pressure", "batches in its hands"},
		{"passes over what was refused", "refused", "they are lost"},
		{"ends as if all was read", "refused", "as if the input had ended"},
		{"blocks in Ack", "late_answers", "has not returned"},
		{"fails without a code", "poison", "with the code"},
		{"loses what is no record", "poison", "it is still not so"},
		{"resumes one early", "resume", "what came is not what is there"},
		{"resumes one late", "resume", "what came is not what is there"},
		{"takes any position", "bad_position", "records were skipped"},
		{"exceeds its total", "progress", "Progress returned"},
	})
}

func TestFollowingSourceCatches(t *testing.T) {
	t.Parallel()
	var checks []check[SourceCase]
	for _, k := range sourceChecks() {
		if k.name != "resume" { // what was acknowledged does not come again from an earlier position
			checks = append(checks, k)
		}
	}
	catches(t, checks, fakeSourceCase(false), []defect{
		{"does not stop", "delivery", "Run has not returned"},
		{"ends with an error", "stop", "when it was stopped"},
		{"acknowledges what was not", "redelivery", "it is still not so"},
	})
}
