package transforms_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
)

// A key that is a number is one key however it is written, and a result has it
// in the type that the key has.
func TestKeysOfNumbers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind plugins.Kind
		two  plugins.Value
	}{
		"float": {plugins.Float, plugins.Value{Kind: plugins.Float, Float: 2}},
		"any":   {plugins.Any, integer(2)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := expr{plugins.Of(c.kind), func(b *plugins.Batch, col *plugins.Column) {
				v := b.Column("v")
				for _, i := range b.Sel {
					switch n := v.Ints[i]; {
					case n == 2 && c.kind == plugins.Any:
						col.SetValue(i, integer(n))
					case n == 5:
						col.SetValue(i, plugins.Value{Kind: plugins.Float, Float: 2.5})
					default:
						col.SetValue(i, plugins.Value{Kind: plugins.Float, Float: 2})
					}
				}
			}}
			s := newStage(t, "absence", watching("key", key, "emit", []plugins.NamedExpr{named("key", localField(c.kind, "key"))}), 1, "key")
			s.take(rec{"", 0, 2}, rec{"", 5, 4}, rec{"", 5, 5}, rec{"", 10, 2}, rec{"", 20, 4}, rec{"", 30, 5}, rec{"", 31, 4})
			var keys []plugins.Value
			for _, r := range s.records {
				keys = append(keys, r.fields["key"])
			}
			half := plugins.Value{Kind: plugins.Float, Float: 2.5}
			if want := []plugins.Value{half, half, c.two, c.two}; !slices.Equal(keys, want) || s.keys() != 2 {
				t.Errorf("reports of %v, want %v; %d keys", keys, want, s.keys())
			}
		})
	}
}

// A key that was stored when 1 and 1.0 were different ones would never be found
// again: it is refused.
func TestKeysOfAnotherFormAreRefused(t *testing.T) {
	t.Parallel()
	s := newStage(t, "dedupe", attrs(byEventTime("ttl", time.Minute)...), 1)
	s.take(rec{"a", 0, 1})
	s.checkpoint()
	key := []byte{byte(plugins.Float), 0, 0, 0, 0, 0, 0, 0, 0x40} // 2.0
	known := []byte("\x05a")
	s.stored.Put(1, plugins.GroupOf(key), key, s.stored[memoryKey(1, plugins.GroupOf(known), known)])
	err := start(t, "dedupe", s.config, s.env).(plugins.Stateful).Restore(part{s.stored, 0, 255})
	if err == nil || !strings.Contains(err.Error(), "1 and 1.0 were different keys: reset the state of the stage") {
		t.Errorf("the error is %v", err)
	}
}
