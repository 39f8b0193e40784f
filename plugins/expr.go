package plugins

// Expr is a compiled event expression. It is immutable and safe for
// concurrent use; what runs is an [Evaluator].
type Expr interface {
	// Type is the type of the result.
	Type() Type
	// Reads lists the fields of the input that it reads, by path, with the
	// types its evaluators expect the columns to have.
	Reads() []Field
	// Evaluator returns an evaluator with its own scratch memory.
	Evaluator(env Env) Evaluator
	// String is the expression in a normal form: equal strings mean equal
	// behaviour.
	String() string
	// Range is where the expression stands: file:line,column-column.
	Range() string
}

// Evaluator computes an expression over batches. It is used by one goroutine
// at a time.
type Evaluator interface {
	// Eval returns a column with the value for each selected row. Rows for
	// which the expression has no value are failed and dropped from b.Sel.
	// The column belongs to the evaluator and is valid until its next Eval.
	Eval(b *Batch) *Column
}

// Narrower is an expression of type bool that tells more about the records
// for which it is true.
type Narrower interface {
	// Narrow returns the type of the records of type t that pass.
	Narrow(t Type) Type
}

// Volatile is an expression that may tell that its value depends on more than
// the record: on the clock, or on chance.
type Volatile interface{ Volatile() bool }

// Constant is an expression that may tell that its value is the same for every
// record.
type Constant interface{ Constant() (v Value, ok bool) }

// ConstantOf returns the value of an expression that is the same for every
// record.
func ConstantOf(x Expr) (v Value, ok bool) {
	if c, is := x.(Constant); is {
		return c.Constant()
	}
	return Value{}, false
}

// Reference is an expression that may tell that its value is that of a field of
// the input.
type Reference interface{ Field() (path Path, ok bool) }

// FieldOf returns the field whose value an expression has.
func FieldOf(x Expr) (path Path, ok bool) {
	if r, is := x.(Reference); is {
		return r.Field()
	}
	return "", false
}

// NamedExpr is an item of an object of expressions, in the order written.
type NamedExpr struct {
	Name string
	Expr Expr
}
