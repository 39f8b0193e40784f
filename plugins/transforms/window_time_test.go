package transforms_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"pgregory.net/rapid"
)

func tumbling(t *testing.T, kv ...any) *stage {
	t.Helper()
	return windowStage(t, 1, append([]any{"tumbling", 10 * time.Second}, kv...)...)
}

func TestWindowOfASilentKeyIsClosedByTheOthers(t *testing.T) {
	t.Parallel()
	s := tumbling(t)
	s.take(rec{"a", 3, 1}, rec{"b", 3, 2}, rec{"c", 3, 4})
	for at := int64(13); at <= 63; at += 10 {
		s.take(rec{"b", at, 1}, rec{"c", at, 1})
	}
	s.take(rec{"b", 500, 8}, rec{"c", 69, 8})
	if got := byKey(s.texts(0)); slices.Contains(got, "a 0 10 1 1 1 1") {
		t.Errorf("closed before its time, or by a single device: %q", got)
	}
	s.records = nil
	s.restart(1)
	s.take(rec{"c", 70, 8})
	wantTexts(t, "results", byKey(s.texts(0)), "a 0 10 1 1 1 1", "c 60 70 2 9 1 1")
	s.records = nil
	s.take(rec{"a", 9, 16}, rec{"a", 10, 32}, rec{"a", 11, 32})
	wantTexts(t, "late", lates(s), "a@9=16")
	s.finish()
	wantTexts(t, "rest", byKey(s.texts(0))[:1], "a 10 20 2 64 32 1")
}

func TestWindowsOfOldDataAreThoseOfLiveData(t *testing.T) {
	t.Parallel()
	// Two days, one after the other, then a third one that is older; and the
	// same with the clocks of all devices an hour apart.
	in := func(day int64, skew int64) (rs []rec) {
		for at := int64(0); at < 600; at += 7 {
			for d := range int64(5) {
				rs = append(rs, rec{fmt.Sprint("d", d), day*86_400 + at - d*skew, 1})
			}
		}
		return rs
	}
	for _, skew := range []int64{0, 3600} {
		s := tumbling(t, "max_ahead", 240*time.Hour)
		for _, day := range []int64{-400, -399, 0} {
			s.take(in(day, skew)...)
		}
		s.finish()
		if late := lates(s); len(late) > 0 {
			t.Errorf("skew %d: %d late, such as %s", skew, len(late), late[0])
		}
		each := tumbling(t, "max_ahead", 240*time.Hour)
		for _, day := range []int64{-400, -399, 0} {
			for _, r := range in(day, skew) {
				each.take(r)
			}
		}
		each.finish()
		if got, want := byKey(s.texts(0)), byKey(each.texts(0)); !slices.Equal(got, want) {
			t.Errorf("skew %d: %d results at once, %d one by one", skew, len(got), len(want))
		}
		s.records = nil
		s.take(rec{"new", -800 * 86_400, 1}, rec{"new", -800*86_400 + 10, 2})
		wantTexts(t, "a device with data of long ago", s.texts(0), fmt.Sprintf("new %d %d 1 1 1 1", -800*86_400, -800*86_400+10))
	}
}

func TestWindowsOfDevicesReadOneAfterTheOther(t *testing.T) {
	t.Parallel()
	s := tumbling(t)
	for d := range 5 {
		for at := int64(0); at < 605; at += 7 {
			s.take(rec{fmt.Sprint("d", d), at, 1})
		}
	}
	for at := int64(605); at < 700; at += 7 {
		for d := range 5 {
			s.take(rec{fmt.Sprint("d", d), at, 1})
		}
	}
	if late := lates(s); len(late) > 0 {
		t.Errorf("%d late, such as %s", len(late), late[0])
	}
}

func TestWindowsOfSlowClocks(t *testing.T) {
	t.Parallel()
	s := tumbling(t)
	for at := int64(0); at < 600; at += 4 {
		for d, slow := range []int64{7200, 3600, 3600, 0, 0, 60} { // the slowest come first
			s.take(rec{fmt.Sprint("d", d), at - slow, 1})
		}
	}
	s.finish()
	if late := lates(s); len(late) > 0 {
		t.Errorf("%d late, such as %s", len(late), late[0])
	}
	if n := len(s.texts(0)); n != 6*60 {
		t.Errorf("%d results, want %d", n, 6*60)
	}
}

