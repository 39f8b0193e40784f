package plugins_test

import (
	"slices"
	"testing"

	"github.com/onstream/onstream/plugins"
)

func TestConfigDiffers(t *testing.T) {
	t.Parallel()
	block := func(n int64) plugins.ConfigBlock {
		return plugins.ConfigBlock{Name: "retry", Config: plugins.NewConfig(map[string]any{"max": n})}
	}
	old := plugins.NewConfig(map[string]any{"path": "a", "follow": true, "poll": nil, "gone": int64(1)}, block(1))
	now := plugins.NewConfig(map[string]any{"path": "b", "follow": true, "new": "x"}, block(2))
	for _, c := range []struct {
		from, to plugins.Config
		want     []string
	}{
		{old, old, []string{}},
		{old, now, []string{"gone", "new", "path", "retry"}},
		{old, plugins.Config{}, []string{"follow", "gone", "path", "retry"}},
		{plugins.NewConfig(nil, block(1)), plugins.NewConfig(nil, block(1), block(1)), []string{"retry"}},
	} {
		if got := c.to.Differs(c.from); !slices.Equal(got, c.want) {
			t.Errorf("%v, want %v", got, c.want)
		}
	}
}
