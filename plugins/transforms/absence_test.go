package transforms_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"pgregory.net/rapid"
)

var absenceNames = []string{"key", "status", "last", "at", "gone"}

// watching are the attributes of an absence that looks at event time only.
func watching(kv ...any) plugins.Config {
	return attrs(byEventTime(append([]any{"for", 10 * time.Second, "forget", 100 * time.Second, "timeout", time.Duration(0)}, kv...)...)...)
}

func TestAbsence(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   []rec
		want []string
	}{
		"a gap":            {[]rec{{"a", 0, 0}, {"a", 10, 0}, {"a", 25, 0}}, []string{"a absent 10 20 10", "a returned 10 25 15"}},
		"out of order":     {[]rec{{"a", 20, 0}, {"a", 5, 0}, {"a", 25, 0}, {"a", 14, 0}}, nil},
		"gone for so long": {[]rec{{"a", 0, 0}, {"a", 101, 0}, {"a", 102, 0}}, []string{"a absent 0 10 10"}},
		"of two keys": {
			[]rec{{"a", 0, 0}, {"b", 3, 0}, {"a", 12, 0}, {"b", 14, 0}},
			[]string{"a absent 0 10 10", "a returned 0 12 12", "b absent 3 13 10", "b returned 3 14 11"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, batch := range []int{1, 100} {
				s := newStage(t, "absence", watching(), 2, absenceNames...)
				for rs := range slices.Chunk(c.in, batch) {
					s.take(rs...)
				}
				wantTexts(t, "reports", byKey(s.texts(0)), c.want...)
			}
		})
	}
}

func TestAbsenceByTheTimeOfOthers(t *testing.T) {
	t.Parallel()
	s := newStage(t, "absence", watching(), 1, absenceNames...)
	s.take(rec{"b", 0, 0}, rec{"c", 0, 0}, rec{"a", -1000, 0})
	s.take(rec{"b", 8, 0}, rec{"c", 8, 0}, rec{"b", 17, 0}, rec{"c", 17, 0})
	for at := int64(26); at <= 70; at += 9 {
		s.take(rec{"b", at, 0}, rec{"c", at, 0})
	}
	wantTexts(t, "reports before it is silent for long", s.texts(0))
	s.take(rec{"b", 71, 0}, rec{"c", 71, 0})
	wantTexts(t, "reports", s.texts(0), "a absent -1000 -990 10")
	s.restart(1)
	s.take(rec{"b", 80, 0}, rec{"c", 80, 0}, rec{"a", -998, 0})
	wantTexts(t, "reports", s.texts(0), "a absent -1000 -990 10", "a returned -1000 -998 2")
	for at := int64(89); at <= 300; at += 9 {
		s.take(rec{"b", at, 0}, rec{"c", at, 0})
	}
	if s.keys() != 2 {
		t.Errorf("%d keys are kept, want 2", s.keys())
	}
}

func TestAbsenceByThePipelinesClock(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config plugins.Config
		want   []string
	}{
		"beside event time": {watching("timeout", 20*time.Second), []string{"a absent 0 10 10", "a returned 0 1 1"}},
		"alone": {
			attrs(byPipelineClock("for", 20*time.Second, "forget", 100*time.Second)...),
			[]string{"a absent 3600 3620 20", "a returned 3600 3621 21"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, "absence", c.config, 2, absenceNames...)
			s.take(rec{"a", 0, 0})
			s.tick(20 * time.Second)
			wantTexts(t, "reports too early", s.texts(0))
			s.tick(time.Second)
			s.restart(3)
			s.tick(time.Second / 2)
			wantTexts(t, "reports", s.texts(0), c.want[0])
			s.now = s.now.Add(-time.Second / 2)
			s.take(rec{"a", 1, 0})
			wantTexts(t, "reports", s.texts(0), c.want...)
			s.tick(time.Hour)
			if n := len(s.texts(0)); n != 3 || s.keys() != 0 {
				t.Errorf("%d reports, %d keys are kept", n, s.keys())
			}
		})
	}
}