func TestWindowQuarantinesClocksAhead(t *testing.T) {
	t.Parallel()
	s := tumbling(t) // it is 3600 by the pipeline's clock, and max_ahead an hour
	s.take(rec{"a", 1, 1}, rec{"b", 1, 1}, rec{"a", 7201, 2}, rec{"c", 9000, 2}, rec{"d", 99_999, 2}, rec{"a", 2, 4}, rec{"b", 2, 4})
	if len(s.failures) != 3 {
		t.Fatalf("failures %+v, want 3", s.failures)
	}
	for _, f := range s.failures {
		if f.Code != "clock_ahead" {
			t.Errorf("code %q", f.Code)
		}
	}
	if got := s.keys(); got != 2 {
		t.Errorf("%d keys, want 2", got)
	}
	s.take(rec{"a", 7200, 8})
	s.finish()
	wantTexts(t, "results", byKey(s.texts(0)), "a 0 10 2 5 1 1", "a 7200 7210 1 8 8 1", "b 0 10 2 5 1 1")
	wantTexts(t, "late", lates(s))
}

func TestWindowFailsRecordsWithoutTime(t *testing.T) {
	t.Parallel()
	s := tumbling(t, "time", field1("v", plugins.Any))
	b := records(s.env.Pool, []rec{{"a", 1, 1}})
	col := b.NewColumn("v", plugins.Any)
	col.SetValue(0, null)
	s.run(t.Context(), s.lanes[0], b)
	b = records(s.env.Pool, []rec{{"a", 1, 1}})
	col = b.NewColumn("v", plugins.Any)
	col.SetValue(0, integer(1))
	s.run(t.Context(), s.lanes[0], b)
	if len(s.failures) != 2 || s.failures[0].Code != "null" || s.failures[1].Code != "type" {
		t.Errorf("failures %+v", s.failures)
	}
}

func TestWindowOfAKeyThatHasEnded(t *testing.T) {
	t.Parallel()
	s := tumbling(t, "timeout", 30*time.Second)
	s.take(rec{"a", 3, 1})
	s.tick(20 * time.Second)
	s.take(rec{"b", 3, 2})
	s.tick(9 * time.Second)
	wantTexts(t, "before", s.texts(0))
	s.tick(time.Second)
	wantTexts(t, "after", s.texts(0), "a 0 10 1 1 1 1")
	s.checkpoint()
	s.now = s.now.Add(time.Hour) // the pipeline is down: nothing could come
	s.start(1)
	s.records = nil
	s.tick(29 * time.Second)
	s.take(rec{"a", 9, 4}, rec{"a", 12, 8})
	wantTexts(t, "late", lates(s), "a@9=4")
	wantTexts(t, "after the restart", s.texts(0))
	s.tick(time.Second)
	wantTexts(t, "b has ended", s.texts(0), "b 0 10 1 2 2 1")
}

func TestWindowsByThePipelinesClock(t *testing.T) {
	t.Parallel()
	kv := append(byPipelineClock(), "emit", windowEmit(), "tumbling", 10*time.Second, "forget", time.Hour)
	s := newStage(t, "window", attrs(kv...), 1, windowNames...)
	s.take(rec{"a", 99_999, 1}, rec{"b", -5, 2})
	s.tick(9 * time.Second)
	s.take(rec{"a", 3, 4})
	wantTexts(t, "open", s.texts(0))
	s.tick(time.Second)
	wantTexts(t, "closed", s.texts(0), "a 3600 3610 2 5 1 1", "b 3600 3610 1 2 2 1")
	s.records = nil
	s.now = s.now.Add(-time.Minute) // the clock goes back
	s.take(rec{"a", 3, 8})
	s.now = s.now.Add(80 * time.Second) // and nobody has ticked
	s.take(rec{"a", 3, 16})
	wantTexts(t, "next", s.texts(0), "a 3610 3620 1 8 8 1")
	wantTexts(t, "late", lates(s))
	s.tick(2 * time.Hour)
	if got := s.keys(); got != 0 {
		t.Errorf("%d keys are left", got)
	}
}

func TestWindowForgetsKeys(t *testing.T) {
	t.Parallel()
	s := tumbling(t, "forget", time.Hour)
	for n := range int64(3000) {
		at := n * 60
		s.take(rec{"x", at, 1}, rec{"y", at, 1}, rec{fmt.Sprint("once", n), at, 1})
		if got := s.keys(); got > 70 {
			t.Fatalf("%d keys after %d hours", got, at/3600)
		}
	}
	s.checkpoint()
	if rows := len(s.stored); rows > 80 {
		t.Errorf("%d rows are stored", rows)
	}
}

func TestWindowLimitsKeys(t *testing.T) {
	t.Parallel()
	s := tumbling(t, "max_keys", int64(2))
	s.take(rec{"a", 1, 1}, rec{"b", 1, 1}, rec{"c", 1, 1}, rec{"a", 2, 1})
	if len(s.failures) != 1 || s.failures[0].Code != "max_keys" {
		t.Errorf("failures %+v", s.failures)
	}
}

