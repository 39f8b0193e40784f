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

// unanswered are attributes of a detect: 1 is not followed by 2 for 10 seconds.
func unanswered(kv ...any) plugins.Config {
	return attrs(detecting(byEventTime(append([]any{"first", is(1), "without", is(2)}, kv...)...)...)...)
}

// TestNoKeyThatGoesOnIsSilent is about the time of a lane, which leaps when a
// key comes back whose silence has held it up: what others were there for all
// the time is not silence of theirs, in as many lanes as you like.
func TestNoKeyThatGoesOnIsSilent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		slow, lanes := rapid.Int64Range(0, 500).Draw(rt, "slow"), 1 // with one that goes on as well
		if rapid.Bool().Draw(rt, "alone") {
			slow, lanes = 0, rapid.IntRange(1, 3).Draw(rt, "lanes")
		}
		idle := 5 * time.Second
		for name, s := range map[string]*stage{
			"absence": newStage(t, "absence", watching("idle", idle), lanes, absenceNames...),
			"detect":  newStage(t, "detect", unanswered("idle", idle), lanes, matchNames[:5]...),
			"dedupe":  newStage(t, "dedupe", attrs(byEventTime("ttl", 10*time.Second, "idle", idle, "extend", true)...), lanes),
		} {
			others := []string{"b", "c", "d"}
			for _, key := range others {
				s.take(rec{key, 0, 0})
			}
			for at := int64(0); at < 200; at += 2 {
				s.take(rec{"regular", at - slow, 1 + at/2%2})
				for _, key := range others {
					if slow > 0 && key == "b" || rapid.IntRange(0, 15).Draw(rt, key) == 0 {
						s.take(rec{key, at, 0})
					}
				}
			}
			got := slices.DeleteFunc(s.texts(0), func(text string) bool { return !strings.HasPrefix(text, "regular") })
			if name == "dedupe" && len(got) > 0 {
				got = got[1:]
			}
			if len(got) > 0 {
				rt.Fatalf("%s: %q", name, got)
			}
		}
	})
}

// TestKeysThatComeOnceTellTheTime is about keys such as the numbers of orders,
// dense and with long pauses.
func TestKeysThatComeOnceTellTheTime(t *testing.T) {
	t.Parallel()
	for _, every := range []int64{1, 3600} {
		found := newStage(t, "detect", unanswered("max_ahead", 1000*time.Hour), 1, matchNames[:5]...)
		gone := newStage(t, "absence", watching("max_ahead", 1000*time.Hour), 1, absenceNames...)
		for n := range int64(200) {
			r := rec{fmt.Sprintf("order-%03d", n), n * every, 1}
			found.take(r)
			gone.take(r)
			// Those are known before which the second latest came by more than
			// 10 seconds, and idle.
			want := max(0, n-1-70/every)
			if a, b := len(found.texts(0)), len(gone.texts(0)); a != int(want) || b != int(want) {
				t.Fatalf("%d s apart: of %d orders %d are known to be unanswered and %d to be absent, want %d", every, n+1, a, b, want)
			}
		}
	}
}

// TestOneThatComesAfterAPauseIsNotSilent is about the first key to show the
// time after one: it is not silent when others follow.
func TestOneThatComesAfterAPauseIsNotSilent(t *testing.T) {
	t.Parallel()
	far := []any{"max_ahead", 100 * time.Hour}
	for name, s := range map[string]*stage{
		"absence": newStage(t, "absence", watching(far...), 1, absenceNames...),
		"detect":  newStage(t, "detect", unanswered(far...), 1, matchNames[:5]...),
	} {
		s.take(rec{"b", 0, 0}, rec{"c", 0, 0})
		s.take(rec{"a", 7200, 1}, rec{"b", 7201, 0}, rec{"c", 7202, 0})
		if got := s.texts(0); slices.ContainsFunc(got, func(text string) bool { return text[:2] == "a " }) {
			t.Errorf("%s: %q", name, got)
		}
	}
}
