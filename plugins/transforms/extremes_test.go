package transforms_test

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
)

// far are times in ns since 1970, anywhere between the first and the last that
// there are, and mostly close to one of these.
func far() *rapid.Generator[int64] {
	return rapid.Custom(func(t *rapid.T) int64 {
		near := rapid.SampledFrom([]int64{math.MinInt64, math.MinInt64, 0, begin.UnixNano(), math.MaxInt64, math.MaxInt64}).Draw(t, "near")
		unit := rapid.SampledFrom([]int64{1, int64(time.Second), int64(time.Hour), 20 * 365 * 24 * int64(time.Hour)}).Draw(t, "unit")
		d := rapid.Int64Range(-12, 12).Draw(t, "units") * unit
		switch at := near + d; {
		case d < 0 && at > near:
			return math.MinInt64
		case d > 0 && at < near:
			return math.MaxInt64
		default:
			return at
		}
	})
}

// lengths are how long something in a stage may be.
var lengths = rapid.SampledFrom([]time.Duration{1, 7 * time.Second, time.Hour, 100 * 365 * 24 * time.Hour, math.MaxInt64})

// apart is how far two times are apart.
func apart(a, b int64) uint64 { return uint64(max(a, b)) - uint64(min(a, b)) }

// farRec is a record of the tests of times that are far away: its number is v.
type farRec struct {
	key string
	at  int64
	v   int64
}

// takeFar puts a record into a stage of one lane; it returns the code with which
// it has failed, "" if it has not.
func takeFar(s *stage, r farRec) string {
	s.t.Helper()
	b := s.env.Pool.Batch()
	defer b.Release()
	b.SelectAll(1)
	b.NewColumn("k", plugins.String).AppendString(0, r.key)
	b.NewColumn("ts", plugins.Time).Ints[0] = r.at
	b.NewColumn("v", plugins.Int).Ints[0] = r.v
	b.Values = b.SpareValues()
	addPayload(b, fmt.Sprint(r.v))
	before := len(s.failures)
	s.run(s.t.Context(), s.lanes[0], b)
	if len(s.failures) == before {
		return ""
	}
	return s.failures[before].Code
}

// farStage is a stage that takes times however far ahead they are.
func farStage(t *testing.T, kind string, names []string, kv ...any) *stage {
	return newStage(t, kind, attrs(byEventTime(append([]any{"max_ahead", time.Duration(math.MaxInt64)}, kv...)...)...), 1, names...)
}

// ints of a result, in the order of the names of the stage.
func numbers(s *stage, r emitted) (ns []int64) {
	for _, name := range s.names {
		ns = append(ns, r.fields[name].Int)
	}
	return ns
}

