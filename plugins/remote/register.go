package remote

import (
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
)

// Register adds the plugin's kinds to a registry, under their names in a pipeline. An error names the kind that is there already.
func (p *Plugin) Register(r *plugins.Registry) error {
	for _, k := range p.kinds {
		taken := false
		switch k.role {
		case pb.Role_SOURCE:
			taken = r.AddSource(k.source()) != nil
		case pb.Role_TRANSFORM:
			taken = r.AddTransform(k.transform()) != nil
		case pb.Role_SINK:
			taken = r.AddSink(k.sink()) != nil
		default:
			taken = r.AddLookup(k.lookup()) != nil
		}
		if taken {
			return plugins.ConfigErrorf("", "the %s %q of plugin %s (%q there) has the name of one that there is already, built in or of another plugin: give the plugin another name in the pipeline",
				roleName(k.role), k.name, p.config.Name, k.own)
		}
	}
	return nil
}

// check returns what the plugin finds wrong with a block.
func (k *kind) check(c plugins.Config) error {
	_, err := k.configure(c, nil)
	return err
}

// capabilities returns what a source or sink promises; nothing where its block is wrong, which check has told.
func (k *kind) capabilities(c plugins.Config) plugins.Capabilities {
	known, err := k.configure(c, nil)
	if err != nil {
		return plugins.Capabilities{}
	}
	return known.capabilities
}

func (k *kind) source() plugins.SourceKind {
	kind := plugins.SourceKind{
		Name: k.name, Schema: k.schema, Payload: k.payload, DefaultFormat: k.format, Check: k.check, Capabilities: k.capabilities,
		New: func(c plugins.Config, env plugins.Env) (plugins.Source, error) { return newSource(k, c, env) },
	}
	if !k.payload {
		kind.Output = func(c plugins.Config) (plugins.Shape, error) {
			known, err := k.configure(c, nil)
			if err != nil {
				return plugins.Shape{}, err
			}
			return known.outputs[0].Shape, nil
		}
	}
	return kind
}

func (k *kind) transform() plugins.TransformKind {
	return plugins.TransformKind{
		Name: k.name, Schema: k.schema, Payload: k.payload, DefaultFormat: k.format,
		Outputs: func(in plugins.Shape, c plugins.Config) ([]plugins.Output, error) {
			known, err := k.configure(c, &in)
			if err != nil {
				return nil, err
			}
			return known.outputs, nil
		},
		Describe: func(c plugins.Config) plugins.Description {
			d, ok := k.plugin.known.description(k, c)
			if !ok { // the block has never been right, or so long ago that it was forgotten: it is taken for the worst
				return plugins.Description{Volatile: true}
			}
			return d
		},
		New: func(c plugins.Config, env plugins.Env) (plugins.Transform, error) { return newTransform(k, c, env) },
	}
}

func (k *kind) sink() plugins.SinkKind {
	return plugins.SinkKind{
		Name: k.name, Schema: k.schema, Payload: k.payload, DefaultFormat: k.format, Topic: k.topic, Body: k.body, Headers: k.headers,
		Check: k.check, Capabilities: k.capabilities,
		New: func(c plugins.Config, env plugins.Env) (plugins.Sink, error) { return newSink(k, c, env) },
	}
}

func (k *kind) lookup() plugins.LookupKind {
	return plugins.LookupKind{
		Name: k.name, Schema: k.schema,
		Type: func(c plugins.Config) (plugins.Type, error) {
			known, err := k.configure(c, nil)
			if err != nil {
				return plugins.Type{}, err
			}
			return known.found, nil
		},
		New: func(c plugins.Config, env plugins.Env) (plugins.Lookup, error) { return newLookup(k, c, env) },
	}
}
