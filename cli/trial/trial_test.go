package trial_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/onstream/onstream/cli/trial"
	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/codec"
	"github.com/onstream/onstream/plugins/sinks"
	"github.com/onstream/onstream/plugins/sources"
	"github.com/onstream/onstream/plugins/transforms"
	"github.com/onstream/onstream/runtime/graph"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const pipeline = `
source "timer" "tick" {
  every = "1h"
}
source "file" "in" {
  path = "/this/is/not/read"
}
transform "filter" "hot" {
  from  = source.in
  where = event.temp > 8
}
transform "map" "sum" {
  from = source.in
  emit = { n = 1 }
}
sink "discard" "sums" {
  from = transform.sum
}
sink "file" "out" {
  from   = transform.hot
  path   = "/this/is/not/written"
  format = "csv"
  csv {
    columns = ["name"]
  }
}
sink "discard" "ticks" {
  from = source.tick
}
`

// build returns a pipeline with the kinds that it is made of.
func build(t *testing.T) (*graph.Graph, *plugins.Registry) {
	t.Helper()
	return buildOf(t, pipeline)
}

func buildOf(t *testing.T, pipeline string) (*graph.Graph, *plugins.Registry) {
	t.Helper()
	r := &plugins.Registry{}
	err := errors.Join(codec.Register(r), sources.Register(r, sources.Streams{}), transforms.Register(r), sinks.Register(r, sinks.Streams{}))
	if err != nil {
		t.Fatal(err)
	}
	module, diags := dsl.ParseSources("test", map[string][]byte{"main.hcl": []byte(pipeline)})
	if !diags.HasErrors() {
		p, more := module.Build(r, dsl.Options{})
		if !more.HasErrors() {
			return p.Graph, r
		}
		diags = more
	}
	t.Fatal(diags)
	return nil, nil
}

func rows(texts ...string) []trial.Row {
	out := make([]trial.Row, len(texts))
	for i, text := range texts {
		out[i].Text = []byte(text)
	}
	return out
}

// seen writes records as step:json.
func seen(records []trial.Record) string {
	texts := make([]string, len(records))
	for i, r := range records {
		texts[i] = fmt.Sprintf("%d:%s", r.Step, r.JSON)
	}
	return strings.Join(texts, " ")
}

