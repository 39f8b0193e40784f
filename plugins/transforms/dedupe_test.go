package transforms_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"pgregory.net/rapid"
)

// byEventTime are the attributes of a stage with the defaults of the language.
func byEventTime(kv ...any) []any {
	return append([]any{
		"key", field1("k", plugins.String), "time", field1("ts", plugins.Time), "clock", "event", "max_ahead", time.Hour,
		"idle", time.Minute, "lateness", time.Duration(0), "max_keys", int64(1000),
	}, kv...)
}

func byPipelineClock(kv ...any) []any {
	return append([]any{"key", field1("k", plugins.String), "clock", "processing", "idle", time.Minute, "max_keys", int64(1000)}, kv...)
}

func TestDedupe(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kv         []any
		in         []rec
		pass, drop []string
	}{
		"within ttl": {
			kv:   byEventTime("ttl", 10*time.Second),
			in:   []rec{{"a", 0, 1}, {"a", 9, 2}, {"b", 9, 3}, {"a", 10, 4}, {"a", 11, 5}},
			pass: []string{"a@0=1", "b@9=3", "a@10=4"}, drop: []string{"a@9=2", "a@11=5"},
		},
		"extended by duplicates": {
			kv:   byEventTime("ttl", 10*time.Second, "extend", true),
			in:   []rec{{"a", 0, 1}, {"a", 9, 2}, {"a", 18, 3}, {"a", 28, 4}},
			pass: []string{"a@0=1", "a@28=4"}, drop: []string{"a@9=2", "a@18=3"},
		},
		"out of order": {
			kv:   byEventTime("ttl", 10*time.Second),
			in:   []rec{{"a", 50, 1}, {"a", 41, 2}, {"a", 40, 3}, {"a", 59, 4}},
			pass: []string{"a@50=1", "a@40=3"}, drop: []string{"a@41=2", "a@59=4"},
		},
		"by the pipeline's clock": {
			kv:   byPipelineClock("ttl", 10*time.Second),
			in:   []rec{{"a", 0, 1}, {"a", 500, 2}},
			pass: []string{"a@0=1"}, drop: []string{"a@500=2"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, "dedupe", attrs(c.kv...), 2)
			for _, r := range c.in {
				s.take(r)
			}
			wantTexts(t, "passed", s.texts(0), c.pass...)
			wantTexts(t, "duplicates", s.texts(1), c.drop...)
		})
	}
}

func TestDedupeForgetsKeys(t *testing.T) {
	t.Parallel()
	t.Run("when the others have gone on", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, "dedupe", attrs(byEventTime("ttl", 10*time.Second)...), 1)
		for i := range int64(1000) {
			s.take(rec{fmt.Sprint("id", i), i, 0})
		}
		if n := s.keys(); n > 75 { // of ttl, idle, and the two latest
			t.Errorf("%d keys are kept", n)
		}
		if len(s.failures) > 0 {
			t.Errorf("failures %v", s.failures)
		}
	})
	t.Run("when time has passed", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, "dedupe", attrs(byPipelineClock("ttl", 10*time.Second)...), 2)
		s.take(rec{"a", 0, 1}, rec{"b", 0, 1})
		s.tick(9 * time.Second)
		if s.keys() != 2 {
			t.Errorf("%d keys, want 2", s.keys())
		}
		s.tick(time.Second)
		if s.keys() != 0 {
			t.Errorf("%d keys, want none", s.keys())
		}
	})
	t.Run("not with their file, when the next one begins", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, "dedupe", attrs(byEventTime("ttl", 10*time.Second)...), 1)
		s.take(rec{"a", 0, 1}, rec{"b", 0, 1}, rec{"c", -900, 1}, rec{"d", -900, 1}, rec{"a", 5, 2})
		wantTexts(t, "duplicates", s.texts(1), "a@5=2")
	})
}

