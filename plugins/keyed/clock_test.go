package keyed_test

import (
	"testing"

	"github.com/onstream/onstream/plugins/keyed"
	"pgregory.net/rapid"
)

func TestClockIsTheSecondLatestOfAllKeys(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var c keyed.Clock
		shown := map[string]int64{}
		for range rapid.IntRange(0, 30).Draw(t, "records") {
			key, at := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "key"), rapid.Int64Range(-20, 20).Draw(t, "at")
			c.Observe(key, at)
			if before, ok := shown[key]; !ok || at > before {
				shown[key] = at
			}
			first, second := keyed.None, keyed.None
			for _, at := range shown {
				if at > first {
					first, second = at, first
				} else if at > second {
					second = at
				}
			}
			if c.Now() != second {
				t.Fatalf("the time is %d, want %d of %v", c.Now(), second, shown)
			}
			want := second
			if len(shown) == 1 {
				want = first
			}
			if latest, ok := c.Latest(); !ok || latest != want {
				t.Fatalf("the latest is %d, want %d of %v", latest, want, shown)
			}
		}
	})
}

func TestClockIsStored(t *testing.T) {
	t.Parallel()
	s := newStore()
	states := s.split(2)
	clocks := make([]keyed.Clock, 2)
	for l := range clocks {
		if err := clocks[l].Restore(states[l], 3); err != nil {
			t.Fatal(err)
		}
		if _, ok := clocks[l].Latest(); ok || clocks[l].Now() != keyed.None {
			t.Error("a new clock has a time")
		}
	}
	clocks[0].Observe("a", 10)
	clocks[1].Observe("b", 30)
	clocks[1].Observe("c", 20)
	snapshot := func() {
		for l := range clocks {
			clocks[l].Snapshot(s, 3)
		}
		s.commit()
	}
	snapshot()
	clocks[1].Observe("c", 25)
	snapshot()
	if clocks[1].Snapshot(s, 3); len(s.pending) > 0 {
		t.Error("a clock that has not moved was written")
	}
	for l, want := range []int64{keyed.None, 25} {
		var c keyed.Clock
		if err := c.Restore(s.split(2)[l], 3); err != nil || c.Now() != want {
			t.Errorf("lane %d: %d, %v; want %d", l, c.Now(), err, want)
		}
	}
	var one keyed.Clock
	if err := one.Restore(s.split(1)[0], 3); err != nil || one.Now() != 25 {
		t.Errorf("in one lane: %d, %v; want 25", one.Now(), err)
	}
	if one.Observe("b", 40); one.Now() != 25 {
		t.Errorf("the key that is ahead was forgotten: %d", one.Now())
	}
	for k, row := range s.rows {
		for cut := 1; cut < len(row); cut++ {
			s.rows[k] = row[:cut]
			var c keyed.Clock
			if err := c.Restore(s.split(1)[0], 3); err == nil && cut != 3 {
				t.Errorf("no error for %d of %d bytes", cut, len(row))
			}
		}
		s.rows[k] = row
	}
}
