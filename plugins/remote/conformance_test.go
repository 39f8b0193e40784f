//go:build unix

package remote_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/plugintest"
)

// What is in a process of its own keeps the promises that what is built in keeps.

func TestSourceConforms(t *testing.T) {
	t.Parallel()
	_, r := launch(t, config(t, "serve"))
	kind, _ := r.Source("acme_tail")
	plugintest.Source(t, plugintest.SourceCase{Kind: kind, Follows: true, Open: func(t testing.TB) plugintest.Input {
		path := filepath.Join(t.TempDir(), "in")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		return plugintest.Input{
			Config: plugintest.Configure(kind.Schema, map[string]any{"path": path}),
			Put:    func(value string) error { return appendTo(path, value) },
			Poison: func() error { return appendTo(path, "! no record") },
		}
	}})
}

func TestTransformConforms(t *testing.T) {
	t.Parallel()
	_, r := launch(t, config(t, "serve"))
	kind, _ := r.Transform("acme_sort_out")
	plugintest.Transform(t, plugintest.TransformCase{
		Kind: kind,
		Row: func(rng *rand.Rand, _ int) []plugins.Value {
			return []plugins.Value{{Kind: plugins.Int, Int: rng.Int64N(1000)}}
		},
		Open: func(testing.TB) plugintest.Stage {
			return plugintest.Stage{
				Config: plugintest.Configure(kind.Schema, map[string]any{"at": plugins.Expr(field("n"))}),
				In:     plugins.Columns(plugins.Field{Name: "n", Type: plugins.Of(plugins.Int)}),
				Env:    plugins.Env{Shared: new(plugins.Shared), Metrics: new(plugins.Metrics), Input: plugins.Columns(plugins.Field{Name: "n", Type: plugins.Of(plugins.Int)})},
			}
		},
	})
}

func TestSinkConforms(t *testing.T) {
	t.Parallel()
	_, r := launch(t, config(t, "serve"))
	kind, _ := r.Sink("acme_append")
	plugintest.Sink(t, plugintest.SinkCase{Kind: kind, Open: func(t testing.TB) plugintest.Target {
		at := somewhere(t)
		return plugintest.Target{
			Config:  plugintest.Configure(kind.Schema, map[string]any{"path": at.path}).WithPayload(plugins.Shape{Format: "json"}),
			Read:    at.lines,
			Break:   at.put(".down"),
			Mend:    at.take(".down"),
			Stall:   at.put(".stall"),
			Free:    at.take(".stall"),
			Refused: `{"bad":1}`,
		}
	}})
}

func TestLookupConforms(t *testing.T) {
	t.Parallel()
	_, r := launch(t, config(t, "serve"))
	kind, _ := r.Lookup("acme_table")
	plugintest.Lookup(t, plugintest.LookupCase{Kind: kind, Open: func(t testing.TB) plugintest.Place {
		at := somewhere(t)
		p := plugintest.Place{
			Config:  plugintest.Configure(kind.Schema, map[string]any{"path": at.path}),
			Unknown: []plugins.Value{{Kind: plugins.String, Text: "nobody"}, {Kind: plugins.Int, Int: 7}, {Kind: plugins.String, Text: "k50"}},
			Stall:   at.put(".stall"), Free: at.take(".stall"), Break: at.put(".down"), Mend: at.take(".down"),
		}
		for n := range 50 {
			p.Known = append(p.Known, plugintest.Entry{Key: plugins.Value{Kind: plugins.String, Text: fmt.Sprint("k", n)}, Record: fmt.Sprintf(`{"n":%d}`, n)})
		}
		return p
	}})
}

// somewhereElse is a place, see [place], as the test has it.
type somewhereElse struct {
	testing.TB
	path string
}

func somewhere(t testing.TB) somewhereElse {
	return somewhereElse{t, filepath.Join(t.TempDir(), "place")}
}

func (p somewhereElse) lines() ([]string, error) {
	text, err := os.ReadFile(p.path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	return strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' }), err
}

// put marks the place.
func (p somewhereElse) put(ending string) func() {
	return func() {
		if err := os.WriteFile(p.path+ending, nil, 0o600); err != nil {
			p.Error(err)
		}
	}
}

// take removes a mark.
func (p somewhereElse) take(ending string) func() {
	return func() {
		if err := os.Remove(p.path + ending); err != nil && !os.IsNotExist(err) {
			p.Error(err)
		}
	}
}
