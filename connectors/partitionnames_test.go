package connectors_test

import (
	"testing"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// Each bus writes the name of a topic in its own way: only what is surely another one is said
// not to be read.
func TestPartitionsOfATopic(t *testing.T) {
	t.Parallel()
	r := &plugins.Registry{}
	if err := connectors.Register(r); err != nil {
		t.Fatal(err)
	}
	kind, _ := r.Source("topic")
	for _, test := range []struct {
		topic, name string
		want        bool
	}{
		{"plant.strokes", "plant.strokes", true},
		{"plant.strokes", "plant:strokes", true},
		{"plant.strokes", "plant/strokes", true},
		{"plant.strokes", "prod.plant.strokes", true},
		{"plant.other", "plant.strokes", false},
		{"plant.other", "plant:strokes", false},
		{"plant.strokes", "plant", false},
		{"plant.>", "plant", true},
		{"plant.*", "PLANT", true},
		{"plant/strokes", "anything", true},
	} {
		config := plugins.NewConfig(map[string]any{"topic": test.topic})
		if got := kind.ReadsPartitions(config, test.name); got != test.want {
			t.Errorf("that %s reads partitions of %s is %t, want %t", test.topic, test.name, got, test.want)
		}
	}
}
