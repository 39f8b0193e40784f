package plugins_test

import (
	"testing"

	"github.com/onstream/onstream/plugins"
)

// No two partitions of a source have the same name for people.
func TestPartitionNames(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]plugins.Partition{
		"in.ndjson": {Name: "in.ndjson"},
		"plant":     {Name: "plant", Epoch: 7},
		"plant/1":   {Name: "plant", ID: 1},
		"plant/12":  {Name: "plant", ID: 12},
	} {
		if got := p.String(); got != want {
			t.Errorf("%+v is called %q, want %q", p, got, want)
		}
	}
}
