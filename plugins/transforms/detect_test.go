package transforms_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"pgregory.net/rapid"
)

func is(want int64) expr { return when(func(v int64) bool { return v == want }) }

// detecting are the attributes of a detect whose results are the key, when the
// match began and ended, how many records it has, and v of the first one and,
// but for without, of the last.
func detecting(kv ...any) []any {
	kv = append([]any{"within", 10 * time.Second}, kv...)
	emit := []plugins.NamedExpr{
		named("key", localField(plugins.String, "key")),
		named("start", localField(plugins.Time, "match", "start")),
		named("end", localField(plugins.Time, "match", "end")),
		named("count", localField(plugins.Int, "match", "count")),
		named("first", localField(plugins.Int, "first", "v")),
	}
	if !slices.Contains(kv, any("without")) {
		emit = append(emit, named("last", localField(plugins.Int, "last", "v")))
	}
	return append(kv, "emit", emit)
}

var matchNames = []string{"key", "start", "end", "count", "first", "last"}

func TestDetect(t *testing.T) {
	t.Parallel()
	then := []any{"first", is(1), "then", is(2)}
	without := []any{"first", is(1), "without", is(2)}
	count := []any{"when", is(1), "count", int64(3)}
	for name, c := range map[string]struct {
		kv   []any
		in   []rec
		want []string
		late []string
	}{
		"then": {
			kv:   then,
			in:   []rec{{"a", 0, 1}, {"b", 1, 2}, {"a", 5, 0}, {"a", 10, 2}, {"a", 11, 2}},
			want: []string{"a 0 10 2 1 2"},
		},
		"then, too long after": {
			kv: then,
			in: []rec{{"a", 0, 1}, {"a", 11, 2}},
		},
		"then, after the last of several": {
			kv:   then,
			in:   []rec{{"a", 0, 1}, {"a", 8, 1}, {"a", 15, 2}, {"a", 16, 2}},
			want: []string{"a 8 15 2 1 2"},
		},
		"then, of records that meet both conditions": {
			kv:   []any{"first", is(1), "then", is(1)},
			in:   []rec{{"a", 0, 1}, {"a", 1, 1}, {"a", 2, 1}, {"a", 3, 1}, {"a", 4, 1}},
			want: []string{"a 0 1 2 1 1", "a 2 3 2 1 1"},
		},
		"without": {
			kv:   without,
			in:   []rec{{"a", 0, 1}, {"a", 3, 1}, {"a", 10, 0}, {"a", 11, 0}},
			want: []string{"a 0 10 1 1 "},
		},
		"without, but it comes": {
			kv: without,
			in: []rec{{"a", 0, 1}, {"a", 10, 2}, {"a", 90, 0}},
		},
		"without, and it comes too late": {
			kv:   without,
			in:   []rec{{"a", 0, 1}, {"a", 11, 2}},
			want: []string{"a 0 10 1 1 "},
		},
		"without, not over at the end": {
			kv: without,
			in: []rec{{"a", 0, 1}, {"a", 10, 0}},
		},
		"without, each record is both": {
			kv:   []any{"first", is(1), "without", is(1)},
			in:   []rec{{"a", 0, 1}, {"a", 9, 1}, {"a", 18, 1}, {"a", 29, 1}},
			want: []string{"a 18 28 1 1 "},
		},
		"count": {
			kv:   count,
			in:   []rec{{"a", 0, 1}, {"a", 6, 1}, {"a", 7, 0}, {"a", 11, 1}, {"a", 12, 1}, {"a", 13, 1}, {"a", 20, 1}, {"a", 23, 1}},
			want: []string{"a 6 12 3 1 1", "a 13 23 3 1 1"},
		},
		"cooldown": {
			kv:   append([]any{"cooldown", 8 * time.Second}, count...),
			in:   []rec{{"a", 0, 1}, {"a", 1, 1}, {"a", 2, 1}, {"a", 9, 1}, {"a", 10, 1}, {"a", 11, 1}, {"a", 12, 1}},
			want: []string{"a 0 2 3 1 1", "a 10 12 3 1 1"},
		},
		"out of order is late": {
			kv:   then,
			in:   []rec{{"a", 5, 1}, {"a", 4, 2}, {"a", 5, 2}},
			want: []string{"a 5 5 2 1 2"}, late: []string{"a@4=2"},
		},
		"out of order within lateness": {
			kv:   append([]any{"lateness", 5 * time.Second}, then...),
			in:   []rec{{"a", 5, 2}, {"a", 4, 1}, {"a", 0, 2}, {"a", 8, 0}, {"a", 2, 2}},
			want: []string{"a 4 5 2 1 2"}, late: []string{"a@2=2"},
		},
		"no false alarm out of order": {
			kv: append([]any{"lateness", 5 * time.Second}, without...),
			in: []rec{{"a", 0, 1}, {"a", 13, 0}, {"a", 9, 2}, {"a", 30, 0}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, batch := range []int{1, 100} {
				s := newStage(t, "detect", attrs(detecting(byEventTime(c.kv...)...)...), 2, matchNames...)
				for rs := range slices.Chunk(c.in, batch) {
					s.take(rs...)
				}
				s.finish()
				wantMatches(t, s, c.want, c.late)
			}
		})
	}
}