func TestDedupeFailsWhatItCannotKeep(t *testing.T) {
	t.Parallel()
	s := newStage(t, "dedupe", attrs(byEventTime("ttl", time.Hour, "max_keys", int64(2))...), 1)
	s.take(rec{"a", 0, 1}, rec{"b", 0, 1}, rec{"c", 0, 1}, rec{"a", 0, 2}, rec{"d", 9000, 1}, rec{string(make([]byte, 70<<10)), 0, 1})
	wantTexts(t, "passed", s.texts(0), "a@0=1", "b@0=1")
	var codes []string
	for _, f := range s.failures {
		codes = append(codes, f.Code)
	}
	wantTexts(t, "failures", codes, "clock_ahead", "max_keys", "key")
}

func TestDedupeConfiguration(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kv         []any
		path, says string
	}{
		{byEventTime("ttl", time.Hour), "", ""},
		{[]any{"ttl", time.Hour, "clock", "processing"}, "", "give key"},
		{[]any{"key", field1("k", plugins.String), "clock", "event"}, "", "give time"},
		{byPipelineClock("time", field1("ts", plugins.Time)), "time", "remove time"},
	} {
		_, err := kind(t, "dedupe").Outputs(plugins.Shape{}, attrs(c.kv...))
		wantConfigError(t, err, c.path, c.says)
	}
}

// history draws records in about the order of their times.
func history(t *rapid.T, keys, n int, disorder int64) []rec {
	rs := make([]rec, rapid.IntRange(0, n).Draw(t, "n"))
	now := int64(0)
	for i := range rs {
		now += rapid.SampledFrom([]int64{0, 0, 1, 2, 5, 8}).Draw(t, "step")
		rs[i] = rec{
			key: string(rune('a' + rapid.IntRange(0, keys-1).Draw(t, "key"))),
			at:  now - rapid.Int64Range(0, disorder).Draw(t, "behind"),
			v:   rapid.Int64Range(0, 5).Draw(t, "v"),
		}
	}
	return rs
}

// play runs records through a stage in batches, with restarts in between.
func play(t *rapid.T, s *stage, rs []rec, lanes int) {
	for len(rs) > 0 {
		n := rapid.IntRange(1, len(rs)).Draw(t, "batch")
		s.take(rs[:n]...)
		rs = rs[n:]
		switch rapid.IntRange(0, 5).Draw(t, "then") {
		case 0:
			s.checkpoint()
		case 1:
			s.restart(rapid.IntRange(1, lanes).Draw(t, "lanes"))
		}
	}
}

func TestDedupeEqualsItsModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		rs := history(rt, 5, 60, 15)
		extend := rapid.Bool().Draw(rt, "extend")
		s := newStage(t, "dedupe", attrs(byEventTime("ttl", 10*time.Second, "extend", extend, "idle", 100*time.Hour)...), 3)
		play(rt, s, rs, 4)
		last := map[string]int64{}
		var pass, drop []string
		for _, r := range rs {
			text := fmt.Sprintf("%s@%d=%d", r.key, r.at, r.v)
			seen, known := last[r.key]
			if !known || r.at >= seen+10 || r.at <= seen-10 {
				pass = append(pass, r.key+" "+text)
				if !known || r.at > seen {
					last[r.key] = r.at
				}
				continue
			}
			drop = append(drop, r.key+" "+text)
			if extend {
				last[r.key] = max(seen, r.at)
			}
		}
		for output, want := range [][]string{pass, drop} {
			var got []string
			for _, text := range s.texts(output) {
				got = append(got, text[:1]+" "+text)
			}
			if fmt.Sprint(byKey(got)) != fmt.Sprint(byKey(want)) {
				rt.Fatalf("output %d: %q, want %q", output, byKey(got), byKey(want))
			}
		}
	})
}

// TestDedupeDoesNotDependOnBatches is about what depends on the time of the
// lane, so there is one.
func TestDedupeDoesNotDependOnBatches(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		rs := history(rt, 6, 80, 60)
		c := attrs(byEventTime("ttl", 10*time.Second, "idle", 5*time.Second)...)
		one, other := newStage(t, "dedupe", c, 1), newStage(t, "dedupe", c, 1)
		for _, r := range rs {
			one.take(r)
		}
		play(rt, other, rs, 1)
		for output := range 2 {
			if a, b := fmt.Sprint(one.texts(output)), fmt.Sprint(other.texts(output)); a != b {
				rt.Fatalf("output %d: %s, and in other batches %s", output, a, b)
			}
		}
	})
}
