package transforms

import (
	"slices"

	"github.com/onstream/onstream/plugins"
)

// reduceUpdate computes the values of all fields of a state from what they
// were. Fields without an expression keep theirs.
type reduceUpdate struct {
	fields *fields
	source []int    // by field of the state: which of fields makes it, -1 for none
	guards []*guard // by field, nil where the types say that nothing can be wrong
	cols   []*plugins.Column
}

// guard makes sure that values are of the type with which the state began.
type guard struct {
	field string
	want  plugins.Type
	at    string
}

func newReduceUpdate(initial, update []plugins.NamedExpr, env plugins.Env) *reduceUpdate {
	u := &reduceUpdate{
		fields: newFields(update, env), source: make([]int, len(initial)),
		guards: make([]*guard, len(initial)), cols: make([]*plugins.Column, len(initial)),
	}
	for k, n := range initial {
		from := slices.IndexFunc(update, func(o plugins.NamedExpr) bool { return o.Name == n.Name })
		u.source[k] = from
		if from < 0 {
			continue
		}
		if want, got := n.Expr.Type(), update[from].Expr.Type(); want.Kind != plugins.Any && got.Kind == plugins.Any {
			u.guards[k] = &guard{n.Name, want, update[from].Expr.Range()}
		}
	}
	return u
}

// eval computes the values for the selected rows of b, which has the state as
// it was: state. Rows for which one has no value are failed and dropped from
// b.Sel.
func (u *reduceUpdate) eval(b *plugins.Batch, state *rowColumns) {
	u.fields.eval(b)
	for k, from := range u.source {
		if from < 0 {
			u.cols[k] = &state.cols[k]
			continue
		}
		u.cols[k] = u.fields.cols[from]
		if g := u.guards[k]; g != nil {
			g.check(b, u.cols[k])
		}
	}
	b.DropFailed()
}

// append appends the values for row i in the form in which they are stored.
func (u *reduceUpdate) append(dst []byte, i uint32) []byte {
	for k, col := range u.cols {
		if g := u.guards[k]; g != nil && g.want.Kind == plugins.Float && kindOf(col, i) == plugins.Int {
			dst = appendFloat(dst, float64(col.Ints[i])) // a number that happens to be whole
			continue
		}
		dst = appendValue(dst, col, i)
	}
	return dst
}

func (g *guard) check(b *plugins.Batch, col *plugins.Column) {
	for _, i := range b.Sel {
		switch k := kindOf(col, i); {
		case k == plugins.Int && g.want.Kind == plugins.Float:
		case col.IsNull(i) && !g.want.Nullable:
			b.Fail(i, plugins.Failure{Code: "null", Msg: "the new value of state." + g.field + " is null, which it was not in initial: guard it with default(x, ...)", Expr: g.at})
		case !col.IsNull(i) && k != g.want.Kind:
			b.Fail(i, plugins.Failure{Code: "type", Msg: "the new value of state." + g.field + " is of type " + k.String() + ", but initial makes it " + g.want.Kind.String() + ": convert it, or begin with another type, such as 0.0 for a float", Expr: g.at})
		}
	}
}
