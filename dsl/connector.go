package dsl

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// connector is a connector block.
type connector struct {
	*stage // holds the places of its attributes; it is no stage of the pipeline
	kind   plugins.ConnectorKind
	config plugins.Config
	rng    hcl.Range
}

// declareConnectors reads the connector blocks.
func (b *builder) declareConnectors() {
	for _, block := range b.declared("connector") {
		b.declareConnector(block)
	}
}

func (b *builder) declareConnector(block *hclsyntax.Block) {
	c := &connector{rng: block.DefRange()}
	c.stage = &stage{
		Stage: &graph.Stage{Role: "connector", Kind: block.Labels[0], Name: block.Labels[1], Pos: posOf(block.DefRange())},
		block: block, guessed: map[string]bool{}, places: map[string]hcl.Range{},
	}
	b.connectors[c.Name] = c
	kind, ok := b.registry.Connector(c.Kind)
	if !ok {
		b.fail(block.LabelRanges[0], "unknown kind", "there is no connector kind %q; %s", c.Kind, hint(c.Kind, b.registry.Connectors()))
		c.broken = true
		return
	}
	c.kind = kind
	b.configureConnector(c)
}

func (b *builder) configureConnector(c *connector) {
	body, diags := readBody(c.block.Body, schemaForm(c.kind.Schema, fmt.Sprintf("connector %q", c.Kind)))
	b.add(diags...)
	d := &decoder{builder: b, stage: c.stage}
	c.explain = &Explanation{Addr: c.Addr(), Role: c.Role, Kind: c.Kind, Doc: c.kind.Schema.Doc, Pos: c.Pos}
	b.pipeline.explain[c.Addr()] = c.explain
	c.config = d.config(body, c.kind.Schema, "", c.rng)
	if d.failed || diags.HasErrors() {
		c.broken = true
		return
	}
	if c.kind.Check != nil {
		if err := c.kind.Check(c.config); err != nil {
			b.configError(c.stage, "", err)
			return
		}
	}
	b.graph.Connectors = append(b.graph.Connectors, &graph.Connector{Kind: c.Kind, Name: c.Name, Config: c.config, Pos: c.Pos})
}

// viaOf returns the service of the connection that a stage needs.
func (b *builder) viaOf(s *stage) string {
	if s.kind.via != "" || !s.kind.transform.Lookup {
		return s.kind.via
	}
	for _, block := range s.body.blocksOf("lookup") {
		if kind, ok := b.registry.Lookup(block.Labels[0]); ok {
			return kind.Via
		}
	}
	return ""
}

// connection reads which connection a stage works over.
func (b *builder) connection(s *stage) {
	a, needs := s.body.attr("via"), b.viaOf(s)
	switch {
	case a == nil && needs == "":
		return
	case a == nil:
		b.fail(s.block.DefRange(), "missing connection", "%s %q works over a connection: write via = connector.NAME; %s", s.Role, s.Kind, b.connectorsFor(needs))
		s.broken = true
		return
	}
	name, ok := b.named(a, "connector", keys(b.connectors))
	if !ok {
		s.broken = true
		return
	}
	c := b.connectors[name]
	switch {
	case needs == "":
		b.fail(a.Expr.Range(), "no connection needed", "%s %q works without connector.%s; take via out", s.Role, s.Kind, name)
		s.broken = true
	case c.broken:
		s.broken = true
	case c.kind.Service != needs:
		b.fail(a.Expr.Range(), "wrong connection", "%s %q needs a connection for %q, and connector.%s is one for %q; %s", s.Role, s.Kind, needs, name, c.kind.Service, b.connectorsFor(needs))
		s.broken = true
	default:
		s.places["via"] = a.Expr.Range()
		s.Via, s.connector = name, c
		b.explained(s, "via", a, ReferencePhase)
	}
}

// connectorsFor lists the connections that a stage could name, or the kinds of
// which there should be one.
func (b *builder) connectorsFor(service string) string {
	var names, kinds []string
	for _, name := range keys(b.connectors) {
		if b.connectors[name].kind.Service == service {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		return hint("", names)
	}
	for _, kind := range b.registry.Connectors() {
		if k, _ := b.registry.Connector(kind); k.Service == service {
			kinds = append(kinds, kind)
		}
	}
	return "there is none yet: write connector \"KIND\" \"NAME\" { ... } with one of the kinds; " + hint("", kinds)
}
