package transforms

import "github.com/onstream/onstream/plugins"

// predicate is a condition on records.
type predicate struct {
	eval  plugins.Evaluator
	at    string
	truth []bool // for conditions that are not a plain bool column
}

func newPredicate(e plugins.Expr, env plugins.Env) *predicate {
	return &predicate{eval: e.Evaluator(env), at: e.Range()}
}

// of returns, by row, whether the condition holds. Rows for which that cannot
// be said are failed and dropped from b.Sel.
func (p *predicate) of(b *plugins.Batch) []bool {
	col := p.eval.Eval(b)
	if col.Kind == plugins.Bool && col.Nulls == nil {
		return col.Bools
	}
	if cap(p.truth) < b.Len {
		p.truth = make([]bool, b.Len)
	}
	p.truth = p.truth[:b.Len]
	for _, i := range b.Sel {
		switch {
		case col.IsNull(i):
			b.Fail(i, plugins.Failure{Code: "null", Msg: "the condition is null, not true or false: guard it with default(x, false)", Expr: p.at})
		case col.Kind == plugins.Bool:
			p.truth[i] = col.Bools[i]
		case col.Kind == plugins.Any && col.Kinds[i] == plugins.Bool:
			p.truth[i] = col.Ints[i] != 0
		default:
			b.Fail(i, plugins.Failure{Code: "type", Msg: "the condition is of type " + kindOf(col, i).String() + ", not bool", Expr: p.at})
		}
	}
	b.DropFailed()
	return p.truth
}

// kindOf returns the kind of row i.
func kindOf(col *plugins.Column, i uint32) plugins.Kind {
	if col.Kind == plugins.Any {
		return col.Kinds[i]
	}
	return col.Kind
}

// narrow returns the shape of the records for which the condition holds.
func narrow(s plugins.Shape, where plugins.Expr) plugins.Shape {
	if n, ok := where.(plugins.Narrower); ok {
		s.Type = n.Narrow(s.Type)
	}
	return s
}
