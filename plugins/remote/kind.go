package remote

import (
	"fmt"
	"strings"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// kind is one of the kinds that the plugin offers.
type kind struct {
	plugin  *Plugin
	role    pb.Role
	own     string // its name in the plugin
	name    string // and in a pipeline
	schema  plugins.Schema
	payload bool
	format  string
	topic   string
	body    string
	headers bool
}

// maxKinds is how many a plugin may have.
const maxKinds = wire.MaxKinds

// readKinds checks what a plugin says that it offers.
func (p *Plugin) readKinds(about *pb.DescribeReply) ([]*kind, error) {
	if err := wire.CheckIdentifier("the name that the plugin has for itself", about.GetName()); err != nil {
		return nil, err
	}
	if n := len(about.GetVersion()); n > wire.MaxName {
		return nil, fmt.Errorf("the version of the plugin has %d bytes: %d are the most", n, wire.MaxName)
	}
	switch n := len(about.GetKinds()); {
	case n == 0:
		return nil, fmt.Errorf("the plugin offers no kinds")
	case n > maxKinds:
		return nil, fmt.Errorf("the plugin offers %d kinds: %d are the most", n, maxKinds)
	}
	seen := map[string]bool{}
	var kinds []*kind
	for _, k := range about.GetKinds() {
		read, err := p.readKind(k)
		if err != nil {
			return nil, fmt.Errorf("what the plugin offers is not right: %s %q: %w", roleName(k.GetRole()), p.hide.Clean(wire.Clip(k.GetName(), 64)), err)
		}
		id := roleName(read.role) + " " + read.own
		if seen[id] {
			return nil, fmt.Errorf("what the plugin offers is not right: there is %s %q twice", roleName(read.role), read.own)
		}
		seen[id] = true
		kinds = append(kinds, read)
	}
	return kinds, nil
}

// inPipeline returns the example of a kind, which has its own name, as it is written in a pipeline.
func (k *kind) inPipeline(example string) string {
	return strings.ReplaceAll(example, fmt.Sprintf("%s %q", roleName(k.role), k.own), fmt.Sprintf("%s %q", roleName(k.role), k.name))
}

func (p *Plugin) readKind(k *pb.Kind) (*kind, error) {
	if k.GetRole() < pb.Role_SOURCE || k.GetRole() > pb.Role_LOOKUP {
		return nil, fmt.Errorf("its role is %d, which this onstream does not know", k.GetRole())
	}
	if err := wire.CheckIdentifier("its name", k.GetName()); err != nil {
		return nil, err
	}
	schema, err := wire.ToSchema(k.GetSchema())
	if err != nil {
		return nil, err
	}
	read := &kind{
		plugin: p, role: k.GetRole(), own: k.GetName(), name: p.config.Name + "_" + k.GetName(), schema: schema,
		payload: k.GetPayload(), format: k.GetDefaultFormat(), topic: k.GetTopic(), body: k.GetBody(), headers: k.GetHeaders(),
	}
	read.schema.Example = read.inPipeline(read.schema.Example)
	if read.role != pb.Role_TRANSFORM {
		if why := noExpressions(schema, read.topic, read.body); why != "" {
			return nil, fmt.Errorf("%s", why)
		}
	}
	return read, read.checkNames()
}

// checkNames checks the attributes that the kind names.
func (k *kind) checkNames() error {
	if k.role == pb.Role_LOOKUP && k.payload {
		return fmt.Errorf("it has payloads, and a look-up has none")
	}
	if k.role != pb.Role_SINK && (k.topic != "" || k.body != "" || k.headers) {
		return fmt.Errorf("it has topics, a body or headers, which only sinks have")
	}
	for name, want := range map[string]plugins.AttrType{k.topic: plugins.AttrExpr, k.body: plugins.AttrExprMap} {
		if name == "" {
			continue
		}
		if a, ok := k.schema.Attr(name); !ok || a.Type != want {
			return fmt.Errorf("it names the attribute %q, and its schema has none of that name whose type is %q", name, want)
		}
	}
	return nil
}

// hideSecrets makes what a block says is a secret one.
func (k *kind) hideSecrets(c plugins.Config) { k.plugin.hideIn(c, k.schema) }

func (p *Plugin) hideIn(c plugins.Config, s plugins.Schema) {
	for _, a := range s.Attrs {
		if a.Type == plugins.AttrSecret {
			p.hide.Add(c.Secret(a.Name).Reveal())
		}
	}
	for _, kind := range s.Blocks {
		for _, b := range c.Blocks(kind.Name) {
			p.hideIn(b.Config, kind.Schema)
		}
	}
}
