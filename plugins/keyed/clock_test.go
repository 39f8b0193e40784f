package keyed_test

import (
	"math"
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

func TestTimeIsThatOfTheLaneAtTheLastRecord(t *testing.T) {
	t.Parallel()
	var k keyed.Time
	for _, c := range []struct {
		name  string
		show  func()
		after int64 // the time of the lane up to which the key is not silent
	}{
		{"the first key of a lane", func() { k.Begin(10, keyed.Reading{Now: keyed.None, First: 10}) }, 10},
		{"one that is behind", func() { k.Begin(10, keyed.Reading{Now: 50, First: 90}) }, 50},
		{"goes on while the lane is held up", func() { k.Show(25, keyed.Reading{Now: 50, First: 90}) }, 65},
		{"shows an older time", func() { k.Show(5, keyed.Reading{Now: 50, First: 90}) }, 65},
		{"goes on by more than any other", func() { k.Show(75, keyed.Reading{Now: 50, First: 90}) }, 90},
		{"comes after a leap of the lane", func() { k.Show(76, keyed.Reading{Now: 200, First: 210}) }, 200},
		{"shows the last time there is", func() { k.Show(math.MaxInt64, keyed.Reading{Now: 200, First: math.MaxInt64}) }, math.MaxInt64},
		{"is the first of a new day", func() { k.Begin(1000, keyed.Reading{Now: 210, First: 1000}) }, 1000},
	} {
		c.show()
		if k.Lane != c.after || k.Silent(c.after) != 0 || k.Silent(keyed.None) != 0 {
			t.Errorf("%s: silent since %d, want %d", c.name, k.Lane, c.after)
		}
	}
	if got := k.Silent(1007); got != 7 {
		t.Errorf("silent for %d, want 7", got)
	}
	k.Lane = -5
	if got := k.Silent(math.MaxInt64); got != math.MaxInt64 {
		t.Errorf("silent for %d, want as long as can be told", got)
	}
}
