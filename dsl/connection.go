package dsl

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/onstream/onstream/plugins"
)

// Connection is one connector block of a module, to be used beside the pipeline.
type Connection struct {
	Pipeline string // its name
	Name     string
	Kind     plugins.ConnectorKind
	Config   plugins.Config
}

// Connection checks nothing of the module but the connector block of a name, and the
// values that it may refer to: stages may be wrong, or missing. The connection is nil if
// there are errors.
func (m *Module) Connection(reg *plugins.Registry, o Options, name string) (*Connection, hcl.Diagnostics) {
	b := newBuilder(m, reg, o)
	b.declareVariables()
	b.declareLocals()
	b.evaluate()
	b.declarePipeline()
	b.declareSettings()
	var names []string
	for _, block := range b.declared("connector") {
		names = append(names, block.Labels[1])
		if block.Labels[1] == name {
			b.declareConnector(block)
		}
	}
	c := b.connectors[name]
	if c == nil {
		b.add(errorAnywhere("unknown connector", "there is no connector.%s in these files; %s", name, hint(name, names)))
	}
	if b.diags.HasErrors() {
		return nil, finish(b.diags)
	}
	return &Connection{b.graph.Name, name, c.kind, c.config}, finish(b.diags)
}
