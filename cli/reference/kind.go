package reference

import (
	"fmt"
	"strings"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/aggregate"
)

// Kind is what is told about a kind of stage, a format or the like: the same in
// LANGUAGE.md and on the command line.
type Kind struct {
	Role       Role        `json:"role"`
	Name       string      `json:"name"`
	Usage      string      `json:"usage"` // how it is written
	Doc        string      `json:"doc"`
	Example    string      `json:"example,omitempty"` // HCL
	Attributes []Attribute `json:"attributes"`
	Blocks     []Block     `json:"blocks,omitempty"`
	// Common are the attributes and blocks that it takes because others do.
	Common []string `json:"common"`
	// DefaultFormat is that of a kind with payload, "" where it has none or the
	// format is required; Payload tells which.
	Payload       bool     `json:"payload"`
	DefaultFormat string   `json:"default_format,omitempty"`
	Inputs        []string `json:"inputs,omitempty"` // where there are several
	Keyed         bool     `json:"keyed"`
	Lookup        bool     `json:"lookup"`
	State         bool     `json:"state"` // it keeps some
	Names         []Names  `json:"names,omitempty"`
}

// Role is what a kind is for.
type Role string

// The roles, in the order of [Kinds].
const (
	Connector Role = "connector"
	Source    Role = "source"
	Transform Role = "transform"
	Lookup    Role = "lookup"
	Sink      Role = "sink"
	Format    Role = "format"
	Aggregate Role = "aggregate"
)

// Roles lists the roles in the order of [Kinds].
func Roles() []Role { return []Role{Connector, Source, Transform, Lookup, Sink, Format, Aggregate} }

// Block is a nested block.
type Block struct {
	Usage      string      `json:"usage"`
	Doc        string      `json:"doc"`
	Required   bool        `json:"required"`
	Repeated   bool        `json:"repeated"`
	Attributes []Attribute `json:"attributes"`
	Blocks     []Block     `json:"blocks,omitempty"`
}

// Names are those that a kind gives to what the expressions of one of its
// attributes may refer to.
type Names struct {
	Attribute string `json:"attribute"`
	Names     []Name `json:"names"`
}

// Name is what stands for one thing, or for the fields of one.
type Name struct {
	Names []string `json:"names"`
	Doc   string   `json:"doc"`
}

// Kinds describes all that is registered, and the functions that aggregate, by
// role and name.
func Kinds(r *plugins.Registry) []Kind {
	var kinds []Kind
	for _, name := range r.Connectors() {
		k, _ := r.Connector(name)
		kinds = append(kinds, newKind(Connector, name, fmt.Sprintf("connector %q", name), k.Schema))
	}
	for _, name := range r.Sources() {
		k, _ := r.Source(name)
		kinds = append(kinds, sourceKind(k))
	}
	for _, name := range r.Transforms() {
		k, _ := r.Transform(name)
		kinds = append(kinds, transformKind(k))
	}
	for _, name := range r.Lookups() {
		k, _ := r.Lookup(name)
		kinds = append(kinds, newKind(Lookup, name, fmt.Sprintf("lookup %q", name), k.Schema))
	}
	for _, name := range r.Sinks() {
		k, _ := r.Sink(name)
		kinds = append(kinds, sinkKind(k))
	}
	for _, name := range r.Codecs() {
		c, _ := r.Codec(name)
		k := newKind(Format, name, fmt.Sprintf("format = %q", name), c.Schema)
		if c.Doc != "" {
			k.Doc = c.Doc
		}
		kinds = append(kinds, k)
	}
	for _, f := range aggregate.All() {
		k := newKind(Aggregate, "agg::"+f.Name, "agg::"+f.Usage(), plugins.Schema{Doc: f.Doc, Example: f.Example})
		kinds = append(kinds, k)
	}
	return kinds
}

func newKind(role Role, name, usage string, s plugins.Schema) Kind {
	return Kind{
		Role: role, Name: name, Usage: usage, Doc: s.Doc, Example: strings.TrimSpace(s.Example),
		Attributes: attributes(s), Blocks: blocks(s.Blocks), Common: []string{},
	}
}

func sourceKind(k plugins.SourceKind) Kind {
	out := newKind(Source, k.Name, fmt.Sprintf("source %q", k.Name), k.Schema)
	out.Payload, out.DefaultFormat = k.Payload, k.DefaultFormat
	if k.Via != "" {
		out.Common = append(out.Common, "via")
	}
	out.Keyed = k.Keyed
	if k.Keyed {
		out.Common = append(out.Common, "key")
	}
	if k.Payload {
		out.Common = append(out.Common, "format", "schema")
	}
	if k.Capabilities != nil && k.Capabilities(plugins.NewConfig(nil)).Spooled() {
		out.Common = append(out.Common, "spool")
	}
	out.Common = append(out.Common, "on_error")
	return out
}

func transformKind(k plugins.TransformKind) Kind {
	out := newKind(Transform, k.Name, fmt.Sprintf("transform %q", k.Name), k.Schema)
	out.Payload, out.DefaultFormat = k.Payload, k.DefaultFormat
	out.Inputs, out.Keyed, out.Lookup, out.State = k.Ports, k.Keyed, k.Lookup, k.Stateful
	out.Names = names(k)
	out.Common = append(out.Common, "from")
	if k.Keyed {
		out.Common = append(out.Common, "key")
	}
	if k.Lookup {
		out.Common = append(out.Common, "lookup")
	}
	if k.Payload {
		out.Common = append(out.Common, "format", "schema")
	}
	out.Common = append(out.Common, "on_error")
	return out
}

func sinkKind(k plugins.SinkKind) Kind {
	out := newKind(Sink, k.Name, fmt.Sprintf("sink %q", k.Name), k.Schema)
	out.Payload, out.DefaultFormat = k.Payload, k.DefaultFormat
	out.Common = append(out.Common, "from")
	if k.Via != "" {
		out.Common = append(out.Common, "via")
	}
	out.Common = append(out.Common, "key")
	if k.Payload {
		out.Common = append(out.Common, "format")
	}
	out.Common = append(out.Common, "retry", "on_error")
	return out
}

func blocks(all []plugins.Block) []Block {
	var out []Block
	for _, x := range all {
		usage := x.Name
		if x.Label != "" {
			usage += fmt.Sprintf(" %q", strings.ToUpper(x.Label))
		}
		out = append(out, Block{usage, x.Doc, x.Required, x.Repeated, attributes(x.Schema), blocks(x.Schema.Blocks)})
	}
	return out
}

// names returns what the kind says that its attributes may refer to.
func names(k plugins.TransformKind) []Names {
	if k.Locals == nil {
		return nil
	}
	var out []Names
	in := make([]plugins.Shape, max(1, len(k.Ports)))
	for _, a := range k.Schema.Attrs {
		if !a.Type.PerRecord() {
			continue
		}
		of := Names{Attribute: a.Name}
		locals, _ := k.Locals(a.Name, in, plugins.NewConfig(nil))
		for _, l := range locals {
			of.Names = append(of.Names, Name{withFields(l), l.Doc})
		}
		if of.Names != nil {
			out = append(out, of)
		}
	}
	return out
}

// withFields returns a name with the fields that it always has.
func withFields(l plugins.Local) []string {
	if len(l.Type.Fields) == 0 {
		return []string{l.Root}
	}
	names := make([]string, len(l.Type.Fields))
	for i, f := range l.Type.Fields {
		names[i] = l.Root + "." + f.Name
	}
	return names
}
