package transforms

import "github.com/onstream/onstream/plugins"

// fields is an object of expressions at work: each becomes a column.
type fields struct {
	names []string
	evals []plugins.Evaluator
	cols  []*plugins.Column
}

func newFields(exprs []plugins.NamedExpr, env plugins.Env) *fields {
	f := &fields{cols: make([]*plugins.Column, len(exprs))}
	for _, e := range exprs {
		f.names = append(f.names, e.Name)
		f.evals = append(f.evals, e.Expr.Evaluator(env))
	}
	return f
}

// eval computes all columns, none of which sees another one. Rows for which
// one has no value are failed and dropped from b.Sel.
func (f *fields) eval(b *plugins.Batch) {
	for k, e := range f.evals {
		f.cols[k] = e.Eval(b)
	}
}

// add makes the columns fields of b.
func (f *fields) add(b *plugins.Batch) {
	for k, name := range f.names {
		b.AddColumn(name, f.cols[k])
	}
}

// typesOf returns the fields that an object of expressions makes.
func typesOf(exprs []plugins.NamedExpr) []plugins.Field {
	fs := make([]plugins.Field, len(exprs))
	for k, e := range exprs {
		fs[k] = plugins.Field{Name: e.Name, Type: e.Expr.Type()}
	}
	return fs
}
