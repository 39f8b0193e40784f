package expr

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/onstream/onstream/plugins"
)

// metaTypes are the parts of meta, besides header.
var metaTypes = map[string]plugins.Type{
	"partition": plugins.Of(plugins.String),
	"offset":    plugins.Of(plugins.Int).OrNull(),
	"time":      plugins.Of(plugins.Time).OrNull(),
	"received":  plugins.Of(plugins.Time),
	"key":       plugins.Of(plugins.String).OrNull(),
	"topic":     plugins.Of(plugins.String).OrNull(),
}

var metaNames = []string{"partition", "offset", "time", "received", "key", "topic", "header"}

// meta compiles a reference to what is known about a record beside its fields.
func (c *compiler) meta(t hcl.Traversal) *node {
	at := t.SourceRange()
	if len(t) < 2 {
		return c.fail(at, "incomplete reference", "say what of meta: partition, offset, time, received, key, topic or header[\"name\"]")
	}
	at = hcl.RangeBetween(t[0].SourceRange(), t[1].SourceRange())
	name, _ := stepName(t[1])
	if name == "header" {
		if len(t) < 3 {
			return c.fail(at, "incomplete reference", `say which header: meta.header["name"]`)
		}
		header, ok := stepName(t[2])
		if !ok {
			return c.fail(t[2].SourceRange(), "not a header", `headers have names: meta.header["name"]`)
		}
		at = hcl.RangeBetween(at, t[2].SourceRange())
		typ := plugins.Of(plugins.String).OrNull()
		typ.Nullable = !c.facts.known(plugins.JoinPath("meta", "header", header))
		return c.steps(headerNode(header, typ, at), t[3:])
	}
	typ, ok := metaTypes[name]
	if !ok {
		if n := c.minus("meta", name, t[2:], at); n != nil {
			return n
		}
		return c.fail(t[1].SourceRange(), "unknown name", "meta has no %s%s", name, didYouMean(name, metaNames))
	}
	typ.Nullable = typ.Nullable && !c.facts.known(plugins.JoinPath("meta", name))
	return c.steps(metaNode(name, typ, at), t[2:])
}
