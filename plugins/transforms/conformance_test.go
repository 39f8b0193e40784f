package transforms_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/codec"
	"github.com/onstream/onstream/plugins/lookups"
	"github.com/onstream/onstream/plugins/plugintest"
	"github.com/onstream/onstream/plugins/sinks"
	"github.com/onstream/onstream/plugins/transforms"
)

// sample is what stages are tested with.
func sample() plugins.Shape {
	item := plugins.Type{Kind: plugins.Record, Fields: []plugins.Field{{Name: "x", Type: plugins.Of(plugins.Int)}}}
	return plugins.Columns(
		plugins.Field{Name: "device", Type: plugins.Of(plugins.String)},
		plugins.Field{Name: "ts", Type: plugins.Of(plugins.Time)},
		plugins.Field{Name: "n", Type: plugins.Of(plugins.Int)},
		plugins.Field{Name: "v", Type: plugins.Of(plugins.Float).OrNull()},
		plugins.Field{Name: "on", Type: plugins.Of(plugins.Bool)},
		plugins.Field{Name: "text", Type: plugins.Of(plugins.String).OrNull()},
		plugins.Field{Name: "list", Type: plugins.Type{Kind: plugins.List, Elem: &item}},
		plugins.Field{Name: "raw", Type: plugins.Of(plugins.String)},
	)
}

// configured builds a transform as the language does.
func configured(t testing.TB, block, output string) plugintest.Stage {
	t.Helper()
	var r plugins.Registry
	err := errors.Join(codec.Register(&r), transforms.Register(&r), lookups.Register(&r), sinks.Register(&r, sinks.Streams{}),
		r.AddSource(plugins.SourceKind{
			Name: "sample", Schema: plugins.Schema{Doc: "Records of a test."},
			Output:       func(plugins.Config) (plugins.Shape, error) { return sample(), nil },
			Capabilities: func(plugins.Config) plugins.Capabilities { return plugins.Capabilities{} },
		}))
	if err != nil {
		t.Fatal(err)
	}
	module, diags := dsl.ParseSources("conformance", map[string][]byte{"main.hcl": []byte(`source "sample" "in" {}
sink "discard" "out" {
  from = [source.in, transform.it` + output + `]
}
` + block)})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	pipeline, diags := module.Build(&r, dsl.Options{})
	if diags.HasErrors() {
		var text bytes.Buffer
		if err := dsl.WriteDiagnostics(&text, module.Files(), diags, 0, false); err != nil {
			t.Fatal(err)
		}
		t.Fatal(text.String())
	}
	s := pipeline.Graph.Stage("transform.it")
	return plugintest.Stage{Config: s.Config, In: sample(), Env: plugins.Env{Shared: new(plugins.Shared)}}
}

func TestTransformsConform(t *testing.T) {
	t.Parallel()
	table := filepath.Join(t.TempDir(), "devices.csv")
	if err := os.WriteFile(table, []byte("id,site\na,oslo\nb,rome\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, kind, body, output string }{
		{"filter", "filter", `where = event.n > 3 && event.on`, ""},
		{"filter that fails rows", "filter", `where = 10 / event.n > 1`, ""},
		{"filter of nulls", "filter", `where = coalesce(event.v, 0.0) > 3`, ""},
		{"map set", "map", `set = { n = event.n + 1, note = "${event.device}!", v = null }`, ""},
		{"map emit", "map", `emit = { q = 100 / event.n, d = event.device, l = event.list }`, ""},
		{"map remove", "map", `remove = ["text", "v"]`, ""},
		{"route", "route", "output \"hot\" { when = event.n > 10 }\n  output \"cold\" { when = event.n < 0 }", ".hot"},
		{"unnest", "unnest", "list = event.list\n  with = { device = event.device }", ""},
		{"unnest what may be no list", "unnest", "list = event.n > 3 ? event.list : null\n  with = { text = event.text }", ""},
		{"throttle", "throttle", "key = event.device\n  rate = 2\n  per = \"1s\"", ""},
		{"dedupe", "dedupe", "key = event.device\n  time = event.ts\n  ttl = \"2s\"", ""},
		{"decode", "decode", "value = event.raw\n  format = \"json\"\n  with = { device = event.device }", ""},
		{"enrich", "enrich", fmt.Sprintf("by = event.device\n  set = { site = found.site }\n  lookup \"file\" {\n    path = %q\n    id = \"id\"\n  }", table), ""},
		{"enrich that drops", "enrich", fmt.Sprintf("by = event.device\n  missing = \"drop\"\n  set = { site = found.site }\n  cache {\n    size = 2\n  }\n  lookup \"file\" {\n    path = %q\n    id = \"id\"\n  }", table), ""},
		{"reduce", "reduce", "key = event.device\n  initial = { total = 0 }\n  update = { total = state.total + event.n }\n  time = event.ts\n  ttl = \"1s\"", ""},
		{"window", "window", "key = event.device\n  tumbling = \"5s\"\n  time = event.ts\n  emit = { n = agg::count(), sum = agg::sum(event.n), most = agg::max(event.v), device = key }", ""},
		{"window of sessions", "window", "key = event.device\n  session = \"300ms\"\n  time = event.ts\n  emit = { n = agg::count(), last = agg::last(event.text), device = key }", ""},
		{"window of counts", "window", "key = event.device\n  count = 4\n  time = event.ts\n  emit = { all = agg::collect(event.text, 10), device = key }", ""},
		{"detect", "detect", "key = event.device\n  time = event.ts\n  when = event.n > 10\n  count = 3\n  within = \"5s\"", ""},
		{"detect a sequence", "detect", "key = event.device\n  time = event.ts\n  first = event.n > 10\n  then = event.n < 0\n  within = \"5s\"\n  emit = { from = first.text, to = last.n, at = match.end }", ""},
		{"absence", "absence", "key = event.device\n  time = event.ts\n  for = \"1s\"", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			block := fmt.Sprintf("transform %q \"it\" {\n  from = source.in\n  %s\n}\n", c.kind, c.body)
			configured(t, block, c.output)
			plugintest.Transform(t, plugintest.TransformCase{
				Kind: kind(t, c.kind),
				Open: func(t testing.TB) plugintest.Stage { return configured(t, block, c.output) },
			})
		})
	}
}
