package expr

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/onstream/onstream/plugins"
)

// Expr is a compiled event expression. It is immutable and safe for concurrent
// use.
type Expr struct {
	root      *node
	reads     []plugins.Field
	facts     facts // what is known where it is true
	text      string
	at        hcl.Range
	folded    []Folded
	fallbacks []string
	volatile  bool
}

// Folded is a part of an expression that was computed once, when built.
type Folded struct {
	Range hcl.Range
	Text  string // the value
}

var (
	_ plugins.Expr      = (*Expr)(nil)
	_ plugins.Narrower  = (*Expr)(nil)
	_ plugins.Volatile  = (*Expr)(nil)
	_ plugins.Constant  = (*Expr)(nil)
	_ plugins.Reference = (*Expr)(nil)
)

// Type is the type of the result.
func (e *Expr) Type() plugins.Type { return e.root.t }

// Reads lists the fields that the expression reads, sorted by path.
func (e *Expr) Reads() []plugins.Field { return slices.Clone(e.reads) }

// String is the expression in a normal form, with the types of what it reads.
func (e *Expr) String() string { return e.text }

// Range is where the expression stands.
func (e *Expr) Range() string { return e.at.String() }

// Folded lists the parts that were computed when the expression was compiled.
func (e *Expr) Folded() []Folded { return slices.Clone(e.folded) }

// Fallbacks names the functions and constructs in it that are evaluated value
// by value instead of by a kernel: correct, but slower.
func (e *Expr) Fallbacks() []string { return slices.Clone(e.fallbacks) }

// Volatile reports whether the value depends on more than the record: on when it
// is computed, as that of time::now() does, or when the record came in, or on
// chance.
func (e *Expr) Volatile() bool { return e.volatile }

// Constant returns the value where it is the same for every record.
func (e *Expr) Constant() (plugins.Value, bool) {
	if e.root.value == nil {
		return plugins.Value{}, false
	}
	return *e.root.value, true
}

// Field returns the field of the record whose value it has.
func (e *Expr) Field() (plugins.Path, bool) {
	if e.root.field == nil {
		return "", false
	}
	return *e.root.field, true
}

// Evaluator returns an evaluator with its own scratch memory.
func (e *Expr) Evaluator(env plugins.Env) plugins.Evaluator {
	w := &workshop{env: env}
	x := &evaluator{root: e.root.make(w)}
	for _, s := range w.slots {
		x.run.slots = append(x.run.slots, s)
	}
	return x
}

// evaluator runs a tree of kernels.
type evaluator struct {
	root kernel
	run  run
}

// Eval computes the column for the selected rows of b.
func (e *evaluator) Eval(b *plugins.Batch) *plugins.Column {
	e.run.start(b)
	col := e.root(&e.run, b.Sel)
	e.run.finish()
	return col
}

// isVolatile looks for what does not depend on the record alone.
func isVolatile(e hclsyntax.Expression) bool {
	found := false
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n := n.(type) {
		case *hclsyntax.FunctionCallExpr:
			f := functionTable().byName[n.Name]
			found = found || f != nil && !f.Pure
		case *hclsyntax.ScopeTraversalExpr:
			found = found || len(n.Traversal) > 1 && slices.Equal(traversalNames(n.Traversal[:2]), []string{"meta", "received"})
		}
		return nil
	})
	return found
}

// newExpr finishes what the compiler has found out.
func newExpr(c *compiler, e hclsyntax.Expression, root *node) *Expr {
	if root.t.Kind == plugins.Null {
		root = constant(plugins.Value{Kind: plugins.Null}, plugins.Type{}, root.at)
	}
	x := &Expr{root: root, at: e.Range(), folded: c.folded, fallbacks: c.fallbacks, volatile: isVolatile(e)}
	whenTrue, _ := c.narrowing(e)
	x.facts = whenTrue
	for path, t := range c.reads {
		x.reads = append(x.reads, plugins.Field{Name: path, Type: t})
	}
	slices.SortFunc(x.reads, func(a, b plugins.Field) int { return strings.Compare(a.Name, b.Name) })
	x.text = c.normalForm(e, x.reads)
	return x
}