func TestWindowResultThatCannotBe(t *testing.T) {
	t.Parallel()
	s := tumbling(t)
	s.take(rec{"a", 1, 1 << 62}, rec{"a", 2, 1 << 62}, rec{"b", 1, 1}, rec{"b", 11, 1}, rec{"a", 11, 1})
	wantTexts(t, "results", s.texts(0), "b 0 10 1 1 1 1")
	if len(s.failures) != 1 || s.failures[0].Code != "overflow" || !strings.HasSuffix(s.failures[0].Msg, `; key "a"; window.start 2026-01-02T03:00:00Z`) {
		t.Errorf("failures %+v", s.failures)
	}
}

// With the others' time at work, results still do not depend on how records
// are cut into batches, nor on restarts.
func TestWindowsDoNotDependOnBatches(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		kv := [][]any{{"tumbling", 5 * time.Second}, {"hopping", 6 * time.Second, "every", 2 * time.Second}, {"session", 3 * time.Second}, {"sliding", 4 * time.Second}}[rapid.IntRange(0, 3).Draw(rt, "type")]
		kv = append(kv, "idle", 2*time.Second, "lateness", time.Duration(rapid.Int64Range(0, 3).Draw(rt, "lateness"))*time.Second, "forget", 20*time.Second, "max_hot", rapid.Int64Range(1, 8).Draw(rt, "hot"))
		if windowEarly := rapid.Bool().Draw(rt, "early"); windowEarly && (kv[0] == "tumbling" || kv[0] == "session") {
			kv = append(kv, "early", 2*time.Second)
		}
		one, other := windowStage(t, 1, kv...), windowStage(t, 1, kv...)
		var all, batch []rec
		at := int64(0)
		for n := range rapid.IntRange(0, 80).Draw(rt, "records") {
			at += rapid.Int64Range(0, 3).Draw(rt, "pause")
			r := rec{fmt.Sprint("k", rapid.IntRange(0, 5).Draw(rt, "key")), at - rapid.Int64Range(0, 6).Draw(rt, "delay"), int64(n) + 1}
			all, batch = append(all, r), append(batch, r)
			if rapid.IntRange(0, 4).Draw(rt, "cut") == 0 {
				other.take(batch...)
				batch = nil
				if rapid.IntRange(0, 2).Draw(rt, "restart") == 0 {
					other.restart(1)
				}
			}
		}
		one.take(all...)
		other.take(batch...)
		one.finish()
		other.finish()
		if a, b := one.texts(0), other.texts(0); !slices.Equal(a, b) {
			rt.Fatalf("at once\n%q, in parts\n%q", a, b)
		}
		if a, b := lates(one), lates(other); !slices.Equal(a, b) {
			rt.Fatalf("late at once %q, in parts %q", a, b)
		}
	})
}

// Times at the ends of what can be told neither stop the stage nor make it
// lose count.
func TestWindowsOfExtremeTimes(t *testing.T) {
	t.Parallel()
	for name, kv := range map[string][]any{
		"tumbling": {"tumbling", 10 * time.Second, "early", time.Second}, "hopping": {"hopping", 10 * time.Second, "every", 4 * time.Second},
		"sliding": {"sliding", 10 * time.Second}, "session": {"session", 10 * time.Second, "early", time.Second}, "count": {"count", int64(2)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(rt *rapid.T) {
				s := windowStage(t, 1, append(kv, "max_ahead", 200*365*24*time.Hour, "idle", time.Second)...)
				for range rapid.IntRange(0, 30).Draw(rt, "records") {
					b := records(s.env.Pool, []rec{{rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "key"), 0, 1}})
					b.Column("ts").Ints[0] = rapid.OneOf(
						rapid.SampledFrom([]int64{math.MinInt64, math.MinInt64 + 1, math.MaxInt64, math.MaxInt64 - 1, 0, -1}), rapid.Int64(),
					).Draw(rt, "at")
					s.run(t.Context(), s.lanes[0], b)
					b.Release()
				}
				s.restart(1)
				s.finish()
			})
		})
	}
}

// What is stored does not depend on early, so that it can be changed.
func TestEarlyCanBeChanged(t *testing.T) {
	t.Parallel()
	s := tumbling(t, "early", time.Second)
	s.take(rec{"a", 0, 1}, rec{"a", 4, 1})
	wantTexts(t, "results", s.texts(0), "a 0 10 1 1 1 0")
	s.config = tumbling(t, "early", 3*time.Second).config
	s.restart(1)
	s.records = nil
	s.take(rec{"a", 5, 1})
	wantTexts(t, "results before 3 more seconds", s.texts(0))
	s.take(rec{"a", 6, 1})
	wantTexts(t, "results", s.texts(0), "a 0 10 3 3 1 0")
}
