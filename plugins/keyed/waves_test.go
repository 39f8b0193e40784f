package keyed_test

import (
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
	"pgregory.net/rapid"
)

// worded is a value that is mostly words beside it.
type worded struct {
	words []uint64
	due   int64
}

func wordedTable() *keyed.Table[worded] {
	return keyed.NewTable(keyed.Config[worded]{
		Words: 3,
		Init:  func(v *worded, words []uint64) { v.words = words },
		Due:   func(e *keyed.Entry[worded]) (event, wall int64) { return e.V.due, plugins.Never },
	})
}

// Thousands of keys come and go, some of them long: a table finds those that
// are there, with their values and their words, and no others.
func TestTableOfKeysThatComeInWaves(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		table, want, now := wordedTable(), map[string]uint64{}, int64(0)
		var k []byte
		for range rapid.IntRange(1, 6).Draw(t, "waves") {
			from := rapid.IntRange(0, 3000).Draw(t, "from")
			until := from + rapid.IntRange(0, 3000).Draw(t, "keys")
			stays := rapid.IntRange(1, 300).Draw(t, "one of how many stays")
			for n := from; n < until; n++ {
				if k = key(k, n); n%100 == 0 {
					k = append(k, strings.Repeat("x", n)...)
				}
				e, fresh, err := table.Open(k)
				if err != nil {
					t.Fatal(err)
				}
				count, known := want[string(k)]
				if fresh == known || e.Key != string(k) || len(e.V.words) != 3 || !slices.Equal(e.V.words, []uint64{count, count, count}) {
					t.Fatalf("open %.20q: fresh %v, words %d, want %d", k, fresh, e.V.words, count)
				}
				for i := range e.V.words {
					e.V.words[i]++
				}
				want[e.Key]++
				e.V.due = plugins.Never
				if n%stays != 0 {
					e.V.due = now + int64(n%7)
				}
				table.Schedule(e)
			}
			now += 7
			err := table.FireEvent(now, func(e *keyed.Entry[worded], _ int64) error {
				delete(want, e.Key)
				table.Remove(e)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			seen := 0
			err = table.All(func(e *keyed.Entry[worded]) error {
				seen++
				if e.V.words[0] != want[e.Key] || want[e.Key] == 0 {
					t.Fatalf("%.20q has %d, want %d", e.Key, e.V.words, want[e.Key])
				}
				return nil
			})
			if err != nil || seen != len(want) || table.Stats().Keys != int64(seen) {
				t.Fatalf("%d keys, %+v, %v; want %d", seen, table.Stats(), err, len(want))
			}
		}
	})
}

// The memory of keys that are removed is given back.
func TestTableGivesMemoryBack(t *testing.T) {
	table := readings()
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	var k []byte
	for n := range 200_000 {
		k = key(k, n)
		e, _, err := table.Open(k)
		if err != nil {
			t.Fatal(err)
		}
		e.V.at = int64(n)
		table.Schedule(e)
	}
	full := heap() - before
	err := table.FireEvent(199_990, func(e *keyed.Entry[reading], _ int64) error { table.Remove(e); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if left := heap() - before; left > full/5 {
		t.Errorf("%d bytes are left of %d, for %d keys", left, full, table.Stats().Keys)
	}
	runtime.KeepAlive(table)
}
