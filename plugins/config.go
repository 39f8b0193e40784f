package plugins

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Config is a decoded block: what was written and the defaults of its
// [Schema]. Getters return the zero value for what is absent, and panic when
// the schema says another type: that is a mistake of the kind's author.
//
// It is immutable once handed to a plugin.
type Config struct {
	attrs   map[string]any
	blocks  []ConfigBlock
	payload *Shape
	lookup  *LookupKind
	via     *via
	// contents are digests of what was in the files that attributes name, by attribute.
	contents map[string]string
}

// via is the connection that a stage names.
type via struct {
	kind   ConnectorKind
	config Config
}

// ConfigBlock is a nested block.
type ConfigBlock struct {
	Name, Label string
	Config      Config
}

// NewConfig returns a Config of attributes (of the types that the getters
// return) and nested blocks.
func NewConfig(attrs map[string]any, blocks ...ConfigBlock) Config {
	return Config{attrs: attrs, blocks: blocks}
}

// WithPayload returns the configuration with what [Config.Payload] is to
// return.
func (c Config) WithPayload(s Shape) Config {
	c.payload = &s
	return c
}

// Payload returns what the stage's format, its options and schema say about
// the records of a source, of the output of a transform, or those that a sink
// encodes. Only of kinds whose Payload is true.
func (c Config) Payload() Shape {
	if c.payload == nil {
		return Shape{}
	}
	return *c.payload
}

// WithContents returns the configuration with a digest of what is in the files that attributes name, by attribute: where
// that is another, so is the configuration.
func (c Config) WithContents(digests map[string]string) Config {
	c.contents = digests
	return c
}

// Content returns the digest of what is in the file that an attribute names, "" before [Config.WithContents].
func (c Config) Content(attr string) string { return c.contents[attr] }

// WithLookup returns the configuration with the kind that [Config.Lookup] is to
// return.
func (c Config) WithLookup(k LookupKind) Config {
	c.lookup = &k
	return c
}

// Lookup returns the kind of look-up that the stage names, and what its block
// says. Only of kinds whose Lookup is true.
func (c Config) Lookup() (LookupKind, Config) {
	if c.lookup == nil {
		return LookupKind{}, Config{}
	}
	return *c.lookup, c.Block("lookup")
}

// WithConnector returns the configuration with what [Config.Connector] is to
// return.
func (c Config) WithConnector(k ConnectorKind, config Config) Config {
	c.via = &via{k, config}
	return c
}

// Connector returns the kind of the connection that the stage names with via,
// and what its block says. Only of kinds that have Via.
func (c Config) Connector() (ConnectorKind, Config) {
	if c.via == nil {
		return ConnectorKind{}, Config{}
	}
	return c.via.kind, c.via.config
}

// With returns the configuration with another value of an attribute, of the type
// that its getter returns.
func (c Config) With(name string, value any) Config {
	c.attrs = maps.Clone(c.attrs)
	if c.attrs == nil {
		c.attrs = map[string]any{}
	}
	c.attrs[name] = value
	return c
}

// Has reports whether the attribute has a value.
func (c Config) Has(name string) bool { return c.attrs[name] != nil }

func get[T any](c Config, name string) (v T) {
	if x := c.attrs[name]; x != nil {
		return x.(T)
	}
	return v
}

// String returns an AttrString.
func (c Config) String(name string) string { return get[string](c, name) }

// Int returns an AttrInt or AttrSize.
func (c Config) Int(name string) int64 { return get[int64](c, name) }

// Float returns an AttrFloat.
func (c Config) Float(name string) float64 { return get[float64](c, name) }

// Bool returns an AttrBool.
func (c Config) Bool(name string) bool { return get[bool](c, name) }

// Duration returns an AttrDuration.
func (c Config) Duration(name string) time.Duration { return get[time.Duration](c, name) }

// Strings returns an AttrStrings.
func (c Config) Strings(name string) []string { return get[[]string](c, name) }

// StringMap returns an AttrStringMap.
func (c Config) StringMap(name string) map[string]string { return get[map[string]string](c, name) }

// Value returns an AttrValue; its Kind is Any when absent.
func (c Config) Value(name string) Value { return get[Value](c, name) }

// Secret returns an AttrSecret.
func (c Config) Secret(name string) Secret { return get[Secret](c, name) }