// No record vanishes in a window, however far away it is: it is in a result
// whose window it is in, or late, or it has failed because there is none.
func TestWindowsOfFarTimes(t *testing.T) {
	t.Parallel()
	for _, typ := range []string{"tumbling", "hopping", "sliding", "session", "count"} {
		t.Run(typ, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(rt *rapid.T) {
				size := lengths.Draw(rt, "size")
				kv := []any{
					"emit", windowEmit(), typ, size, "max_hot", int64(2), "forget", lengths.Draw(rt, "forget"),
					"idle", lengths.Draw(rt, "idle"), "lateness", lengths.Draw(rt, "lateness"),
				}
				switch typ {
				case "tumbling":
					kv = append(kv, "offset", time.Duration(rapid.Int64().Draw(rt, "offset")))
				case "hopping":
					kv = append(kv, "every", max(1, size/time.Duration(rapid.IntRange(1, 5).Draw(rt, "every"))))
				case "count":
					kv[3], kv[len(kv)-1] = int64(3), time.Duration(0)
				}
				s := farStage(t, "window", windowNames, kv...)
				rs := make([]farRec, rapid.IntRange(1, 20).Draw(rt, "records"))
				found := map[int64]int{}
				for n := range rs {
					rs[n] = farRec{rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "key"), far().Draw(rt, "at"), 1 << n}
					switch code := takeFar(s, rs[n]); code {
					case "":
					case "time_range":
						found[rs[n].v]++
						if ends := min(apart(rs[n].at, math.MinInt64), apart(rs[n].at, math.MaxInt64)); ends > 2*uint64(size) {
							rt.Fatalf("the time %d is not told for windows of %v", rs[n].at, size)
						}
					default:
						rt.Fatalf("a record fails with %s", code)
					}
					if rapid.IntRange(0, 9).Draw(rt, "restart") == 0 {
						s.restart(1)
					}
				}
				s.finish()
				for _, r := range s.records {
					if r.output == 1 {
						for n := range rs {
							if fmt.Sprint(rs[n].v) == r.payload {
								found[rs[n].v]++
							}
						}
						continue
					}
					ns := numbers(s, r)
					start, end, sum := ns[1], ns[2], ns[4]
					for _, in := range rs {
						if sum&in.v == 0 {
							continue
						}
						found[in.v]++
						if within := start <= in.at && in.at < end; !within && typ != "sliding" && typ != "count" || in.at < start || in.at > end {
							rt.Fatalf("the window from %d to %d has a record of the time %d", start, end, in.at)
						}
					}
					if long := apart(start, end); typ != "session" && typ != "count" && long != uint64(size) {
						rt.Fatalf("the window from %d to %d is %d long, not %d", start, end, long, size)
					}
				}
				for _, r := range rs {
					if once := typ == "tumbling" || typ == "session" || typ == "count"; found[r.v] == 0 || once && found[r.v] > 1 {
						rt.Fatalf("the record of the time %d was found %d times", r.at, found[r.v])
					}
				}
			})
		})
	}
}

// The other kinds do what they say also where times are so far apart that there
// is no duration for it.
func TestFarTimesOfOneKey(t *testing.T) {
	t.Parallel()
	type models struct {
		s     *stage
		names []string
		model func(own, at int64, known bool, v int64) []string
	}
	rapid.Check(t, func(rt *rapid.T) {
		ttl := max(2, lengths.Draw(rt, "ttl"))
		forget := ttl/2 + max(0, lengths.Draw(rt, "forget")/2) + 1
		idle := lengths.Draw(rt, "idle")
		var first, count int64
		var open bool
		passed, remembered := int64(0), false
		stages := map[string]models{
			"dedupe": {farStage(t, "dedupe", nil, "ttl", ttl, "idle", idle), nil, func(_, at int64, _ bool, v int64) []string {
				far := remembered && apart(passed, at) >= uint64(ttl)
				if remembered && !far {
					return nil
				}
				if !remembered || at > passed {
					passed, remembered = at, true
				}
				return []string{fmt.Sprint(v)}
			}},
			"reduce": {farStage(t, "reduce", []string{"n"}, counting("ttl", ttl, "idle", idle)...), []string{"n"}, func(own, at int64, known bool, v int64) []string {
				if !known || at > own && apart(own, at) >= uint64(ttl) {
					count = 1
				}
				count++
				return []string{fmt.Sprint(count)}
			}},
			"absence": {
				farStage(t, "absence", absenceNames, "for", ttl/2, "forget", forget, "timeout", time.Duration(0), "idle", idle), absenceNames[1:],
				func(own, at int64, known bool, _ int64) (rs []string) {
					if gap := apart(own, at); known && at > own && gap > uint64(ttl/2) {
						rs = append(rs, fmt.Sprint("absent ", own, " ", own+int64(ttl/2), " ", int64(ttl/2)))
						if gap = min(gap, math.MaxInt64); gap <= uint64(forget) { // the longest that can be told
							rs = append(rs, fmt.Sprint("returned ", own, " ", at, " ", gap))
						}
					}
					return rs
				},
			},
			"detect": {
				farStage(t, "detect", matchNames[:3], detecting("within", ttl, "first", is(1), "then", is(2), "idle", idle)...), matchNames[1:3],
				func(own, at int64, known bool, v int64) (rs []string) {
					if known && at < own {
						return nil // late
					}
					if open = open && apart(first, at) <= uint64(ttl); open && v == 2 {
						rs, open = append(rs, fmt.Sprint(first, " ", at)), false
					}
					if v == 1 {
						first, open = at, true
					}
					return rs
				},
			},
		}
		type state struct {
			own   int64
			known bool
			want  []string
		}
		known := map[string]*state{}
		for n := range rapid.IntRange(1, 20).Draw(rt, "records") {
			at, v := far().Draw(rt, "at"), rapid.Int64Range(1, 2).Draw(rt, "v")
			for name, m := range stages {
				if known[name] == nil {
					known[name] = &state{}
				}
				k := known[name]
				code := takeFar(m.s, farRec{"a", at, v})
				if code != "" {
					limit := uint64(0)
					if name == "absence" {
						limit = uint64(ttl / 2)
					}
					if code != "time_range" || at != math.MinInt64 && apart(at, math.MaxInt64) > limit {
						rt.Fatalf("%s: the time %d fails with %s", name, at, code)
					}
					continue
				}
				k.want = append(k.want, m.model(k.own, at, k.known, v)...)
				if !k.known || at > k.own {
					k.own, k.known = at, true
				}
				if n%5 == 4 {
					m.s.restart(1)
				}
			}
		}
		for name, m := range stages {
			m.s.finish()
			var got []string
			for _, r := range m.s.records {
				if r.output != 0 {
					continue
				}
				if m.names == nil {
					got = append(got, r.payload)
					continue
				}
				var parts []string
				for _, f := range m.names {
					if v := r.fields[f]; v.Kind == plugins.String {
						parts = append(parts, v.Text)
					} else {
						parts = append(parts, fmt.Sprint(v.Int))
					}
				}
				got = append(got, strings.Join(parts, " "))
			}
			if want := known[name].want; !slices.Equal(got, want) {
				rt.Fatalf("%s: %q, want %q", name, got, want)
			}
		}
	})
}

