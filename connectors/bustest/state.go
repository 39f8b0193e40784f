package bustest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/onstream/onstream/plugins"
)

// keepsState reports whether the connection is one that a group's members leave state on.
func keepsState(g *rig) bool { return g.Features.State }

func stateLog(t *testing.T, g *rig) {
	name := g.topic(t, "g")
	part := plugins.Partition{Name: name, ID: int32(g.partitions() - 1)}
	open := func() plugins.StateLog {
		t.Helper()
		logs, ok := g.connect(t, g.Addr).(plugins.StateLogs)
		if !ok {
			t.Fatal("the connection is declared to keep state, and is no plugins.StateLogs")
		}
		l, err := logs.StateLog(t.Context(), name, part)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), stopTime)
			defer cancel()
			if err := l.Close(ctx); err != nil {
				t.Errorf("close the log: %v", err)
			}
		})
		return l
	}
	type entry struct {
		number int64
		text   string
	}
	read := func(l plugins.StateLog) []entry {
		t.Helper()
		var all []entry
		if err := l.Read(t.Context(), func(n int64, e []byte) error {
			all = append(all, entry{n, string(e)})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return all
	}
	a, b := open(), open()
	if n := len(read(a)); n != 0 {
		t.Fatalf("a new log has %d entries", n)
	}
	if err := a.Append(t.Context(), []byte("a0"), []byte{0, 0xff}, []byte(noise(plugins.MaxStateEntry))); err != nil {
		t.Fatal(err)
	}
	if got := read(b); len(got) != 3 || got[0].text != "a0" || got[1].text != "\x00\xff" || len(got[2].text) != plugins.MaxStateEntry {
		t.Fatalf("what one has appended is not what the other reads: %d entries", len(got))
	}
	var both sync.WaitGroup
	for who, l := range []plugins.StateLog{a, b} {
		both.Go(func() {
			for i := range 50 {
				if err := l.Append(t.Context(), fmt.Appendf(nil, "%d-%d", who, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	both.Wait()
	first := read(a)
	if len(first) != 103 || !slices.Equal(first, read(b)) {
		t.Fatalf("two who read the log do not see the same %d entries in the same order", len(first))
	}
	last := map[byte]int{}
	for i, e := range first[3:] {
		if first[i+3].number <= first[i+2].number {
			t.Fatalf("the number %d comes after %d", first[i+3].number, first[i+2].number)
		}
		var n int
		if _, err := fmt.Sscanf(e.text[2:], "%d", &n); err != nil || n != last[e.text[0]] {
			t.Fatalf("the entries of one who appends are not in their order: %q", e.text)
		}
		last[e.text[0]]++
	}
	stop := errors.New("enough")
	if err := a.Read(t.Context(), func(int64, []byte) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the error of who reads came back as %v", err)
	}
	if err := a.Trim(t.Context(), first[60].number); err != nil {
		t.Fatal(err)
	}
	rest := read(b)
	if len(rest) < 43 || !slices.Equal(rest[len(rest)-43:], first[60:]) {
		t.Errorf("after a trim, %d entries are there, and the last 43 should be as they were", len(rest))
	}
}
