package transforms_test

import (
	"slices"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
)

// FuzzKeyedRestore gives the kinds rows of state that they have not written:
// they are to say so, or to go on.
func FuzzKeyedRestore(f *testing.F) {
	kinds := map[string]plugins.Config{
		"dedupe":  attrs(byEventTime("ttl", time.Minute)...),
		"reduce":  attrs(byEventTime(counting("ttl", time.Minute)...)...),
		"absence": watching(),
		"detect":  attrs(detecting(byEventTime("first", is(1), "then", is(2), "lateness", time.Minute)...)...),
	}
	key := append([]byte{byte(plugins.String)}, 'a')
	var names []string
	for name, c := range kinds {
		names = append(names, name)
		s := newStage(f, name, c, 1)
		s.take(rec{"a", 0, 1}, rec{"a", 90, 1}, rec{"a", 91, 2})
		s.checkpoint()
		f.Add(len(names), s.stored[memoryKey(1, plugins.GroupOf(key), key)])
	}
	slices.Sort(names)
	f.Fuzz(func(t *testing.T, n int, row []byte) {
		name := names[uint(n)%uint(len(names))]
		tr := start(t, name, kinds[name], environment())
		stored := memory{}
		stored.Put(1, plugins.GroupOf(key), key, row)
		if err := tr.(plugins.Stateful).Restore(part{stored, 0, 255}); err != nil {
			return
		}
		if err := tr.Process(t.Context(), records(new(plugins.Pool), []rec{{"a", 100, 1}, {"a", 200, 2}}), discard{}); err != nil {
			return
		}
		if f, ok := tr.(plugins.Finisher); ok {
			if err := f.Finish(t.Context(), discard{}); err != nil {
				return
			}
		}
		if err := tr.(plugins.Stateful).Snapshot(stored); err != nil {
			t.Error(err)
		}
	})
}