// A join within an interval pairs what is in it, tells of everything else that
// it is alone, and nothing vanishes.
func TestJoinOfFarTimes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		within, lateness := lengths.Draw(rt, "within"), lengths.Draw(rt, "lateness")
		j := startJoin(t, 1, joinConfig("within", within, "type", "outer", "max_ahead", time.Duration(math.MaxInt64),
			"lateness", lateness, "idle", lengths.Draw(rt, "idle")))
		times := [2]map[int64]int64{{}, {}}
		for n := range rapid.IntRange(1, 16).Draw(rt, "records") {
			r := joinRecord{rapid.IntRange(0, 1).Draw(rt, "port"), "a", far().Draw(rt, "at"), int64(n)}
			failed := len(j.out.failures)
			j.put(r)
			if len(j.out.failures) == failed {
				times[r.port][r.id] = r.at
			}
			if n%5 == 4 {
				j.checkpoint()
				j.restart(1)
			}
		}
		j.finish()
		found, alone := map[int64]bool{}, map[int64]bool{}
		pairs := 0
		for _, text := range j.out.results {
			parts := strings.Fields(text)
			l, errLeft := strconv.ParseInt(parts[1], 10, 64)
			r, errRight := strconv.ParseInt(parts[2], 10, 64)
			switch {
			case errRight != nil:
				alone[l] = true
			case errLeft != nil:
				alone[r] = true
			default:
				pairs++
				found[l], found[r] = true, true
				if apart(times[0][l], times[1][r]) > uint64(within) {
					rt.Fatalf("%d and %d are too far apart", times[0][l], times[1][r])
				}
			}
		}
		want := 0
		for _, l := range times[0] {
			for _, r := range times[1] {
				if apart(l, r) <= uint64(within) {
					want++
				}
			}
		}
		if pairs != want && lateness == math.MaxInt64 { // the others may come when their partners are gone
			rt.Fatalf("%d pairs, want %d: %q", pairs, want, j.out.results)
		}
		for p := range times {
			for id, at := range times[p] {
				if found[id] == alone[id] {
					rt.Fatalf("the record of the time %d has partners: %v, and is alone: %v", at, found[id], alone[id])
				}
			}
		}
		if slices.ContainsFunc(j.out.failures, func(code string) bool { return code != "late" && code != "time_range" }) {
			rt.Fatalf("failures %q", j.out.failures)
		}
	})
}