// Expr returns an AttrExpr; nil when absent.
func (c Config) Expr(name string) Expr { return get[Expr](c, name) }

// Exprs returns an AttrExprMap or an AttrExprList.
func (c Config) Exprs(name string) []NamedExpr { return get[[]NamedExpr](c, name) }

// PortExprs returns an AttrPortExprs, by the index of the port; nil when absent.
func (c Config) PortExprs(name string) []Expr { return get[[]Expr](c, name) }

// Aggregation returns an AttrAggregation.
func (c Config) Aggregation(name string) Aggregation { return get[Aggregation](c, name) }

// Blocks returns the nested blocks of a name, in the order written.
func (c Config) Blocks(name string) []ConfigBlock {
	var bs []ConfigBlock
	for _, b := range c.blocks {
		if b.Name == name {
			bs = append(bs, b)
		}
	}
	return bs
}

// Block returns the first nested block of a name; a Config with nothing in it
// when there is none.
func (c Config) Block(name string) Config {
	for _, b := range c.blocks {
		if b.Name == name {
			return b.Config
		}
	}
	return Config{}
}

// AllExprs returns every expression in the block and its nested blocks.
func (c Config) AllExprs() []Expr {
	var es []Expr
	for _, name := range slices.Sorted(maps.Keys(c.attrs)) {
		switch v := c.attrs[name].(type) {
		case Expr:
			es = append(es, v)
		case []NamedExpr:
			for _, n := range v {
				es = append(es, n.Expr)
			}
		case []Expr:
			es = append(es, v...)
		case Aggregation:
			es = append(es, v.exprs()...)
		}
	}
	for _, b := range c.blocks {
		es = append(es, b.Config.AllExprs()...)
	}
	return es
}

// Reads returns the fields of the records of an input that the expressions in
// the block read. Ports are those of the kind, and port is the index of the
// input in them; a kind without ports has the one input 0.
func (c Config) Reads(ports []string, port int) []Field {
	var fields []Field
	for _, name := range slices.Sorted(maps.Keys(c.attrs)) {
		if each, ok := c.attrs[name].([]Expr); ok {
			fields = append(fields, each[port].Reads()...)
			continue
		}
		exprs := Config{attrs: map[string]any{name: c.attrs[name]}}.AllExprs()
		if len(ports) > 0 {
			for _, f := range LocalReads(exprs, ports[port]) {
				fields = append(fields, Field{JoinPath(f.Name), f.Type.OrNull()})
			}
			continue
		}
		for _, x := range exprs {
			for _, f := range x.Reads() {
				if !IsLocal(f.Name) {
					fields = append(fields, f)
				}
			}
		}
	}
	for _, b := range c.blocks {
		fields = append(fields, b.Config.Reads(ports, port)...)
	}
	return fields
}

// Fingerprint is a text that is equal for configurations that behave alike.
// Secrets appear in it as digests only.
func (c Config) Fingerprint() string {
	var s strings.Builder
	for _, name := range slices.Sorted(maps.Keys(c.attrs)) {
		fmt.Fprintf(&s, "%s=", name)
		switch v := c.attrs[name].(type) {
		case nil:
		case Secret:
			fmt.Fprintf(&s, "%x", sha256.Sum256([]byte(v.Reveal())))
		case []NamedExpr:
			for _, n := range v {
				fmt.Fprintf(&s, "%q:%s,", n.Name, n.Expr)
			}
		case Expr:
			s.WriteString(v.String())
		case []Expr:
			for _, x := range v {
				fmt.Fprintf(&s, "%s,", x)
			}
		case Aggregation:
			s.WriteString(v.String())
		default:
			fmt.Fprintf(&s, "%#v", v)
		}
		if content := c.contents[name]; content != "" {
			fmt.Fprintf(&s, " (%s)", content)
		}
		s.WriteByte('\n')
	}
	for _, b := range c.blocks {
		fmt.Fprintf(&s, "%s %q {\n%s}\n", b.Name, b.Label, b.Config.Fingerprint())
	}
	if c.via != nil {
		fmt.Fprintf(&s, "via %s {\n%s}\n", c.via.kind.Name, c.via.config.Fingerprint())
	}
	return s.String()
}
