package cli

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// replayTarget is the source that records are replayed into, and where it is.
type replayTarget struct {
	registry *plugins.Registry
	graph    *graph.Graph
	source   *graph.Stage
	state    string // the folder of the pipeline
}

// folder is where the replays of the source are.
func (t *replayTarget) folder() string { return filepath.Join(t.state, "replay", t.source.Name) }

// strangers tells which dead letters, counted by the pipeline, are of another one.
func (t *replayTarget) strangers(letters map[string]int) []string {
	warnings := []string{}
	for _, name := range slices.Sorted(maps.Keys(letters)) {
		if name != "" && name != t.graph.Name {
			warnings = append(warnings, fmt.Sprintf("%s came from the pipeline %s, and %s of %s takes the records. Where that is a mistake, remove them before it is started or reloaded: %s",
				plural(letters[name], "dead letter"), name, t.source.Addr(), t.graph.Name, t.folder()))
		}
	}
	return warnings
}

// warnings tells which stages keep records from coming as far as where they
// failed; letters counts their dead letters by the stage.
func (t *replayTarget) warnings(letters map[string]int) []string {
	warnings := []string{}
	for _, s := range t.graph.Stages {
		kind, _ := t.registry.Transform(s.Kind)
		if s.Role != graph.Transform || !kind.Deduplicates || !slices.Contains(t.graph.Upstream(s), t.source) {
			continue
		}
		n := 0
		for addr, count := range letters {
			if at := t.graph.Stage(addr); at != nil && slices.Contains(t.graph.Upstream(at), s) {
				n += count
			}
		}
		if n > 0 {
			warnings = append(warnings, fmt.Sprintf("%s drops what it has seen. %s came from behind it: replayed into %s, these records do not pass again. Replay them into a source behind it, or let it forget all that it has seen: stop the pipeline and run onstream state reset %s %s",
				s.Addr(), plural(n, "dead letter"), t.source.Addr(), t.state, s.Addr()))
		}
	}
	return warnings
}
