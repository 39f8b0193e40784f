package graph_test

import (
	"testing"

	"github.com/onstream/onstream/runtime/graph"
)

func TestHeir(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		renamed []graph.Renamed
		claims  map[string]string
		heir    string
		asked   bool
	}{
		{"renamed", []graph.Renamed{{From: "transform.gone", To: "transform.a"}}, map[string]string{"transform.b": "minutes"}, "transform.a", true},
		{"another is renamed", []graph.Renamed{{From: "transform.other", To: "transform.a"}}, map[string]string{"transform.b": "minutes"}, "transform.b", false},
		{"the only one that claims the same", nil, map[string]string{"transform.a": "minutes", "transform.b": "hours"}, "transform.a", false},
		{"one that was there before", nil, map[string]string{"transform.old": "minutes"}, "", false},
		{"several", nil, map[string]string{"transform.a": "minutes", "transform.b": "minutes"}, "", false},
		{"none", nil, map[string]string{"transform.a": "hours"}, "", false},
	} {
		g := &graph.Graph{Renamed: c.renamed, Stages: []*graph.Stage{
			stage("transform.a", "window"), stage("transform.b", "window"), stage("transform.old", "window"),
		}}
		heir, asked := g.Heir("transform.gone", "minutes", c.claims, func(addr string) bool { return addr != "transform.old" })
		if heir != c.heir || asked != c.asked {
			t.Errorf("%s: %q, asked %v; want %q, %v", c.name, heir, asked, c.heir, c.asked)
		}
	}
}
