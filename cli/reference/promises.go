package reference

import (
	"fmt"
	"strings"

	"github.com/onstream/onstream/plugins"
)

// promiseTable tells what sources and sinks over each connection can promise, as it is
// where its block says no more than it must.
func promiseTable(r *plugins.Registry) string {
	var b strings.Builder
	b.WriteString("| connector | a source resumes at a position | brings again what was not acknowledged | shares partitions with other processes | the order of a key is kept | what weakens that |\n|---|---|---|---|---|---|\n")
	for _, name := range r.Connectors() {
		k, _ := r.Connector(name)
		reads, readable := promise(k, k.Reads, plugins.NewConfig(map[string]any{"topic": "a.b", "start": "earliest", "group": "g"}))
		writes, _ := promise(k, k.Writes, plugins.NewConfig(nil))
		if !readable {
			continue
		}
		why := reads.Weakens
		if writes.Weakens != "" && writes.Weakens != why {
			why = strings.TrimPrefix(why+"; "+writes.Weakens, "; ")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", code(name), mark(reads.Seekable), mark(reads.Redelivers), mark(reads.Shares), mark(reads.Ordered && writes.Ordered), cell(why))
	}
	return b.String()
}

// promise asks a kind what a stage can promise; ok is false where that takes more than the
// defaults.
func promise(k plugins.ConnectorKind, ask func(plugins.Config) (plugins.Capabilities, error), stage plugins.Config) (can plugins.Capabilities, ok bool) {
	if ask == nil {
		return can, false
	}
	can, err := ask(stage.WithConnector(k, defaults(k.Schema)))
	return can, err == nil
}

// defaults is a block in which nothing is written.
func defaults(s plugins.Schema) plugins.Config {
	attrs := map[string]any{}
	for _, a := range s.Attrs {
		if a.Default != nil {
			attrs[a.Name] = a.Default
		}
	}
	return plugins.NewConfig(attrs)
}

func mark(yes bool) string {
	if yes {
		return "yes"
	}
	return "–"
}
