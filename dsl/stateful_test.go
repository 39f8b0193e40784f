package dsl_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/runtime/graph"
)

const readings = `
schema "reading" {
  fields = { device = string, temp = float, ts = time }
}

schema "order" {
  fields = { machine = string, part = string, at = time }
}

source "feed" "readings" {
  schema = schema.reading
}

source "feed" "orders" {
  schema = schema.order
}
`

func TestNamedInputs(t *testing.T) {
	t.Parallel()
	p := build(t, readings+`
source "feed" "more" {
  schema = schema.reading
}

transform "pair" "both" {
  from = { right = source.orders, left = [source.readings, source.more] }
  key  = { left = event.device, right = event.machine }
  time = { left = event.ts, right = event.at }
  emit = {
    device = left.device
    part   = right.part
    late   = default(right.at, left.ts) > left.ts
  }
}

sink "print" "out" {
  from = transform.both
}
`, dsl.Options{})
	s := p.Graph.Stage("transform.both")
	var inputs []string
	for _, in := range s.Inputs {
		inputs = append(inputs, in.Port+"="+in.From)
	}
	if got := strings.Join(inputs, " "); got != "left=source.readings left=source.more right=source.orders" {
		t.Errorf("inputs %s", got)
	}
	if len(s.Keys) != 2 || s.Key != nil || s.Keys[1].Reads()[0].Name != "machine" || s.Config.PortExprs("key")[0].Reads()[0].Name != "device" {
		t.Errorf("keys %v", s.Keys)
	}
	if len(s.Ins) != 2 || !s.In.Type.Equal(s.Ins[0].Type) || s.Ins[1].Type.Fields[0].Name != "machine" {
		t.Errorf("shapes %v", s.Ins)
	}
	if got := s.Outputs[0].Shape.Type.String(); got != "record({device = string, part = optional(string), late = bool})" {
		t.Errorf("gives %s", got)
	}
	var reads []string
	for _, f := range s.Config.Reads([]string{"left", "right"}, 1) {
		reads = append(reads, f.Name)
	}
	if got := strings.Join(reads, " "); got != "at part machine at" {
		t.Errorf("the second input is read for %s", got)
	}
}

// What is told of a stage is in the words of the file.
func TestExplainNamedInputsAndAggregates(t *testing.T) {
	t.Parallel()
	p := build(t, readings+`
transform "pair" "both" {
  from = { left = source.readings, right = source.orders }
  emit = { device = left.device }
}

transform "tally" "minute" {
  from = source.readings
  key  = event.device
  emit = { share = agg::max(event.temp) / agg::count(event.ts), until = [key, "${window.end}"] }
}

sink "print" "out" {
  from = [transform.both, transform.minute]
}
`, dsl.Options{})
	both, err := p.Explain("transform.both")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(both.Inputs, ", "); got != "left = source.readings, right = source.orders" {
		t.Errorf("inputs %s", got)
	}
	if len(both.Ports) != 2 || both.Ports[1].Name != "right" || both.Ports[1].Type.Fields[0].Name != "machine" {
		t.Errorf("takes %v", both.Ports)
	}
	minute, err := p.Explain("transform.minute")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range minute.Attributes {
		names := slices.Clone(a.Given)
		for _, f := range a.Reads {
			names = append(names, "event."+f.Name)
		}
		got = append(got, a.Path+": "+strings.Join(names, " "))
	}
	if want := "from: , key: event.device, emit.share: event.temp event.ts, emit.until: key window.end"; strings.Join(got, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}
}

// A key may be the same expression for all inputs, and an input may feed both.
func TestOneKeyForAllInputs(t *testing.T) {
	t.Parallel()
	p := build(t, readings+`
transform "pair" "self" {
  from = { left = source.readings, right = source.readings }
  key  = event.device
  emit = { a = left.temp, b = right.temp }
}

sink "print" "out" {
  from = [transform.self, source.orders]
}
`, dsl.Options{})
	if s := p.Graph.Stage("transform.self"); len(s.Inputs) != 2 || len(s.Keys) != 2 {
		t.Errorf("inputs %v, keys %v", s.Inputs, s.Keys)
	}
}