func wantMatches(t *testing.T, s *stage, want, late []string) {
	t.Helper()
	var got, tooLate []string
	for _, r := range s.records {
		if r.output == 1 {
			tooLate = append(tooLate, r.payload)
			continue
		}
		var parts []string
		for _, name := range matchNames {
			if v, ok := r.fields[name]; ok {
				parts = append(parts, valueText(v))
			} else {
				parts = append(parts, "")
			}
		}
		got = append(got, strings.Join(parts, " "))
	}
	wantTexts(t, "matches", got, want...)
	wantTexts(t, "late", tooLate, late...)
}

// patternModel finds matches in the records of one key, all in order, until a
// time.
func patternModel(pattern string, rs []rec, within, cooldown, until int64) []string {
	var found []string
	quiet := int64(-1 << 40)
	used := make([]bool, len(rs))
	match := func(from rec, end, n int64, last string) {
		found = append(found, strings.TrimSpace(fmt.Sprint(from.key, " ", from.at, " ", end, " ", n, " ", from.v, " ", last)))
		if cooldown > 0 {
			quiet = end + cooldown
		}
	}
	switch pattern {
	case "then":
		first := -1
		for i, r := range rs {
			switch {
			case r.at < quiet:
			case r.v == 2 && first >= 0 && rs[first].at >= r.at-within:
				match(rs[first], r.at, 2, "2")
				first = -1
			case r.v == 1:
				first = i
			}
		}
	case "without":
		for i, r := range rs {
			if r.v != 1 || used[i] || r.at < quiet {
				continue
			}
			answered := false
			for j := i + 1; j < len(rs) && rs[j].at <= r.at+within; j++ {
				if rs[j].v == 2 && rs[j].at >= quiet {
					answered = true
					break
				}
				used[j] = true
			}
			if !answered && until > r.at+within {
				match(r, r.at+within, 1, "")
			}
		}
	case "count":
		var kept []rec
		for _, r := range rs {
			if r.v != 1 || r.at < quiet {
				continue
			}
			kept = append(kept, r)
			if n := len(kept); n >= 3 && kept[n-3].at >= r.at-within {
				match(kept[n-3], r.at, 3, "1")
				kept = nil
			}
		}
	}
	return found
}

func TestDetectEqualsItsModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		pattern := rapid.SampledFrom([]string{"then", "without", "count"}).Draw(rt, "pattern")
		lateness := rapid.Int64Range(0, 12).Draw(rt, "lateness")
		cooldown := rapid.SampledFrom([]int64{0, 0, 7, 30}).Draw(rt, "cooldown")
		rs := history(rt, 3, 80, 12)
		for i := range rs {
			rs[i].v %= 3
		}
		kv := map[string][]any{
			"then": {"first", is(1), "then", is(2)}, "without": {"first", is(1), "without", is(2)}, "count": {"when", is(1), "count", int64(3)},
		}[pattern]
		kv = append(kv, "lateness", time.Duration(lateness)*time.Second, "idle", 100*time.Hour)
		if cooldown > 0 {
			kv = append(kv, "cooldown", time.Duration(cooldown)*time.Second)
		}
		s := newStage(t, "detect", attrs(detecting(byEventTime(kv...)...)...), 2, matchNames[:5]...)
		if pattern != "without" {
			s.names = matchNames
		}
		play(rt, s, rs, 4)
		s.finish()

		own, accepted := map[string]int64{}, map[string][]rec{}
		var want []string
		late := 0
		for _, r := range rs {
			if latest, known := own[r.key]; known && r.at < latest-lateness {
				late++
				continue
			} else if !known || r.at > latest {
				own[r.key] = r.at
			}
			accepted[r.key] = append(accepted[r.key], r)
		}
		for _, key := range []string{"a", "b", "c"} {
			rs := accepted[key]
			slices.SortStableFunc(rs, func(a, b rec) int { return int(a.at - b.at) })
			want = append(want, patternModel(pattern, rs, 10, cooldown, own[key])...)
		}
		if got, want := fmt.Sprint(byKey(s.texts(0))), fmt.Sprint(want); got != want || len(s.texts(1)) != late {
			rt.Fatalf("%s and %d late, want %s and %d", got, len(s.texts(1)), want, late)
		}
	})
}

// TestDetectDoesNotDependOnBatches is about what depends on the time of the
// lane, so there is one.
func TestDetectDoesNotDependOnBatches(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		rs := history(rt, 5, 80, 30)
		c := attrs(detecting(byEventTime("first", is(1), "without", is(2), "idle", 4*time.Second, "lateness", 3*time.Second)...)...)
		one, other := newStage(t, "detect", c, 1, matchNames[:5]...), newStage(t, "detect", c, 1, matchNames[:5]...)
		for _, r := range rs {
			one.take(r)
		}
		play(rt, other, rs, 1)
		for output := range 2 {
			if a, b := fmt.Sprint(byKey(one.texts(output))), fmt.Sprint(byKey(other.texts(output))); a != b {
				rt.Fatalf("output %d: %s, and in other batches %s", output, a, b)
			}
		}
	})
}

func TestDetectNoticesSilence(t *testing.T) {
	t.Parallel()
	without := []any{"first", is(1), "without", is(2)}
	t.Run("when the others have gone on", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, "detect", attrs(detecting(byEventTime(without...)...)...), 1, matchNames[:5]...)
		s.take(rec{"b", 0, 0}, rec{"c", 0, 0}, rec{"a", -100, 1})
		s.take(rec{"b", 70, 0}, rec{"c", 70, 0})
		wantTexts(t, "matches before it is idle for long", s.texts(0))
		s.take(rec{"b", 71, 0}, rec{"c", 71, 0})
		wantTexts(t, "matches", s.texts(0), "a -100 -90 1 1")
	})
	t.Run("when nothing comes at all", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, "detect", attrs(detecting(byEventTime(append(without, "timeout", 20*time.Second)...)...)...), 2, matchNames[:5]...)
		s.take(rec{"a", 100, 1})
		s.tick(30 * time.Second)
		wantTexts(t, "matches too early", s.texts(0))
		s.tick(time.Second)
		wantTexts(t, "matches", s.texts(0), "a 100 110 1 1")
		if s.keys() != 0 {
			t.Errorf("%d keys are kept", s.keys())
		}
	})
	t.Run("not for a time in which the pipeline was down", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, "detect", attrs(detecting(byEventTime(append(without, "timeout", 20*time.Second)...)...)...), 2, matchNames[:5]...)
		s.take(rec{"a", 100, 1})
		s.checkpoint()
		s.now = s.now.Add(time.Hour)
		s.start(3)
		s.tick(29 * time.Second)
		wantTexts(t, "matches too early", s.texts(0))
		s.tick(2 * time.Second)
		wantTexts(t, "matches", s.texts(0), "a 100 110 1 1")
	})
	t.Run("by the pipeline's clock", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, "detect", attrs(detecting(byPipelineClock(without...)...)...), 2, matchNames[:5]...)
		s.take(rec{"a", 0, 1}, rec{"b", 0, 1})
		s.tick(10 * time.Second)
		s.take(rec{"b", 0, 2})
		s.tick(time.Second)
		wantTexts(t, "matches", s.texts(0), "a 3600 3610 1 1")
		s.tick(time.Hour)
		if s.keys() != 0 {
			t.Errorf("%d keys are kept", s.keys())
		}
	})
}

