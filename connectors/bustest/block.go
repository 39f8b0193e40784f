package bustest

import (
	"maps"

	"github.com/onstream/onstream/plugins"
)

// Block returns the configuration that a block of a schema stands for: values of the
// types that the getters of [plugins.Config] return, the defaults of what
// is absent, and nested blocks. [Nested] makes those.
func Block(schema plugins.Schema, values map[string]any, blocks ...plugins.ConfigBlock) plugins.Config {
	attrs := map[string]any{}
	for _, a := range schema.Attrs {
		if a.Default != nil {
			attrs[a.Name] = a.Default
		}
	}
	maps.Copy(attrs, values)
	return plugins.NewConfig(attrs, blocks...)
}

// Nested returns a nested block of a schema, with its defaults.
func Nested(schema plugins.Schema, name string, values map[string]any) plugins.ConfigBlock {
	for _, b := range schema.Blocks {
		if b.Name == name {
			return plugins.ConfigBlock{Name: name, Config: Block(b.Schema, values)}
		}
	}
	return plugins.ConfigBlock{Name: name, Config: plugins.NewConfig(values)}
}
