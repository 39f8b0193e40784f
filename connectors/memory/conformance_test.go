package memory_test

import (
	"testing"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/connectors/memory"
	"github.com/onstream/onstream/plugins"
)

func busWith(partitions int) bustest.Bus {
	return bustest.Bus{
		Register: memory.Register,
		Kind:     "memory",
		Server:   "in process",
		Config: func(t testing.TB, _ string) plugins.Config {
			return config(t, map[string]any{"name": "shared", "partitions": int64(partitions)})
		},
		Features: bustest.Features{
			Keys: true, Headers: true, DuplicateHeaders: true, BinaryHeaders: true, Times: true,
			Partitions: partitions, Patterns: true, Groups: true, Rewinds: true, Browse: true, State: true,
			Starts:   []connectors.Start{connectors.StartEarliest, connectors.StartLatest, connectors.StartCommitted, connectors.StartTimestamp},
			TooLarge: 65 << 20,
		},
	}
}

func config(t testing.TB, values map[string]any) plugins.Config {
	t.Helper()
	var r plugins.Registry
	if err := memory.Register(&r); err != nil {
		t.Fatal(err)
	}
	kind, _ := r.Connector("memory")
	return bustest.Block(kind.Schema, values)
}

func TestConformance(t *testing.T) {
	t.Parallel()
	bustest.Run(t, busWith(4))
}

func TestConformanceOfOnePartition(t *testing.T) {
	t.Parallel()
	bustest.Run(t, busWith(1))
}

func TestWatermill(t *testing.T) {
	t.Parallel()
	bustest.Watermill(t, busWith(1))
}