func TestDetectForgetsKeys(t *testing.T) {
	t.Parallel()
	s := newStage(t, "detect", attrs(detecting(byEventTime("first", is(1), "then", is(2))...)...), 1, matchNames...)
	for i := range int64(1000) {
		s.take(rec{fmt.Sprint("id", i), i, i % 3})
	}
	if n := s.keys(); n > 75 {
		t.Errorf("%d keys are kept", n)
	}
}

func TestDetectBoundsWhatWaits(t *testing.T) {
	t.Parallel()
	c := attrs(detecting(byEventTime("first", is(1), "then", is(2), "lateness", time.Hour)...)...)
	s := newStage(t, "detect", c, 1)
	rs := make([]rec, 1000)
	for i := range rs {
		rs[i] = rec{"a", int64(i), 1}
	}
	for range 10 {
		s.take(rs...)
	}
	if len(s.failures) != 0 {
		t.Fatalf("failures %v", s.failures[0])
	}
	s.take(rec{"a", 0, 1}, rec{"a", 0, 0}, rec{"b", 0, 1})
	if len(s.failures) != 1 || s.failures[0].Code != "many_wait" {
		t.Errorf("failures %v", s.failures)
	}
}

func TestDetectFailsResultsThatCannotBeMade(t *testing.T) {
	t.Parallel()
	c := attrs(byEventTime("when", is(1), "count", int64(2), "within", time.Second, "emit", []plugins.NamedExpr{
		named("key", calc(plugins.Of(plugins.String), func(func(plugins.Path) plugins.Value) (plugins.Value, bool) { return null, false })),
	})...)
	s := newStage(t, "detect", c, 1)
	s.take(rec{"a", 0, 1}, rec{"a", 0, 1})
	if len(s.failures) != 1 || s.dropped != 2 || s.made != 1 {
		t.Errorf("failures %v, %d dropped, %d made", s.failures, s.dropped, s.made)
	}
}

func TestDetectConfiguration(t *testing.T) {
	t.Parallel()
	x := is(1)
	for _, c := range []struct {
		kv         []any
		path, says string
	}{
		{byEventTime("first", x, "then", x), "", ""},
		{byEventTime(), "", "what to look for"},
		{byEventTime("first", x, "count", int64(2)), "", "two patterns"},
		{byEventTime("first", x, "then", x, "without", x), "without", "keep then or without"},
		{byEventTime("first", x), "first", "what is to follow"},
		{byEventTime("then", x), "", "give first"},
		{byEventTime("when", x), "when", "how many"},
		{byEventTime("count", int64(2)), "count", "what to count"},
		{byEventTime("first", x, "then", x, "emit", []plugins.NamedExpr{}), "emit", "no field"},
		{byPipelineClock("first", x, "then", x, "lateness", time.Second), "clock", "remove lateness"},
		{[]any{"first", x, "then", x, "clock", "event"}, "", "give time"},
	} {
		_, err := kind(t, "detect").Outputs(plugins.Shape{}, attrs(c.kv...))
		wantConfigError(t, err, c.path, c.says)
	}
}

func TestDetectTellsWhatItReads(t *testing.T) {
	t.Parallel()
	k := kind(t, "detect")
	c := attrs(detecting(byEventTime("first", narrowing{above(1)}, "then", is(2))...)...)
	in := plugins.Columns(plugins.Field{Name: "t", Type: plugins.Of(plugins.Int).OrNull()})
	locals, event := k.Locals("emit", []plugins.Shape{in}, c)
	var roots []string
	for _, l := range locals {
		roots = append(roots, l.Root+" "+l.Type.String())
	}
	wantTexts(t, "locals", roots, "key string", "match record({start = time, end = time, count = int})",
		"first record({t = int})", "last record({t = optional(int)})")
	if event {
		t.Error("emit sees event, though a match is of several records")
	}
	if _, event := k.Locals("first", []plugins.Shape{in}, c); !event {
		t.Error("the condition does not see event")
	}
	var reads []string
	for _, f := range k.Reads(c, 0) {
		if !plugins.IsLocal(f.Name) {
			reads = append(reads, f.Name)
		}
	}
	wantTexts(t, "fields read", reads, "v")
}
