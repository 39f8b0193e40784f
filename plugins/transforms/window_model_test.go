package transforms_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// windowModel tells, slowly, what the results for the records of one key are,
// and which of them are late. Times are in seconds.
type windowModel struct {
	lateness int64
	results  []string
	late     []string
}

// arrival is a record with the watermark of its key when it has come.
type arrival struct {
	rec
	watermark int64
}

func (m *windowModel) arrivals(rs []rec) (as []arrival) {
	own := int64(math.MinInt64)
	for _, r := range rs {
		own = max(own, r.at)
		as = append(as, arrival{r, own - m.lateness})
	}
	return as
}

func (m *windowModel) tooLate(r rec) {
	m.late = append(m.late, fmt.Sprintf("%s@%d=%d", r.key, r.at, r.v))
}

// result is that of records in the order in which they came.
func (m *windowModel) result(start, end int64, rs []rec) {
	first, sum := rs[0], int64(0)
	for _, r := range rs {
		sum += r.v
		if r.at < first.at {
			first = r
		}
	}
	m.results = append(m.results, fmt.Sprintf("%s %d %d %d %d %d 1", first.key, start, end, len(rs), sum, first.v))
}

// fixed says that a record is in each window around it that is still open.
func (m *windowModel) fixed(rs []rec, size, every int64) {
	windows := map[int64][]rec{} // by end
	for _, a := range m.arrivals(rs) {
		taken := false
		start := a.at - (a.at%every+every)%every
		for ; start > a.at-size; start -= every {
			if start+size > a.watermark {
				windows[start+size] = append(windows[start+size], a.rec)
				taken = true
			}
		}
		if !taken {
			m.tooLate(a.rec)
		}
	}
	var ends []int64
	for end := range windows {
		ends = append(ends, end)
	}
	slices.Sort(ends)
	for _, end := range ends {
		m.result(end-size, end, windows[end])
	}
}

// sliding says that a record is with those before it by time and arrival.
func (m *windowModel) sliding(rs []rec, size int64) {
	var taken []rec
	for _, a := range m.arrivals(rs) {
		if a.at < a.watermark {
			m.tooLate(a.rec)
		} else {
			taken = append(taken, a.rec)
		}
	}
	slices.SortStableFunc(taken, func(a, b rec) int { return cmp.Compare(a.at, b.at) })
	for i, r := range taken {
		var in []rec
		for _, x := range taken[:i+1] {
			if x.at > r.at-size {
				in = append(in, x)
			}
		}
		m.result(r.at-size, r.at, in)
	}
}

// session says that records belong together when each is less than the gap
// older than the next.
func (m *windowModel) session(rs []rec, gap int64) {
	var open [][]rec // each in the order in which they came
	closed := int64(math.MinInt64)
	span := func(rs []rec) (start, end int64) {
		start, end = rs[0].at, rs[0].at
		for _, r := range rs {
			start, end = min(start, r.at), max(end, r.at)
		}
		return start, end + gap
	}
	closeUntil := func(watermark int64) {
		slices.SortFunc(open, func(a, b []rec) int { x, _ := span(a); y, _ := span(b); return cmp.Compare(x, y) })
		for len(open) > 0 {
			start, end := span(open[0])
			if end > watermark {
				return
			}
			m.result(start, end, open[0])
			open, closed = open[1:], end
		}
	}
	for n, a := range m.arrivals(rs) {
		closeUntil(a.watermark)
		if a.at < closed {
			m.tooLate(a.rec)
			continue
		}
		joined := []rec{a.rec}
		var apart [][]rec
		for _, s := range open {
			if start, end := span(s); a.at < end && start < a.at+gap {
				joined = append(joined, s...)
			} else {
				apart = append(apart, s)
			}
		}
		if len(joined) == 1 && a.at+gap <= a.watermark {
			m.tooLate(a.rec)
			continue
		}
		// In the order of arrival, which is that of the records.
		slices.SortStableFunc(joined, func(x, y rec) int {
			return cmp.Compare(slices.Index(rs[:n+1], x), slices.Index(rs[:n+1], y))
		})
		open = append(apart, joined)
	}
	closeUntil(math.MaxInt64)
}

