package transforms_test

import (
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
)

// FuzzWindowState reads stored windows that are damaged: they are refused, or
// the stage works with them.
func FuzzWindowState(f *testing.F) {
	types := [][]any{
		{"tumbling", 10 * time.Second, "early", time.Second}, {"hopping", 10 * time.Second, "every", 4 * time.Second},
		{"sliding", 10 * time.Second}, {"session", 10 * time.Second}, {"count", int64(4), "step", int64(2)},
	}
	key := []byte("\x05a")
	if got := plugins.KeyValue(key); got != text("a") {
		f.Fatalf("the key is %+v", got)
	}
	row := memoryKey(1, plugins.GroupOf(key), key)
	for n, kv := range types {
		s := windowStage(new(testing.T), 1, kv...)
		for at := range int64(20) {
			s.take(rec{"a", at * 3 % 17, at})
		}
		s.checkpoint()
		stored, ok := s.stored[row]
		if !ok {
			f.Fatal("nothing was stored")
		}
		f.Add(n, stored)
	}
	f.Fuzz(func(t *testing.T, n int, stored []byte) {
		if n < 0 || n >= len(types) {
			return
		}
		s := windowStage(t, 1, types[n]...)
		tr := start(t, "window", s.config, s.env)
		err := tr.(plugins.Stateful).Restore(part{memory{row: stored}, 0, 255})
		if err != nil {
			if !strings.Contains(err.Error(), "restore windows") {
				t.Errorf("the error is %v", err)
			}
			return
		}
		s.lanes = []plugins.Transform{tr}
		s.take(rec{"a", 5, 1}, rec{"b", 5, 1}, rec{"a", 3000, 1}, rec{"c", 3000, 1}, rec{"b", 3000, 1})
		s.checkpoint()
		s.finish()
	})
}
