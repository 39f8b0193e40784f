package transforms_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
)

// byClock are stages whose results depend on the pipeline's clock, and the names
// of the fields of these.
func byClock() map[string]struct {
	kind   string
	config plugins.Config
	names  []string
} {
	const s = time.Second
	window := func(kv ...any) plugins.Config {
		return attrs(byPipelineClock(append([]any{"emit", windowEmit(), "forget", 30 * s, "max_hot", int64(1)}, kv...)...)...)
	}
	type stage = struct {
		kind   string
		config plugins.Config
		names  []string
	}
	return map[string]stage{
		"tumbling":       {"window", window("tumbling", 10*s), windowNames},
		"hopping":        {"window", window("hopping", 10*s, "every", 4*s), windowNames},
		"sliding":        {"window", window("sliding", 10*s), windowNames},
		"session":        {"window", window("session", 10*s), windowNames},
		"window timeout": {"window", attrs(byEventTime("emit", windowEmit(), "forget", 30*s, "max_hot", int64(9), "tumbling", 10*s, "timeout", 5*s)...), windowNames},
		"reduce":         {"reduce", attrs(byPipelineClock(counting("ttl", 10*s)...)...), []string{"key", "n", "sum"}},
		"dedupe":         {"dedupe", attrs(byPipelineClock("ttl", 10*s)...), nil},
		"absence":        {"absence", attrs(byPipelineClock("for", 10*s, "forget", 100*s)...), absenceNames},
		"absence beside": {"absence", watching("timeout", 10*s), absenceNames},
		"detect":         {"detect", attrs(detecting(byPipelineClock("first", is(1), "without", is(2))...)...), matchNames[:5]},
		"detect timeout": {"detect", unanswered("timeout", 5*s), matchNames[:5]},
	}
}

// What is due by the pipeline's clock does not wait until a clock that was set
// back has caught up: results are those that there are if it is not. (Later ones
// may have other times: nobody knows how long the pipeline did not run.)
func TestAClockThatIsSetBackHoldsNothingUp(t *testing.T) {
	t.Parallel()
	for name, c := range byClock() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play := func(back time.Duration, restarts bool) (open []string, results, keys int) {
				s := newStage(t, c.kind, c.config, 1, c.names...)
				s.take(rec{"a", 0, 1})
				s.tick(3 * time.Second)
				s.take(rec{"a", 1, 1}, rec{"b", 1, 1})
				if restarts {
					s.checkpoint()
				}
				s.now = s.now.Add(-back)
				if restarts {
					s.start(2)
				}
				s.tick(20 * time.Second)
				open = append(byKey(s.texts(0)), fmt.Sprint(s.keys(), " keys are kept"))
				s.restart(3)
				s.take(rec{"a", 2, 1})
				s.tick(2 * time.Second)
				s.take(rec{"a", 3, 2}, rec{"b", 2, 2})
				s.tick(5 * time.Minute)
				return open, len(s.records), int(s.keys())
			}
			for _, restarts := range []bool{false, true} {
				open, results, keys := play(0, restarts)
				if len(open) < 2 || results < 2 {
					t.Fatalf("at first %q, then %d results and %d keys", open, results, keys)
				}
				gotOpen, gotResults, gotKeys := play(time.Hour, restarts)
				if !slices.Equal(gotOpen, open) || gotResults != results || gotKeys != keys {
					t.Errorf("restarts: %v: at first %q, then %d results and %d keys, want %q, %d and %d", restarts, gotOpen, gotResults, gotKeys, open, results, keys)
				}
			}
		})
	}
}

func TestAClockThatIsSetBackHoldsNoJoinUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config plugins.Config
		want   []string
	}{
		"interval": {joinConfig("clock", "processing", "within", 10*time.Second, "type", "outer"), []string{"a 1 2", "b 3 -", "a 4 -"}},
		"timeout":  {joinConfig("within", 10*time.Second, "type", "outer", "timeout", 10*time.Second), []string{"a 1 2", "b 3 -", "a 4 -"}},
		"table":    {joinConfig("clock", "processing", "table", true, "type", "left", "ttl", 10*time.Second), []string{"a 1 -", "b 3 -", "a 4 -"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := startJoin(t, 1, c.config)
			j.put(inLeft("a", 0, 1))
			j.put(inRight("a", 0, 2))
			j.put(inLeft("b", 0, 3))
			j.tick(2 * time.Second)
			j.checkpoint()
			j.wall.Add(-int64(time.Hour))
			j.restart(2)
			j.tick(12 * time.Second)
			if n := j.keys(); n != 0 {
				t.Errorf("%d keys are kept", n)
			}
			j.put(inLeft("a", 100, 4))
			j.tick(12 * time.Second)
			if diff := j.out.is(c.want...); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A clock that is right again is believed: the stage does not stay ahead of it.
func TestAClockThatIsSetBackIsTold(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := newStage(t, "window", byClock()["tumbling"].config, 1, windowNames...)
	s.env.Logger = slog.New(slog.NewTextHandler(&log, nil))
	s.take(rec{"a", 0, 1})
	s.checkpoint()
	s.now = s.now.Add(-time.Hour)
	s.start(1)
	if !strings.Contains(log.String(), "behind=1h0m0s") || !strings.Contains(log.String(), "set the clock") {
		t.Errorf("the log says %q", log.String())
	}
	s.take(rec{"a", 0, 2})
	s.checkpoint()
	log.Reset()
	s.now = s.now.Add(2 * time.Hour)
	s.start(1)
	s.take(rec{"a", 0, 4})
	s.tick(10 * time.Second)
	wantTexts(t, "results", s.texts(0), "a 3600 3610 2 3 1 1", "a 7200 7210 1 4 4 1")
	if log.Len() > 0 {
		t.Errorf("the log says %q", log.String())
	}
}
