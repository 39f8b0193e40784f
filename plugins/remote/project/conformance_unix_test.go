//go:build unix

package project_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/plugintest"
	"github.com/onstream/onstream/plugins/remote"
	"github.com/onstream/onstream/plugins/remote/project"
)

// What a project begins with keeps, in each language, the promises that built-in kinds keep, through the host that onstream has.
func TestConforms(t *testing.T) {
	t.Parallel()
	for _, l := range project.Languages() {
		t.Run(string(l), func(t *testing.T) {
			t.Parallel()
			r := hosted(t, l)
			t.Run("source", func(t *testing.T) { meterConforms(t, r) })
			t.Run("transform", func(t *testing.T) { classifyConforms(t, r) })
			t.Run("sink", func(t *testing.T) { journalConforms(t, r) })
		})
	}
}

// hosted starts the program of a project as onstream does, and returns its kinds.
func hosted(t *testing.T, l project.Language) *plugins.Registry {
	t.Helper()
	program := ""
	if l == project.Go {
		program = goProgram(t)
	} else {
		_, program = made(t, l)
	}
	p, err := remote.Launch(t.Context(), remote.Config{Name: "acme", Source: program, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	r := new(plugins.Registry)
	if err := p.Register(r); err != nil {
		t.Fatal(err)
	}
	return r
}

func meterConforms(t *testing.T, r *plugins.Registry) {
	kind, _ := r.Source("acme_meter")
	const count = 60
	var makes []string
	for n := range count {
		makes = append(makes, fmt.Sprint("meter-1 ", n))
	}
	plugintest.Source(t, plugintest.SourceCase{
		Kind: kind, Ends: true, Makes: makes,
		Record: func(b *plugins.Batch, row uint32) string {
			return fmt.Sprintf("%s %d", b.Column("device").Bytes(row), b.Column("n").Ints[row])
		},
		Open: func(testing.TB) plugintest.Input {
			return plugintest.Input{Config: plugintest.Configure(kind.Schema, map[string]any{"every": time.Millisecond, "count": int64(count)})}
		},
	})
}

func classifyConforms(t *testing.T, r *plugins.Registry) {
	kind, _ := r.Transform("acme_classify")
	in := plugins.Columns(plugins.Field{Name: "t", Type: plugins.Of(plugins.Float).OrNull()})
	plugintest.Transform(t, plugintest.TransformCase{
		Kind: kind,
		Row: func(rng *rand.Rand, i int) []plugins.Value {
			switch {
			case i%7 == 0:
				return []plugins.Value{{Kind: plugins.Null}}
			case i%11 == 0:
				return []plugins.Value{{Kind: plugins.Float, Float: -300}} // below absolute zero
			}
			return []plugins.Value{{Kind: plugins.Float, Float: 40 * rng.Float64()}}
		},
		Open: func(testing.TB) plugintest.Stage {
			return plugintest.Stage{
				Config: plugintest.Configure(kind.Schema, map[string]any{"value": plugins.Expr(temperature{})}), In: in,
				Env: plugins.Env{Shared: new(plugins.Shared), Metrics: new(plugins.Metrics), Input: in},
			}
		},
	})
}

// temperature is the expression event.t.
type temperature struct{}

func (temperature) Type() plugins.Type                        { return plugins.Of(plugins.Float).OrNull() }
func (x temperature) Reads() []plugins.Field                  { return []plugins.Field{{Name: "t", Type: x.Type()}} }
func (x temperature) Evaluator(plugins.Env) plugins.Evaluator { return x }
func (temperature) String() string                            { return "event.t" }
func (temperature) Range() string                             { return "main.hcl:1,1-2" }
func (temperature) Eval(b *plugins.Batch) *plugins.Column     { return b.Column("t") }

func journalConforms(t *testing.T, r *plugins.Registry) {
	kind, _ := r.Sink("acme_journal")
	plugintest.Sink(t, plugintest.SinkCase{Kind: kind, Open: func(t testing.TB) plugintest.Target {
		path := filepath.Join(t.TempDir(), "journal")
		return plugintest.Target{
			Config: plugintest.Configure(kind.Schema, map[string]any{"path": path}).WithPayload(plugins.Shape{Format: "json"}),
			Read: func() ([]string, error) {
				text, err := os.ReadFile(path)
				if os.IsNotExist(err) {
					return nil, nil
				}
				return strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' }), err
			},
		}
	}})
}
