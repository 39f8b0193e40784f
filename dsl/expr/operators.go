package expr

import (
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/onstream/onstream/plugins"
)

// operator is an operator of the language.
type operator uint8

// The operators.
const (
	opAdd operator = iota
	opSub
	opMul
	opDiv
	opMod
	opEq
	opNe
	opLt
	opLe
	opGt
	opGe
	opAnd
	opOr
	opNot
	opNeg
)

var operatorNames = [...]string{"+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "!", "-"}

// String returns the operator as it is written.
func (o operator) String() string { return operatorNames[o] }

// operatorOf returns which operator a node of the syntax tree has. The parser
// tells them apart by pointer.
func operatorOf(op *hclsyntax.Operation) operator {
	switch op {
	case hclsyntax.OpAdd:
		return opAdd
	case hclsyntax.OpSubtract:
		return opSub
	case hclsyntax.OpMultiply:
		return opMul
	case hclsyntax.OpDivide:
		return opDiv
	case hclsyntax.OpModulo:
		return opMod
	case hclsyntax.OpEqual:
		return opEq
	case hclsyntax.OpNotEqual:
		return opNe
	case hclsyntax.OpLessThan:
		return opLt
	case hclsyntax.OpLessThanOrEqual:
		return opLe
	case hclsyntax.OpGreaterThan:
		return opGt
	case hclsyntax.OpGreaterThanOrEqual:
		return opGe
	case hclsyntax.OpLogicalAnd:
		return opAnd
	case hclsyntax.OpLogicalOr:
		return opOr
	case hclsyntax.OpLogicalNot:
		return opNot
	}
	return opNeg
}

// mirrored returns the comparison that says the same with operands swapped.
func (o operator) mirrored() operator {
	switch o {
	case opLt:
		return opGt
	case opLe:
		return opGe
	case opGt:
		return opLt
	case opGe:
		return opLe
	}
	return o
}

// holds reports whether a comparison holds for operands that compare as cmp
// says: negative, zero or positive.
func (o operator) holds(cmp int) bool {
	switch o {
	case opEq:
		return cmp == 0
	case opNe:
		return cmp != 0
	case opLt:
		return cmp < 0
	case opLe:
		return cmp <= 0
	case opGt:
		return cmp > 0
	}
	return cmp >= 0
}

// arithmetic returns the kind of l o r, and as which kinds the operands are
// computed with. ok is false where there is no such operation.
//
//	int    (+ - * %) int      int           int / int is a float
//	float  any of them float  float         int with float is computed as float
//	duration (+ - %) duration duration      duration / duration is a float
//	time   (+ -) duration     time          duration + time, too
//	time   - time             duration
//	duration (* /) number     duration      number * duration, too
func arithmetic(o operator, l, r plugins.Kind) (result, asL, asR plugins.Kind, ok bool) {
	const (
		integer  = plugins.Int
		float    = plugins.Float
		moment   = plugins.Time
		duration = plugins.Duration
	)
	number := func(k plugins.Kind) bool { return k == integer || k == float }
	switch {
	case l == integer && r == integer && o != opDiv:
		return integer, l, r, true
	case number(l) && number(r):
		return float, float, float, true
	case l == duration && r == duration:
		if o == opDiv {
			return float, float, float, true
		}
		return duration, l, r, o != opMul
	case l == moment && r == duration:
		return moment, l, r, o == opAdd || o == opSub
	case l == duration && r == moment:
		return moment, l, r, o == opAdd
	case l == moment && r == moment:
		return duration, l, r, o == opSub
	case l == duration && number(r):
		return duration, l, r, o == opMul || o == opDiv
	case number(l) && r == duration:
		return duration, l, r, o == opMul
	}
	return 0, 0, 0, false
}
