package transforms_test

import (
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/transforms"
)

// What is stored may be anything, and so may be the text of what it is.
func FuzzStateJSON(f *testing.F) {
	r := &plugins.Registry{}
	if err := transforms.Register(r); err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{"", "record({n = int, s = optional(string), in = record({x = list(map(int))})}) and times by key", "table of record({a = int})", "intervals of record({}) and record({b = time(\"s\")})", "record({", "tumbling 1m0s"} {
		f.Add(text, []byte{})
		f.Add(text, []byte{1, 2, 3, 4, 5, 1, 2, 3})
		f.Add(text, []byte{0, 0, 9, 3, 5, 0, 0, 0, 0, 0, 0, 0})
		f.Add(text, []byte{0, 0, 3, 5, 1, 'x'})
	}
	f.Fuzz(func(_ *testing.T, text string, value []byte) {
		for _, name := range []string{"reduce", "dedupe", "absence", "detect", "join", "window"} {
			k, _ := r.Transform(name)
			k.StateJSON(text, value)
		}
	})
}

// A kind that keeps something by key shows what it keeps, or says why not here.
func TestStateJSONOfEachKind(t *testing.T) {
	t.Parallel()
	r := &plugins.Registry{}
	if err := transforms.Register(r); err != nil {
		t.Fatal(err)
	}
	for _, name := range r.Transforms() {
		if k, _ := r.Transform(name); k.Stateful != (k.StateJSON != nil) {
			t.Errorf("%s keeps state: %v, and shows it: %v", name, k.Stateful, k.StateJSON != nil)
		}
	}
}
