package dsl

import (
	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

// scope is what expressions may use wherever they stand.
func (b *builder) scope() *expr.Scope {
	return &expr.Scope{Meta: true, Key: true, Static: b.event, Budget: b.steps, Settings: b.pipeline.Settings}
}

// recordScope is what expressions may use that are about the records of one of
// the inputs.
func (d *decoder) recordScope(port int) *expr.Scope {
	scope := d.scope()
	if port < len(d.in) {
		scope.Event = &d.in[port]
	}
	return scope
}

// scopeOf is what the expressions of an attribute may use. Where the kind has
// names of its own, they follow from what is decoded already: if something is
// wrong with that, the expression cannot be looked at.
func (d *decoder) scopeOf(spec plugins.Attr, port int) *expr.Scope {
	scope := d.recordScope(port)
	own := d.stage.kind.transform.Locals
	if own == nil {
		return scope
	}
	if d.blind = d.blind || d.failed; d.blind {
		return scope
	}
	locals, event := own(spec.Name, d.in, d.known)
	scope.Locals = locals
	if !event && spec.Type != plugins.AttrAggregation {
		scope.Event, scope.Meta, scope.Key = nil, false, false
	}
	return scope
}