func TestLocalsOfStages(t *testing.T) {
	t.Parallel()
	p := build(t, readings+`
transform "fold" "mean" {
  from    = source.readings
  key     = event.device
  initial = { n = 0, sum = event.temp - event.temp }
  update  = { n = state.n + 1, sum = state.sum + event.temp, who = key }
}

transform "tally" "minute" {
  from = source.readings
  key  = event.device
  emit = {
    device = key
    until  = window.end
    peak   = agg::max(event.temp)
    share  = agg::count() > 0 ? agg::max(event.temp) / agg::count() : 0.0
  }
}

transform "seek" "site" {
  from = source.readings
  lookup "table" {
    fields = ["site", "owner"]
  }
  by  = event.device
  set = { site = upper(found.site) }
}

sink "print" "out" {
  from = [transform.mean, transform.minute, transform.site, source.orders]
}
`, dsl.Options{})
	for addr, want := range map[string]string{
		"transform.mean":   "record({n = int, sum = float, who = string})",
		"transform.minute": "record({device = string, until = time, peak = float, share = float})",
		"transform.site":   "record({device = string, temp = float, ts = time, site = string})",
	} {
		if got := p.Graph.Stage(addr).Outputs[0].Shape.Type.String(); got != want {
			t.Errorf("%s gives %s, want %s", addr, got, want)
		}
	}
	minute := p.Graph.Stage("transform.minute").Config
	if calls := minute.Aggregation("emit").Calls; len(calls) != 2 {
		t.Errorf("%d calls", len(calls))
	}
	if kind, c := p.Graph.Stage("transform.site").Config.Lookup(); kind.Name != "table" || len(c.Strings("fields")) != 2 {
		t.Errorf("looks in %q with %v", kind.Name, c)
	}
}

// Everything that is new with stages that keep something, without a warning.
func TestStatefulPipeline(t *testing.T) {
	t.Parallel()
	p := coldChain(t, "stateful.hcl")
	for addr, want := range map[string]string{
		"transform.both":   "record({device = string, all = list(record({device = string, temp = float, tags = map(string), ts = time})), part = any, known = bool})",
		"transform.mean":   "record({n = int, mean = float, who = string})",
		"transform.minute": "record({device = string, spread = float, median = float, texts = list(any), site = string})",
	} {
		if got := p.Graph.Stage(addr).Outputs[0].Shape.Type.String(); got != want {
			t.Errorf("%s gives %s, want %s", addr, got, want)
		}
	}
}

func TestCheckpointAndSpool(t *testing.T) {
	t.Parallel()
	p := build(t, `
pipeline "p" {
  checkpoint {
    interval   = "250ms"
    durability = "os"
  }
}

source "once" "in" {
  format = "json"
  spool {
    max_size = "64MiB"
  }
}

sink "print" "out" {
  from = source.in
}
`, dsl.Options{})
	if c := p.Graph.Checkpoint; c != (graph.Checkpoint{Interval: 250 * time.Millisecond, Durability: graph.OS}) {
		t.Errorf("checkpoint %v", c)
	}
	if n := p.Graph.Stage("source.in").SpoolBytes; n != 64<<20 {
		t.Errorf("spool of %d", n)
	}
	if c := (graph.Checkpoint{}).OrDefault(); c.Interval != time.Second || c.Durability != graph.Fsync {
		t.Errorf("the default is %v", c)
	}
}

// Named inputs, aggregates and look-ups are written in JSON, too.
func TestStatefulStagesInJSON(t *testing.T) {
	t.Parallel()
	const src = `{
  "pipeline": { "p": { "checkpoint": { "interval": "2s" } } },
  "source": { "tick": { "a": {}, "b": {} } },
  "transform": {
    "pair": { "both": {
      "from": { "left": "source.a", "right": ["source.b"] },
      "key": { "left": "${event.n}", "right": "${event.n + 1}" },
      "emit": { "n": "${left.n}", "at": "${right.at}" }
    } },
    "tally": { "sum": { "from": "source.a", "key": "${event.n}", "emit": { "most": "${agg::max(event.n) + 1}", "text": "n ${agg::count()}" } } },
    "seek": { "site": { "from": "source.a", "lookup": { "table": { "fields": ["x"] } }, "by": "${event.n}", "set": { "x": "${found.x}" } } }
  },
  "sink": { "print": { "out": { "from": ["transform.both", "transform.sum", "transform.site"] } } }
}`
	m, diags := dsl.ParseSources("test", map[string][]byte{"main.hcl.json": []byte(src)})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	p, diags := m.Build(registry(t), dsl.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if p.Graph.Checkpoint.Interval != 2*time.Second {
		t.Errorf("checkpoint %v", p.Graph.Checkpoint)
	}
	for addr, want := range map[string]string{
		"transform.both": "record({n = int, at = optional(time)})",
		"transform.sum":  "record({most = int, text = string})",
		"transform.site": "record({at = time, n = int, x = string})",
	} {
		if got := p.Graph.Stage(addr).Outputs[0].Shape.Type.String(); got != want {
			t.Errorf("%s gives %s, want %s", addr, got, want)
		}
	}
}
