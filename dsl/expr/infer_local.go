package expr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/onstream/onstream/plugins"
)

// local is something that the stage itself gives: columns that it adds before
// the expression is evaluated.
type local struct {
	root string
	t    plugins.Type
	path plugins.Path // of the column of one that is a single column
}

// single reports whether the local is one column, rather than one for each of
// its fields.
func (l local) single() bool { return l.path != "" }

// local returns what the stage gives under a name.
func (s *Scope) local(root string) (local, bool) {
	if r, ok := s.results[root]; ok {
		return local{root, r.t, r.path}, true
	}
	i := slices.IndexFunc(s.Locals, func(l plugins.Local) bool { return l.Root == root })
	if i < 0 {
		return local{}, false
	}
	l := local{root: root, t: s.Locals[i].Type}
	if k := l.t.Kind; s.Locals[i].Whole || k != plugins.Record && k != plugins.Any {
		l.path = plugins.LocalPath(root)
	}
	return l, true
}

// local compiles a reference to what the stage gives.
func (c *compiler) local(l local, t hcl.Traversal) *node {
	switch {
	case l.single():
		known := l.t
		known.Nullable = known.Nullable && !c.facts.known(plugins.JoinPath(l.root))
		return c.steps(c.field(l.path, l.t, known, t[0].SourceRange()), t[1:])
	case len(t) == 1:
		return c.wholeLocal(l, t.SourceRange())
	}
	p, bad := c.follow(t, l.t)
	if bad != nil {
		return bad
	}
	return c.inColumn(plugins.LocalPath(l.root, p.path[0]), l.t, p)
}

// wholeLocal compiles a local that is a record, by its name alone.
func (c *compiler) wholeLocal(l local, at hcl.Range) *node {
	switch {
	case l.t.Kind == plugins.Any:
		return c.fail(at, "fields not known", "%s has no declared fields and is known by field only; write %s.NAME, or give the source a schema", l.root, l.root)
	case l.t.Nullable && !c.facts.known(plugins.JoinPath(l.root)):
		return c.fail(at, "value may be null", "%s may be missing as a whole; take its fields, and test one of them: %s.NAME != null", l.root, l.root)
	}
	t := l.t.NotNull()
	items := make([]item, len(t.Fields))
	for i, f := range t.Fields {
		read := f.Type
		read.Nullable = read.Nullable || l.t.Nullable
		items[i] = item{f.Name, c.field(plugins.LocalPath(l.root, f.Name), read, f.Type, at)}
	}
	return object(items, t, at)
}

// whyAbsent tells of a name that is known, but not in this place, what to do
// about it; "" where there is nothing to tell.
func (s *Scope) whyAbsent(t hcl.Traversal) string {
	root := t.RootName()
	known := slices.ContainsFunc(s.group, func(l plugins.Local) bool { return l.Root == root })
	switch isRecord := root == "event" || root == "meta"; {
	case known:
		return fmt.Sprintf("%s is of the whole group, not of one of its records; use it outside of agg::", root)
	case isRecord && s.aggregating == ofGroup:
		return fmt.Sprintf("%s is of one record, and this is computed once for a group of them; say of which: agg::last(%s)", root, traversalText(t))
	case root == "event" && len(s.Locals) > 0:
		names := make([]string, len(s.Locals))
		for i, l := range s.Locals {
			names[i] = l.Root
		}
		return "event is not available in this place: here there are " + strings.Join(names, ", ")
	}
	return ""
}