func TestAbsenceDoesNotCountADowntime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]plugins.Config{
		"beside event time": watching("timeout", 10*time.Second),
		"alone":             attrs(byPipelineClock("for", 10*time.Second, "forget", 100*time.Second)...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, "absence", c, 2, absenceNames...)
			s.take(rec{"a", 0, 0}, rec{"b", 0, 0})
			s.checkpoint()
			s.now = s.now.Add(time.Hour)
			s.start(1)
			s.tick(9 * time.Second)
			s.take(rec{"b", 1, 0})
			wantTexts(t, "reports", s.texts(0))
			s.tick(2 * time.Second)
			if got := s.texts(0); len(got) != 1 || got[0][:8] != "a absent" {
				t.Errorf("reports %q, want that a is absent", got)
			}
		})
	}
}

func TestAbsenceOfExpectedKeys(t *testing.T) {
	t.Parallel()
	s := newStage(t, "absence", watching("timeout", 10*time.Second, "keys", []string{"a", "b", "c"}), 3, absenceNames...)
	s.take(rec{"a", 0, 0})
	s.tick(11 * time.Second)
	wantTexts(t, "reports", byKey(s.texts(0)), "a absent 0 10 10", "b absent null 3610 null", "c absent null 3610 null")
	s.restart(2)
	s.tick(time.Hour)
	if n := len(s.records); n != 3 {
		t.Errorf("%d reports, want each once", n)
	}
	s.take(rec{"b", 5, 0})
	wantTexts(t, "reports", s.texts(0)[3:], "b returned null 5 null")
}

func TestAbsenceEqualsItsModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		rs := history(rt, 8, 80, 12)
		s := newStage(t, "absence", watching("idle", 100*time.Hour, "forget", 40*time.Second), 2, absenceNames...)
		play(rt, s, rs, 4)
		last := map[string]int64{}
		var want []string
		for _, r := range rs {
			before, known := last[r.key]
			gap := r.at - before
			if known && gap > 10 {
				want = append(want, fmt.Sprint(r.key, " absent ", before, " ", before+10, " 10"))
			}
			if known && gap > 10 && gap <= 40 {
				want = append(want, fmt.Sprint(r.key, " returned ", before, " ", r.at, " ", gap))
			}
			if !known || gap > 0 {
				last[r.key] = r.at
			}
		}
		if got, want := fmt.Sprint(byKey(s.texts(0))), fmt.Sprint(byKey(want)); got != want {
			rt.Fatalf("%s, want %s", got, want)
		}
	})
}

// TestAbsenceDoesNotDependOnBatches is about what depends on the time of the
// lane, so there is one.
func TestAbsenceDoesNotDependOnBatches(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		rs := history(rt, 5, 80, 30)
		c := watching("idle", 3*time.Second, "forget", 25*time.Second)
		one, other := newStage(t, "absence", c, 1, absenceNames...), newStage(t, "absence", c, 1, absenceNames...)
		for _, r := range rs {
			one.take(r)
		}
		play(rt, other, rs, 1)
		if a, b := fmt.Sprint(byKey(one.texts(0))), fmt.Sprint(byKey(other.texts(0))); a != b {
			rt.Fatalf("%s, and in other batches %s", a, b)
		}
	})
}

func TestAbsenceConfiguration(t *testing.T) {
	t.Parallel()
	lasting := []any{"for", time.Minute, "forget", time.Hour}
	for _, c := range []struct {
		kv         []any
		path, says string
	}{
		{byEventTime(lasting...), "", ""},
		{byEventTime("for", time.Minute, "forget", time.Minute), "forget", "longer than for"},
		{byPipelineClock(append(lasting, "timeout", time.Hour)...), "timeout", "remove timeout"},
		{append(lasting, "clock", "processing", "keys", []string{"a"}), "keys", "give key"},
		{byEventTime(append(lasting, "keys", []string{"a"}, "key", field1("v", plugins.Int))...), "keys", "int"},
		{byEventTime(append(lasting, "keys", []string{"a"}, "timeout", time.Duration(0))...), "keys", "timeout"},
		{byEventTime(append(lasting, "emit", []plugins.NamedExpr{})...), "emit", "no field"},
		{append(lasting, "clock", "event"), "", "give time"},
	} {
		_, err := kind(t, "absence").Outputs(plugins.Shape{}, attrs(c.kv...))
		wantConfigError(t, err, c.path, c.says)
	}
	outs, err := kind(t, "absence").Outputs(plugins.Shape{}, attrs(byEventTime(lasting...)...))
	if err != nil || outs[0].Shape.Type.String() != "record({key = string, status = string, last = time, at = time, gone = duration})" {
		t.Errorf("outputs %v, %v", outs, err)
	}
}
