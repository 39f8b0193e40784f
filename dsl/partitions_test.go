package dsl_test

import (
	"testing"

	"github.com/onstream/onstream/dsl"
)

// What a stage keeps goes with the partitions of a source only where each of its
// keys is sure to be in one of them.
func TestStateFollowsPartitions(t *testing.T) {
	t.Parallel()
	const head = `
connector "bus" "line" { url = "line://one" }

schema "reading" { fields = { device = string, site = string, temp = float } }

source "listen" "in" {
  via    = connector.line
  topic  = "readings"
  key    = event.device
  schema = schema.reading
}

source "listen" "plain" {
  via    = connector.line
  topic  = "readings"
  schema = schema.reading
}

transform "tally" "count" {
  key  = event.device
  emit = { device = key, total = agg::avg(event.temp) }
`
	const sink = `
sink "print" "out" { from = transform.count }
`
	for _, c := range []struct {
		name, rest string
		follows    bool
	}{
		{"the key of the source", `from = source.in
}`, true},
		{"behind a filter", `from = transform.up
}
transform "filter" "up" {
  from  = source.in
  where = event.temp > 1
}`, true},
		{"behind a map of other fields", `from = transform.up
}
transform "map" "up" {
  from = source.in
  set  = { hot = event.temp > 1 }
}`, true},
		{"behind a map of the key", `from = transform.up
}
transform "map" "up" {
  from = source.in
  set  = { device = event.site }
}`, false},
		{"behind a map that carries the key", `from = transform.up
}
transform "map" "up" {
  from = source.in
  emit = { temp = event.temp * 2, device = event.device }
}`, true},
		{"behind a map that makes another field the key", `from = transform.up
}
transform "map" "up" {
  from = source.in
  emit = { temp = event.temp, device = event.site }
}`, false},
		{"a source without key", `from = source.plain
}`, false},
		{"fed by both", `from = [source.in, source.plain]
}`, false},
		{"behind a stage that follows", `from = transform.up
}
transform "tally" "up" {
  from = source.in
  key  = event.device
  emit = { device = key, temp = agg::avg(event.temp) }
}`, true},
		{"behind a stage with another key", `from = transform.up
}
transform "tally" "up" {
  from = source.in
  key  = event.site
  emit = { device = key, temp = agg::avg(event.temp) }
}`, false},
	} {
		p := build(t, head+"  "+c.rest+sink, dsl.Options{})
		want := ""
		if c.follows {
			want = "source.in"
		}
		if got := p.Graph.Stage("transform.count").Follows; got != want {
			t.Errorf("%s: follows %q, want %q", c.name, got, want)
		}
	}
}