func (m *windowModel) count(rs []rec, size, step int) {
	for len(rs) > 0 {
		in := rs[:min(size, len(rs))]
		start, end := in[0].at, in[0].at
		for _, r := range in {
			start, end = min(start, r.at), max(end, r.at)
		}
		m.result(start, end, in)
		rs = rs[min(step, len(rs)):]
	}
}

func TestWindowsAreWhatTheyShouldBe(t *testing.T) {
	t.Parallel()
	const s = time.Second
	types := map[string]struct {
		kv    []any
		model func(m *windowModel, rs []rec)
	}{
		"tumbling":       {[]any{"tumbling", 5 * s}, func(m *windowModel, rs []rec) { m.fixed(rs, 5, 5) }},
		"hopping":        {[]any{"hopping", 12 * s, "every", 4 * s}, func(m *windowModel, rs []rec) { m.fixed(rs, 12, 4) }},
		"hopping uneven": {[]any{"hopping", 10 * s, "every", 6 * s}, func(m *windowModel, rs []rec) { m.fixed(rs, 10, 6) }},
		"sliding":        {[]any{"sliding", 9 * s}, func(m *windowModel, rs []rec) { m.sliding(rs, 9) }},
		"session":        {[]any{"session", 4 * s}, func(m *windowModel, rs []rec) { m.session(rs, 4) }},
		"count":          {[]any{"count", int64(5)}, func(m *windowModel, rs []rec) { m.count(rs, 5, 5) }},
		"count steps":    {[]any{"count", int64(6), "step", int64(4)}, func(m *windowModel, rs []rec) { m.count(rs, 6, 4) }},
	}
	for name, c := range types {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(rt *rapid.T) {
				lateness := rapid.Int64Range(0, 6).Draw(rt, "lateness")
				hot := rapid.Int64Range(1, 6).Draw(rt, "hot")
				kv := append([]any{"idle", 1_000_000 * s, "lateness", time.Duration(lateness) * s, "max_hot", hot}, c.kv...)
				st := windowStage(t, rapid.IntRange(1, 3).Draw(rt, "lanes"), kv...)
				byKeys := map[string][]rec{}
				at := rapid.Int64Range(-50, 50).Draw(rt, "from")
				var batch []rec
				for n := range rapid.IntRange(0, 80).Draw(rt, "records") {
					at += rapid.Int64Range(0, 3).Draw(rt, "pause")
					r := rec{fmt.Sprint("k", rapid.IntRange(0, 5).Draw(rt, "key")), at - rapid.Int64Range(0, 8).Draw(rt, "delay"), int64(n) + 1}
					byKeys[r.key] = append(byKeys[r.key], r)
					batch = append(batch, r)
					switch rapid.IntRange(0, 8).Draw(rt, "then") {
					case 0, 1:
						st.take(batch...)
						batch = nil
					case 2:
						st.take(batch...)
						st.checkpoint()
						batch = nil
					case 3:
						st.take(batch...)
						st.restart(rapid.IntRange(1, 3).Draw(rt, "lanes"))
						batch = nil
					}
				}
				st.take(batch...)
				st.finish()
				results, late := byKey(st.texts(0)), lates(st)
				slices.Sort(late)
				var want, wantLate []string
				for _, key := range []string{"k0", "k1", "k2", "k3", "k4", "k5"} {
					m := &windowModel{lateness: lateness}
					if name == "count" || name == "count steps" {
						m.lateness = 0
					}
					c.model(m, byKeys[key])
					want, wantLate = append(want, m.results...), append(wantLate, m.late...)
				}
				slices.Sort(wantLate)
				if !slices.Equal(results, want) {
					rt.Fatalf("results\n%q, want\n%q", results, want)
				}
				if !slices.Equal(late, wantLate) {
					rt.Fatalf("late %q, want %q", late, wantLate)
				}
			})
		})
	}
}
