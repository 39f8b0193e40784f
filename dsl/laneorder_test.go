package dsl_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/onstream/onstream/dsl"
)

// A stage in front of one with another key runs in one lane, which keeps the
// order that the other needs.
func TestOneLaneKeepsOrder(t *testing.T) {
	t.Parallel()
	const fold = `
  initial = { n = 0 }
  update  = { n = state.n + 1 }
`
	for _, c := range []struct {
		name, upstream, key string
		want                string // the stage with one lane, "" for none
	}{
		{
			"another key", `transform "fold" "up" {
  from = source.readings
  key  = event.temp` + fold + `}`, `event.n`,
			"transform.up",
		},
		{
			"another key behind a stage without one", `transform "fold" "lanes" {
  from = source.readings
  key  = event.temp` + fold + `}

transform "filter" "up" {
  from  = transform.lanes
  where = event.n > 1
}`, `event.n`, "transform.lanes",
		},
		{
			"one of the keys of a join", `transform "pair" "up" {
  from = { left = source.readings, right = source.orders }
  key  = { left = event.device, right = event.machine }
  time = { left = event.ts, right = event.at }
  emit = { n = 1, device = left.device }
}`, `event.n`, "transform.up",
		},
		{
			"the same key", `transform "pair" "up" {
  from = { left = source.readings, right = source.orders }
  key  = { left = event.device, right = event.machine }
  time = { left = event.ts, right = event.at }
  emit = { n = 1, device = left.device }
}`, `event.device`, "",
		},
		{
			"a field that is the key", `transform "tally" "up" {
  from = source.readings
  key  = event.temp
  emit = { total = agg::avg(event.temp), sensor = key }
}`, `event.sensor`, "",
		},
		{
			"a text with the key in it", `transform "tally" "up" {
  from = source.readings
  key  = event.temp
  emit = { total = agg::avg(event.temp), sensor = key }
}`, `"${event.total} ${event.sensor}"`, "",
		},
		{
			"a field that is not the key", `transform "tally" "up" {
  from = source.readings
  key  = event.temp
  emit = { total = agg::avg(event.temp), sensor = key }
}`, `event.total`, "transform.up",
		},
		{
			"one lane", `transform "fold" "up" {
  from = source.readings` + fold + `}`, `event.n`, "",
		},
		{
			"no lanes", `transform "filter" "up" {
  from  = source.readings
  where = event.temp > 1
}`, `event.device`, "",
		},
	} {
		m, diags := dsl.ParseSources("test", map[string][]byte{"main.hcl": []byte(readings + c.upstream + `

transform "fold" "down" {
  from = transform.up
  key  = ` + c.key + fold + `}

sink "print" "out" {
  from = transform.down
}
`)})
		var p *dsl.Pipeline
		if !diags.HasErrors() {
			p, diags = m.Build(registry(t), dsl.Options{})
		}
		if diags.HasErrors() {
			t.Errorf("%s: %v", c.name, diags)
			continue
		}
		var got []string
		for _, s := range p.Graph.Stages {
			if s.OneLane {
				got = append(got, s.Addr())
				if !slices.Equal(s.OneLaneFor, []string{"transform.down"}) {
					t.Errorf("%s: %s is said to run in one lane for %q", c.name, s.Addr(), s.OneLaneFor)
				}
			}
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s: %q run in one lane, want %q", c.name, text, c.want)
		}
	}
}
