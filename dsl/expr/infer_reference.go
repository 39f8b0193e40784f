package expr

import (
	"cmp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/plugins"
)

// reference compiles a name with what follows it.
func (c *compiler) reference(t hcl.Traversal) *node {
	root := t.RootName()
	if l, ok := c.scope.local(root); ok {
		return c.local(l, t)
	}
	switch {
	case root == "event" && c.scope.Event != nil:
		return c.event(t)
	case root == "meta" && c.scope.Meta:
		return c.meta(t)
	case root == "key" && c.scope.Key:
		text := plugins.Of(plugins.String)
		return c.steps(cast(metaNode("key", text.OrNull(), t[0].SourceRange()), text), t[1:])
	case root == "setting":
		return c.setting(t)
	}
	return c.absent(t)
}

// absent reports a name that stands for nothing in this place.
func (c *compiler) absent(t hcl.Traversal) *node {
	root, at := t.RootName(), t.SourceRange()
	if why := c.scope.whyAbsent(t); why != "" {
		return c.fail(at, "not available here", "%s", why)
	}
	if text, ok := elsewhere[root]; ok {
		return c.fail(at, "not available here", "%s is not available in this place: %s", root, text)
	}
	if staticRoots[root] {
		return c.fail(at, "not available here", "%s has no values in this place", root)
	}
	if c.scope.Event != nil {
		if _, known := c.scope.Event.Type.Field(root); known {
			return c.fail(at, "unknown name", "there is no %s; did you mean event.%s?", root, root)
		}
	}
	for _, l := range c.scope.Locals {
		if _, known := l.Type.Field(root); known {
			return c.fail(at, "unknown name", "there is no %s; did you mean %s.%s?", root, l.Root, root)
		}
	}
	return c.fail(at, "unknown name", "there is no %s%s", root, didYouMean(root, c.scope.roots()))
}

func (c *compiler) setting(t hcl.Traversal) *node {
	at := t.SourceRange()
	if len(t) < 2 {
		return c.fail(at, "incomplete reference", "say which setting: setting.name")
	}
	name, ok := stepName(t[1])
	s := c.scope.Settings[name]
	if !ok || s == nil {
		if n := c.minus("setting", name, t[2:], at); n != nil {
			return n
		}
		var names []string
		for n := range c.scope.Settings {
			names = append(names, n)
		}
		return c.fail(at, "unknown setting", "there is no setting %s%s", name, didYouMean(name, names))
	}
	return c.steps(settingNode(s, at), t[2:])
}

// minus reports a name, of something with a name of its own or none, that was
// meant as a subtraction of what goes on with the rest.
func (c *compiler) minus(of, name string, rest hcl.Traversal, at hcl.Range) *node {
	roots := []string{"event", "setting", "meta", "key", "var", "local"}
	for _, l := range c.scope.Locals {
		roots = append(roots, l.Root)
	}
	for _, root := range roots {
		if before, found := strings.CutSuffix(name, "-"+root); found && before != "" {
			for _, step := range rest {
				part, ok := stepName(step)
				if !ok {
					break
				}
				root += "." + part
			}
			return c.fail(at, "missing spaces", "%s is one name, because names may have a minus in them; write %s - %s to subtract", name, partName(of, before), root)
		}
	}
	return nil
}

// partName is the name of a part of something, as far as that has a name.
func partName(of, name string) string {
	if of == "" {
		return name
	}
	return of + "." + name
}

// event compiles a reference to a field. As far as it goes through records by
// name, it is a path that the decoder takes out; the rest is taken out of what
// stands there.
func (c *compiler) event(t hcl.Traversal) *node {
	shape := c.scope.Event
	if len(t) == 1 {
		return c.wholeRecord(t.SourceRange())
	}
	p, bad := c.follow(t, shape.Type)
	if bad != nil {
		return bad
	}
	if path := plugins.JoinPath(p.path...); !shape.IsColumn(path) {
		return c.steps(c.field(path, p.read, p.t, p.at), p.rest)
	}
	return c.inColumn(plugins.JoinPath(p.path[0]), shape.Type, p)
}

// place is where a reference leads to, as far as it goes by name.
type place struct {
	path []string
	read plugins.Type // what stands there: null where something on the way is
	t    plugins.Type // the same without null, where that is ruled out
	at   hcl.Range
	rest hcl.Traversal // what follows
}

