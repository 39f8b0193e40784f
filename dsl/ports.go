package dsl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

// readPorts reads the inputs of a kind that has several: an object with
// references for each.
func (b *builder) readPorts(s *stage, a *hclsyntax.Attribute) {
	ports := s.kind.transform.Ports
	object, ok := a.Expr.(*hclsyntax.ObjectConsExpr)
	if !ok {
		b.fail(a.Expr.Range(), "which input", "%s %q has the inputs %s; write from = %s", s.Role, s.Kind, strings.Join(ports, ", "), portsForm(ports, "source.NAME"))
		s.broken = true
		return
	}
	items, ok := b.portItems(object, ports)
	s.broken = s.broken || !ok
	for _, name := range ports {
		if e := items[name]; e != nil {
			b.readInputs(s, name, e)
		}
	}
}

// portItems returns the items of an object with one for each port, by port, and
// whether they are all there.
func (b *builder) portItems(object *hclsyntax.ObjectConsExpr, ports []string) (map[string]hclsyntax.Expression, bool) {
	items := map[string]hclsyntax.Expression{}
	first := map[string]hcl.Range{}
	ok := true
	for _, item := range object.Items {
		at := item.KeyExpr.Range()
		name, named := literalString(item.KeyExpr)
		switch _, dup := first[name]; {
		case !named || !slices.Contains(ports, name):
			b.fail(at, "unknown input", "there is no input %q; %s", name, hint(name, ports))
			ok = false
		case dup:
			b.add(duplicate(at, "input "+name, first[name]))
			ok = false
		default:
			first[name], items[name] = at, item.ValueExpr
		}
	}
	for _, name := range ports {
		if items[name] == nil && ok {
			b.fail(object.Range(), "missing input", "the input %s is missing; write %s", name, portsForm(ports, "..."))
			ok = false
		}
	}
	return items, ok
}

// portsForm writes what an object with one item for each port looks like.
func portsForm(ports []string, value string) string {
	items := make([]string, len(ports))
	for i, p := range ports {
		items[i] = p + " = " + value
	}
	return "{ " + strings.Join(items, ", ") + " }"
}

// port returns the index of an input's port.
func (s *stage) port(name string) int { return max(0, slices.Index(s.kind.transform.Ports, name)) }

// portExprs compiles an expression for each port, each for the records that
// come in there: an object of them, or one that stands for all. It is nil where
// one is wrong.
func (d *decoder) portExprs(spec plugins.Attr, a *hclsyntax.Attribute, path string, scope func(port int) *expr.Scope) []plugins.Expr {
	ports := d.stage.kind.transform.Ports
	if len(ports) == 0 {
		if x := d.expression(spec, scope(0), a.Expr, path); x != nil {
			return []plugins.Expr{x}
		}
		return nil
	}
	items := map[string]hclsyntax.Expression{}
	if object, ok := a.Expr.(*hclsyntax.ObjectConsExpr); ok {
		items, ok = d.portItems(object, ports)
		if !ok {
			d.failed = true
			return nil
		}
	}
	each := make([]plugins.Expr, 0, len(ports))
	for i, name := range ports {
		e := items[name]
		if e == nil {
			e = a.Expr
		}
		if x := d.expression(spec, scope(i), e, fmt.Sprintf("%s.%s", path, name)); x != nil {
			each = append(each, x)
		}
	}
	if len(each) < len(ports) {
		return nil
	}
	return each
}
