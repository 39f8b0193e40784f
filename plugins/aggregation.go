package plugins

import (
	"fmt"
	"strconv"
	"strings"
)

// Aggregation is an object of expressions over groups of records: what stands
// in calls of agg:: is computed per record and aggregated, the rest is computed
// once for each group.
type Aggregation struct {
	Calls []AggregateCall // each once, in the order of their first use
	// Emit are the fields of the result. They read locals, and the result of
	// Calls[i] as the column at [AggregatePath](i).
	Emit []NamedExpr
}

// AggregateCall is a call of an aggregate function.
type AggregateCall struct {
	Func string // without agg::
	Args []Expr // that are computed per record
	// Params are the arguments that are constants by the function's
	// definition, such as the quantile of a percentile.
	Params []Value
	Type   Type   // of the result
	Range  string // where it stands
}

// AggregatePath is the path of the column with the result of Calls[i].
func AggregatePath(i int) Path { return LocalPath("agg", strconv.Itoa(i)) }

// String writes the aggregation in a normal form: equal strings mean equal
// behaviour.
func (a Aggregation) String() string {
	var s strings.Builder
	for _, c := range a.Calls {
		s.WriteString(c.String())
		s.WriteByte(';')
	}
	for _, n := range a.Emit {
		fmt.Fprintf(&s, "%q:%s,", n.Name, n.Expr)
	}
	return s.String()
}

// String writes the call in a normal form: percentile(event.t, 0.5), but with
// the types of what is read.
func (c AggregateCall) String() string {
	var args []string
	for _, x := range c.Args {
		args = append(args, x.String())
	}
	for _, p := range c.Params {
		args = append(args, p.String())
	}
	return c.Func + "(" + strings.Join(args, ", ") + ")"
}

// exprs returns all expressions.
func (a Aggregation) exprs() []Expr {
	var es []Expr
	for _, c := range a.Calls {
		es = append(es, c.Args...)
	}
	for _, n := range a.Emit {
		es = append(es, n.Expr)
	}
	return es
}
