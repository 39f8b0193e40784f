package transforms

import "github.com/onstream/onstream/plugins"

// reduceResult makes results of the states after records.
type reduceResult struct {
	when  *predicate // nil for always
	emit  *fields    // nil for the key and the state
	names []string   // of the fields of the state
}

func newReduceResult(c plugins.Config, env plugins.Env) *reduceResult {
	r := &reduceResult{}
	if when := c.Expr("when"); when != nil {
		r.when = newPredicate(when, env)
	}
	if c.Has("emit") {
		r.emit = newFields(c.Exprs("emit"), env)
	}
	for _, n := range c.Exprs("initial") {
		r.names = append(r.names, n.Name)
	}
	return r
}

// pass emits the results of the selected rows of b, which has the locals.
func (r *reduceResult) pass(b *plugins.Batch, key *plugins.Column, state *rowColumns, out plugins.Emitter) {
	if r.when != nil && len(b.Sel) > 0 {
		truth := r.when.of(b)
		rows := len(b.Sel)
		kept := b.Sel[:0]
		for _, i := range b.Sel {
			if truth[i] {
				kept = append(kept, i)
			}
		}
		b.Sel = kept
		if n := rows - len(kept); n > 0 {
			out.Drop(n)
		}
	}
	if r.emit != nil && len(b.Sel) > 0 {
		r.emit.eval(b)
	}
	if len(b.Sel) == 0 {
		return
	}
	b.CloseRecord()
	if r.emit != nil {
		r.emit.add(b)
	} else {
		if key != nil {
			b.AddColumn("key", key)
		}
		for k, name := range r.names {
			b.AddColumn(name, &state.cols[k])
		}
	}
	out.Emit(0, b)
}
