package graph_test

import (
	"testing"

	"github.com/onstream/onstream/runtime/graph"
)

// The shape of what a stage keeps is its kind's to say, whatever words that has.
func TestClaimIsCutAtItsDivision(t *testing.T) {
	t.Parallel()
	for claim, want := range map[string][3]string{
		"reduce: a count": {"reduce: a count"},
		"reduce: a count, by partition of source.in (topic over nats)": {
			"reduce: a count", "source.in (topic over nats)", "source.in"},
		"own: totals, by partition of the disk, by partition of source.in (topic)": {"own: totals, by partition of the disk", "source.in (topic)", "source.in"},
	} {
		shape, division := graph.CutDivision(claim)
		if got := [3]string{shape, division, graph.FollowedIn(claim)}; got != want {
			t.Errorf("%q is cut into %q, want %q", claim, got, want)
		}
	}
}
