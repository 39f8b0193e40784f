package nats

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// However members come and go, after some turns each partition is held once, and no member has two
// more than another.
func TestTableSettles(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var wanted []string
		for i := range rapid.IntRange(0, 12).Draw(t, "partitions") {
			wanted = append(wanted, fmt.Sprintf("s/%02d", i))
		}
		tab, err := decodeTable(nil)
		if err != nil {
			t.Fatal(err)
		}
		alive := []string{}
		turn := func() {
			for _, id := range alive {
				tab.Members[id] = memberEntry{}
				tab.bury(func(id string, _ memberEntry) bool { return !slices.Contains(alive, id) })
				for _, name := range tab.surplus(id, wanted) {
					l := tab.Parts[name]
					l.Holder = ""
					tab.Parts[name] = l
				}
				for _, name := range tab.claim(id, wanted, time.Now()) {
					if !slices.Contains(wanted, name) {
						t.Fatalf("%s claims %s, which is none of the partitions", id, name)
					}
				}
			}
		}
		for range rapid.IntRange(1, 6).Draw(t, "changes") {
			id := fmt.Sprintf("m%d", rapid.IntRange(0, 4).Draw(t, "member"))
			if at := slices.Index(alive, id); at >= 0 {
				alive = slices.Delete(alive, at, at+1)
			} else {
				alive = append(alive, id)
			}
			turn()
		}
		turn()
		turn()
		most, least, sum := 0, len(wanted), 0
		for _, id := range alive {
			n := len(tab.held(id))
			most, least, sum = max(most, n), min(least, n), sum+n
		}
		if len(alive) > 0 && (sum != len(wanted) || most-least > 1) {
			t.Errorf("%d members hold %d of %d partitions, between %d and %d each", len(alive), sum, len(wanted), least, most)
		}
	})
}

func FuzzTable(f *testing.F) {
	f.Add([]byte(`{"members":{"a":{"beat":1}},"partitions":{"s/0":{"holder":"a"}}}`))
	f.Add([]byte(`null`))
	f.Add([]byte(`{"members":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		tab, err := decodeTable(text)
		if err != nil {
			return
		}
		tab.Members["x"] = memberEntry{}
		tab.bury(func(string, memberEntry) bool { return false })
		tab.claim("x", []string{"s/0"}, time.Now())
		if _, err := tab.encode(); err != nil {
			t.Error(err)
		}
	})
}
