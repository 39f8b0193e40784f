package wire

import (
	"fmt"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
)

func fromExpr(x plugins.Expr, column string) *pb.Expression {
	p := &pb.Expression{Type: FromType(x.Type()), Text: x.String(), Place: x.Range(), Column: column}
	if v, ok := plugins.ConstantOf(x); ok {
		p.Constant = FromValue(v)
	}
	if path, ok := plugins.FieldOf(x); ok {
		p.Field = path
	}
	return p
}

func toExprs(p *pb.Expressions) ([]plugins.NamedExpr, error) {
	all := make([]plugins.NamedExpr, 0, len(p.GetValues()))
	for _, n := range p.GetValues() {
		x, err := toExpr(n.GetExpression())
		if err != nil {
			return nil, fmt.Errorf("expression %q: %w", n.GetName(), err)
		}
		all = append(all, plugins.NamedExpr{Name: n.GetName(), Expr: x})
	}
	return all, nil
}

func toExpr(p *pb.Expression) (plugins.Expr, error) {
	if p == nil {
		return nil, fmt.Errorf("the message has no expression")
	}
	t, err := ToType(p.GetType())
	if err != nil {
		return nil, err
	}
	x := &expr{t: t, text: p.GetText(), place: p.GetPlace(), field: p.GetField(), column: p.GetColumn()}
	if p.GetConstant() != nil {
		if x.constant, err = ToValue(p.GetConstant()); err != nil {
			return nil, fmt.Errorf("constant: %w", err)
		}
		if t.Kind != plugins.Any && x.constant.Kind != t.Kind && x.constant.Kind != plugins.Null {
			return nil, fmt.Errorf("constant is of kind %s, and the expression of type %s", x.constant.Kind, t)
		}
		x.known = true
	}
	return x, nil
}

// expr is an expression that the host evaluates: here it is a column of the batches that come.
type expr struct {
	t           plugins.Type
	text, place string
	field       plugins.Path
	column      string
	constant    plugins.Value
	known       bool // constant is its value
}

var (
	_ plugins.Expr      = (*expr)(nil)
	_ plugins.Constant  = (*expr)(nil)
	_ plugins.Reference = (*expr)(nil)
)

func (x *expr) Type() plugins.Type { return x.t }

// Reads returns nothing: what it reads stays with the host.
func (x *expr) Reads() []plugins.Field { return nil }

func (x *expr) String() string { return x.text }
func (x *expr) Range() string  { return x.place }

func (x *expr) Constant() (plugins.Value, bool) { return x.constant, x.known }

func (x *expr) Field() (plugins.Path, bool) { return x.field, x.field != "" }

func (x *expr) Evaluator(plugins.Env) plugins.Evaluator { return &evaluator{expr: x} }

// evaluator finds the column of an expression in a batch.
type evaluator struct {
	*expr
	made plugins.Column // of a constant, or of rows that all fail
}

func (e *evaluator) Eval(b *plugins.Batch) *plugins.Column {
	if e.column != "" {
		if col := b.Column(e.column); col != nil {
			return col
		}
	}
	e.made.Reset(e.t.Kind, b.Len)
	if e.known {
		e.made.Data = e.made.Data[:0]
		fill(&e.made, b.Len, e.constant)
		return &e.made
	}
	// Of a batch that the plugin has made itself, nothing is known here.
	for _, i := range b.Sel {
		b.Fail(i, plugins.Failure{Code: "expr", Msg: "an expression has values only for records that came from the host", Expr: e.place})
	}
	b.DropFailed()
	return &e.made
}

// fill gives each row of a column one value, whose bytes are there once.
func fill(c *plugins.Column, rows int, v plugins.Value) {
	for i := range rows {
		if i == 0 || v.Kind == plugins.Null || !hasText(v.Kind) {
			c.SetValue(uint32(i), v)
			continue
		}
		c.Spans[i] = c.Spans[0]
		if c.Kind == plugins.Any {
			c.Kinds[i] = v.Kind
		}
	}
}