func TestTapsSeeStepsInOrder(t *testing.T) {
	t.Parallel()
	g, r := build(t)
	result, err := trial.Run(t.Context(), trial.Config{
		Graph: g, Registry: r, Start: time.Unix(0, 0),
		Steps: []trial.Step{
			{Source: "source.in", Rows: rows(`{"name":"a","temp":9}`, `{"name":"b","temp":7}`)},
			{Source: "source.tick", Rows: rows(`{"at":"2026-01-01T00:00:00Z","n":5}`)},
			{Source: "source.in", Rows: rows(`{"name":"c","temp":"warm"}`, `{"name":"d","temp":10}`)},
		},
		Taps: []trial.Tap{
			{At: "sink.out"},
			{At: "source.tick"},
			{At: graph.Errors},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := seen(result.Taps[0]), `0:{"name":"a","temp":9} 2:{"name":"d","temp":10}`; got != want {
		t.Errorf("the sink was given %s, want %s", got, want)
	}
	if got, want := seen(result.Taps[1]), `1:{"at":"2026-01-01T00:00:00Z","n":5}`; got != want {
		t.Errorf("the timer brought %s, want %s", got, want)
	}
	if got := seen(result.Taps[2]); !strings.HasPrefix(got, `2:{`) || !strings.Contains(got, `"stage":"transform.hot"`) || len(result.Taps[2]) != 1 {
		t.Errorf("errors are %s", got)
	}
	for _, s := range result.Stats.Stages {
		if !s.Balanced() {
			t.Errorf("%s is not balanced: %+v", s.Addr, s)
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	g, r := build(t)
	where := g.Stage("transform.hot").Config.Expr("where")
	records := []trial.Record{{JSON: []byte(`{"temp":9}`)}, {JSON: []byte(`{"temp":1}`)}, {JSON: []byte(`{"temp":"warm"}`)}, {JSON: []byte(`{"temp":10}`)}}
	got, err := trial.Match(records, where, r, plugins.Type{}, plugins.Env{Pool: &plugins.Pool{}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := seen(got), `0:{"temp":9} 0:{"temp":10}`; got != want {
		t.Errorf("matching are %s, want %s", got, want)
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		config trial.Config
		want   string
	}{
		{
			"a row that the source cannot bring",
			trial.Config{Steps: []trial.Step{{Source: "source.tick", Rows: rows(`{"at":"soon","n":1}`)}}},
			"source.tick: row 1: ",
		},
		{
			"text for a source without payload",
			trial.Config{Steps: []trial.Step{{Source: "source.tick", Rows: []trial.Row{{Text: []byte("x"), Raw: true}}}}},
			"source.tick: its records have no payload",
		},
		{
			"a row that a mock cannot be",
			trial.Config{
				Steps: []trial.Step{{Source: "source.in", Rows: rows(`{"temp":9}`)}},
				Mocks: []trial.Mock{{Stage: "transform.hot", Rows: rows(`{}`)}, {Stage: "transform.sum", Rows: rows(`{"n":"many"}`)}},
			},
			"mock transform.sum: row 1: ",
		},
		{
			"an output that a mock's transform does not have",
			trial.Config{
				Steps: []trial.Step{{Source: "source.in", Rows: rows(`{"temp":9}`)}},
				Mocks: []trial.Mock{{Stage: "transform.hot", Output: "cold"}},
			},
			`mock transform.hot: it has no output "cold"`,
		},
		{
			"a tap nowhere",
			trial.Config{Taps: []trial.Tap{{At: "sink.nowhere"}}},
			"there is no stage sink.nowhere",
		},
		{
			"a tap at no output",
			trial.Config{Taps: []trial.Tap{{At: "transform.hot", Output: "cold"}}},
			`transform.hot has no output "cold"`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.config.Graph, test.config.Registry = build(t)
			_, err := trial.Run(t.Context(), test.config)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want %s", err, test.want)
			}
		})
	}
}

// A mock gives its rows with the first records that would reach the transform, and not before, whatever the shape of the
// output.
func TestMocks(t *testing.T) {
	t.Parallel()
	g, r := buildOf(t, `
source "file" "in" { path = "/this/is/not/read" }
source "file" "other" { path = "/this/is/not/read" }
transform "filter" "usable" {
  from  = [source.in, source.other]
  where = event.temp > 8
}
transform "map" "closed" {
  from = transform.usable
  emit = { name = event.name, at = time::parse(event.at) }
}
transform "filter" "again" {
  from  = transform.usable
  where = event.temp > 9
}
transform "filter" "behind" {
  from  = transform.again
  where = event.temp > 10
}
transform "map" "open" {
  from = transform.usable
  set  = { double = 2.0 }
}
transform "reduce" "count" {
  from    = transform.usable
  key     = string(event.name)
  initial = { n = 0 }
  update  = { n = state.n + 1 }
}
transform "route" "which" {
  from = transform.usable
  output "hot" { when = event.temp > 90 }
  output "other" { when = true }
}
sink "file" "out" {
  from   = [transform.behind, transform.closed, transform.open, transform.count, transform.which.hot, transform.which.other]
  path   = "/this/is/not/written"
}
`)
	steps := []trial.Step{
		{Source: "source.in", Rows: rows(`{"name":"a","temp":7}`)},
		{Source: "source.other", Rows: rows(`{"name":"b","temp":9}`)},
		{Source: "source.in", Rows: rows(`{"name":"c","temp":9}`)},
	}
	for _, test := range []struct {
		mock trial.Mock
		want string
	}{
		{trial.Mock{Stage: "transform.again", Rows: rows(`{"temp":11}`, `{"temp":9}`)}, `1:{"temp":11} 1:{"temp":9} then 1:{"temp":11}`},
		{trial.Mock{Stage: "transform.closed", Rows: rows(`{"at":"2026-01-01T00:00:00Z","name":"x"}`, `{"name":null,"at":"2026-01-02T00:00:00Z"}`)}, `1:{"name":"x","at":"2026-01-01T00:00:00Z"} 1:{"name":null,"at":"2026-01-02T00:00:00Z"}`},
		{trial.Mock{Stage: "transform.open", Rows: rows(`{"name":"x","double":5}`)}, `1:{"name":"x","double":5}`},
		{trial.Mock{Stage: "transform.count", Rows: rows(`{"key":"x","n":7}`)}, `1:{"key":"x","n":7}`},
		{trial.Mock{Stage: "transform.usable", Rows: []trial.Row{{Text: []byte(`{"name": "raw"}`), Raw: true}}}, `0:{"name": "raw"}`},
		{trial.Mock{Stage: "transform.which", Output: "hot", Rows: rows(`{"temp":100}`)}, `1:{"temp":100}`},
		{trial.Mock{Stage: "transform.which", Output: "hot"}, ``},
	} {
		t.Run(test.mock.Stage+test.mock.Output, func(t *testing.T) {
			t.Parallel()
			result, err := trial.Run(t.Context(), trial.Config{
				Graph: g, Registry: r, Start: time.Unix(0, 0), Steps: steps, Mocks: []trial.Mock{test.mock},
				Taps: []trial.Tap{{At: test.mock.Stage, Output: test.mock.Output}, {At: "transform.behind"}},
			})
			if err != nil {
				t.Fatal(err)
			}
			got := seen(result.Taps[0])
			if behind := seen(result.Taps[1]); behind != "" {
				got += " then " + behind
			}
			if got != test.want {
				t.Errorf("it gives %s, not %s", got, test.want)
			}
			for _, s := range result.Stats.Stages {
				if !s.Balanced() {
					t.Errorf("%s is not balanced: %+v", s.Addr, s)
				}
			}
		})
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	g, r := build(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := trial.Run(ctx, trial.Config{Graph: g, Registry: r, Steps: []trial.Step{{Source: "source.in", Rows: rows(`{}`)}}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want %v", err, context.Canceled)
	}
}
