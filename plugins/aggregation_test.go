package plugins_test

import (
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
)

func TestAggregateCallIsTextForPeople(t *testing.T) {
	t.Parallel()
	call := plugins.AggregateCall{Func: "percentile"}
	for _, c := range []struct {
		param plugins.Value
		want  string
	}{
		{plugins.Value{Kind: plugins.Float, Float: 0.5}, "percentile(0.5)"},
		{plugins.Value{Kind: plugins.Int, Int: -7}, "percentile(-7)"},
		{plugins.Value{Kind: plugins.Bool, Int: 1}, "percentile(true)"},
		{plugins.Value{Kind: plugins.String, Text: `a "b"`}, `percentile("a \"b\"")`},
		{plugins.Value{Kind: plugins.Duration, Int: int64(time.Minute)}, `percentile("1m0s")`},
		{plugins.Value{Kind: plugins.Time}, `percentile("1970-01-01T00:00:00Z")`},
		{plugins.Value{Kind: plugins.List, Text: "[1,2]"}, "percentile([1,2])"},
		{plugins.Value{Kind: plugins.Null}, "percentile(null)"},
	} {
		call.Params = []plugins.Value{c.param}
		if got := call.String(); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}
