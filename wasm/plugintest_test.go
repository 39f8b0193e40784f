package wasm_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/plugintest"
)

// A module in a stage keeps the promises that what is built in keeps: it emits, drops and fails records, makes
// some, and keeps something for each key.
func TestConforms(t *testing.T) {
	t.Parallel()
	module := guest(t, plain)
	start(t, module, nil) // compiles it, once for all
	in := plugins.Columns(
		plugins.Field{Name: "key", Type: plugins.Of(plugins.String)},
		plugins.Field{Name: "time", Type: plugins.Of(plugins.Time)},
		plugins.Field{Name: "cmd", Type: plugins.Of(plugins.String)},
	)
	in.Format = "json"
	// Not "new" and "emit": a record that is made of none has no offset, and a batch in which there is one has none at all,
	// so what a record brings along depends on its neighbours.
	commands := []string{"keep", "twice", "drop", "err", "bad", "put:x=1", "put:x=2", "get:x", "del:x", "port:1", "dead:no"}
	for name, more := range map[string]map[string]any{
		"records": nil,
		"keyed":   {"key": field("key", plugins.Of(plugins.String)), "time": field("time", plugins.Of(plugins.Time))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plugintest.Transform(t, plugintest.TransformCase{
				Kind: kind(t), Rows: 120,
				Payload: func(row []plugins.Value) string { return row[2].Text },
				Row: func(rng *rand.Rand, i int) []plugins.Value {
					at := time.Date(2026, 1, 1, 0, 0, i, 0, time.UTC)
					return []plugins.Value{
						text(fmt.Sprint("k", rng.IntN(3))), {Kind: plugins.Time, Int: at.UnixNano()}, text(commands[rng.IntN(len(commands))]),
					}
				},
				Open: func(testing.TB) plugintest.Stage {
					return plugintest.Stage{
						Config: config(module, maps.Clone(more)), In: in,
						Env: plugins.Env{Shared: new(plugins.Shared), Metrics: new(plugins.Metrics)},
					}
				},
			})
		})
	}
}
