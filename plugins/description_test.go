package plugins_test

import (
	"testing"

	"github.com/onstream/onstream/plugins"
)

// A stage is divided by key where its kind is, unless it is of a kind that keeps something and keeps nothing itself.
func TestByKey(t *testing.T) {
	t.Parallel()
	says := func(c plugins.Config) plugins.Description { return plugins.Description{State: c.String("keeps")} }
	for _, c := range []struct {
		what  string
		kind  plugins.TransformKind
		keeps string
		want  bool
	}{
		{"one without key", plugins.TransformKind{}, "", false},
		{"one that keeps nothing for a restart", plugins.TransformKind{Keyed: true}, "", true},
		{"one that keeps something", plugins.TransformKind{Keyed: true, Stateful: true, Describe: says}, "a count", true},
		{"one that could and does not", plugins.TransformKind{Keyed: true, Stateful: true, Describe: says}, "", false},
	} {
		d := c.kind.Description(plugins.NewConfig(map[string]any{"keeps": c.keeps}))
		if got := c.kind.ByKey(d); got != c.want || d.State != c.keeps {
			t.Errorf("%s: by key %v, keeps %q", c.what, got, d.State)
		}
	}
}