// follow goes by name into a record of a type.
func (c *compiler) follow(t hcl.Traversal, of plugins.Type) (place, *node) {
	root := t.RootName()
	p := place{rest: t[1:]}
	now, nullable := of, of.Nullable
	for len(p.rest) > 0 {
		name, named := stepName(p.rest[0])
		if !named || now.Kind == plugins.List {
			break
		}
		next, bad := c.fieldOf(now, name, strings.Join(append([]string{root}, p.path...), "."), p.rest[1:], p.rest[0].SourceRange())
		if bad != nil {
			return p, bad
		}
		p.path, now, p.rest = append(p.path, name), next, p.rest[1:]
		nullable = nullable || now.Nullable || now.Kind == plugins.Any
		p.read = now
		p.read.Nullable = nullable
	}
	if len(p.path) == 0 {
		return p, c.fail(t.SourceRange(), "not a field", "a record has named fields: %s.name", root)
	}
	p.at = hcl.RangeBetween(t[0].SourceRange(), t[len(p.path)].SourceRange())
	p.t = p.read
	p.t.Nullable = p.t.Kind != plugins.Any && p.read.Nullable && !c.neverNull(root, of, p.path)
	return p, nil
}

// inColumn compiles a reference into a record of a type of which the first
// field on the way is the column at path.
func (c *compiler) inColumn(path plugins.Path, of plugins.Type, p place) *node {
	if len(p.path) == 1 {
		return c.steps(c.field(path, p.read, p.t, p.at), p.rest)
	}
	top, _ := of.Field(p.path[0]) // any, where nothing is known of it
	top.Nullable = top.Nullable || of.Nullable && top.Kind != plugins.Any
	return c.steps(member(c.field(path, top, top, p.at), p.path[1:], p.t, p.at), p.rest)
}

// neverNull reports whether null can be ruled out for a field, of a record of
// type t, that may be null by its type or that of a record around it.
func (c *compiler) neverNull(root string, t plugins.Type, path []string) bool {
	name := plugins.JoinPath(root)
	if t.Nullable && !c.facts.known(name) {
		return false
	}
	for _, p := range path {
		name += "/" + plugins.JoinPath(p)
		ft, ok := t.Field(p)
		if !ok {
			ft = t.Element().OrNull()
		}
		if ft.Nullable && !c.facts.known(name) {
			return false
		}
		t = ft
	}
	return true
}

// field notes that a field is read, and makes its node.
func (c *compiler) field(path plugins.Path, read, typ plugins.Type, at hcl.Range) *node {
	c.reads[path] = read
	return field(path, read, typ, at)
}

// fieldOf returns the type of a field of values of type t, which messages call
// text, if it has one. The rest is what follows the field.
func (c *compiler) fieldOf(t plugins.Type, name, text string, rest hcl.Traversal, at hcl.Range) (plugins.Type, *node) {
	top := text == "event"
	if ft, ok := t.Field(name); ok {
		return ft, nil
	}
	switch t.Kind {
	case plugins.Any:
		if n := c.minus(text, name, rest, at); n != nil {
			return t, n
		}
		if top && slices.Contains(c.scope.Event.Removed, name) {
			return t, c.fail(at, "unknown field", "%s was removed by a stage before", name)
		}
		return plugins.Type{}, nil
	case plugins.Map:
		return t.Element().OrNull(), nil
	case plugins.Record:
		if n := c.minus(text, name, rest, at); n != nil {
			return t, n
		}
		return t, c.unknownField(t, name, text, at)
	}
	hint := ""
	if part := "time::" + name; t.Kind == plugins.Time && functionTable().byName[part] != nil {
		hint = "; write " + part + "(" + cmp.Or(text, "...") + ")"
	}
	return t, c.fail(at, "not a record", "a value of type %s has no %s: it has no fields%s", t.Kind, name, hint)
}

func (c *compiler) unknownField(t plugins.Type, name, text string, at hcl.Range) *node {
	names := make([]string, len(t.Fields))
	for i, f := range t.Fields {
		names[i] = f.Name
	}
	if before, after, found := strings.Cut(name, "-"); found && slices.Contains(names, before) {
		return c.fail(at, "unknown field", "there is no field %s, because names may have a minus in them; write %s - %s to subtract", name, partName(text, before), after)
	}
	what := "the record"
	if _, local := c.scope.local(text); local {
		what = text
	} else if text != "event" {
		what = "that part of the record"
	}
	hint := didYouMean(name, names)
	if hint == "" && len(names) <= 8 {
		hint = "; it has " + strings.Join(names, ", ")
	}
	if len(names) == 0 {
		hint = ""
	}
	return c.fail(at, "unknown field", "%s has no field %s%s", what, name, hint)
}

