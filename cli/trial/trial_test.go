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