// wholeRecord compiles `event` itself.
func (c *compiler) wholeRecord(at hcl.Range) *node {
	shape := c.scope.Event
	if shape.Untouched() {
		t := shape.Type
		if t.Kind == plugins.Any {
			t.Kind = plugins.Record
		}
		return c.field("", plugins.Of(plugins.Record), t, at)
	}
	if shape.Format == "" {
		t := shape.Type
		items := make([]item, len(t.Fields))
		for i, f := range t.Fields {
			items[i] = item{f.Name, c.field(plugins.JoinPath(f.Name), f.Type, f.Type, at)}
		}
		return object(items, t, at)
	}
	base := c.field("", plugins.Of(plugins.Record), plugins.Of(plugins.Record), at)
	var set []item
	for _, name := range shape.Set {
		ft, _ := shape.Type.Field(name)
		set = append(set, item{name, c.field(plugins.JoinPath(name), ft, ft, at)})
	}
	t := shape.Type
	t.Kind = plugins.Record
	return overlay(base, set, shape.Removed, t, at)
}

// steps compiles what follows a value: .name and [index].
func (c *compiler) steps(n *node, steps hcl.Traversal) *node {
	for _, step := range steps {
		if n.invalid {
			return n
		}
		at := hcl.RangeBetween(n.at, step.SourceRange())
		if name, ok := stepName(step); ok && n.t.Kind != plugins.List {
			n = c.member(n, name, step.SourceRange(), at)
			continue
		}
		i, ok := step.(hcl.TraverseIndex)
		if !ok {
			return c.fail(step.SourceRange(), "not a record", "a list has elements: write [0] for the first, or [*].name for a field of each")
		}
		v, err := FromCty(i.Key)
		if err != nil {
			return c.fail(step.SourceRange(), "not an index", "%s", err)
		}
		n = c.indexed(n, constant(v, plugins.Of(v.Kind), step.SourceRange()), at)
	}
	return n
}

func (c *compiler) member(n *node, name string, step, at hcl.Range) *node {
	known := n.t
	if n.t.Kind == plugins.Record && len(n.t.Fields) == 0 {
		known = plugins.Type{} // nothing is known about its fields
	}
	t, bad := c.fieldOf(known, name, "", nil, step)
	if bad != nil {
		return bad
	}
	if n.t.Nullable && t.Kind != plugins.Any {
		t.Nullable = true
	}
	return member(n, []string{name}, t, at)
}

// index compiles base[key] where the key, or the base, is not a constant.
func (c *compiler) index(e *hclsyntax.IndexExpr) *node {
	base, key := c.compile(e.Collection), c.operand(e.Key)
	if base.invalid || key.invalid {
		return invalid(e.Range())
	}
	return c.indexed(base, key, e.Range())
}

func (c *compiler) indexed(base, key *node, at hcl.Range) *node {
	t := plugins.Type{}
	byName := key.t.Kind == plugins.String
	byNumber := key.t.Kind == plugins.Int
	switch k := base.t.Kind; {
	case key.t.Kind != plugins.Any && !byName && !byNumber:
		return c.fail(key.at, "not an index", "an index is an int or, in records and maps, a string, not %s", key.t.Kind)
	case k == plugins.List && byName:
		return c.fail(key.at, "not an index", "elements of a list have numbers: the first is [0]")
	case isObject(k) && byNumber:
		return c.fail(key.at, "not an index", "parts of a %s have names: [\"name\"]", k)
	case k == plugins.List:
		t = base.t.Element()
	case k == plugins.Map:
		t = base.t.Element().OrNull()
	case k == plugins.Record:
		t = anyField(base.t)
	case k != plugins.Any:
		return c.fail(base.at, "no parts", "a value of type %s has no parts", k)
	}
	if base.t.Nullable && t.Kind != plugins.Any {
		t.Nullable = true
	}
	return index(base, key, t, at)
}

// anyField is the type of a field of which the name is not known.
func anyField(t plugins.Type) plugins.Type {
	var common plugins.Type
	for i, f := range t.Fields {
		ft := fieldType(f.Type)
		if i > 0 {
			var ok bool
			if ft, ok = unify(common, ft); !ok {
				return plugins.Type{}
			}
		}
		common = ft
	}
	if len(t.Fields) == 0 {
		return plugins.Type{}
	}
	return common.OrNull()
}

// stepName returns the name that a step goes to, as .name or ["name"].
func stepName(step hcl.Traverser) (string, bool) {
	switch s := step.(type) {
	case hcl.TraverseAttr:
		return s.Name, true
	case hcl.TraverseIndex:
		if s.Key.Type() == cty.String {
			return isString(s.Key)
		}
	}
	return "", false
}
