package expr

import (
	"bytes"
	"math"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// FloatLiterals makes floats of the numbers below a node that are written with
// a point or an exponent: 1.0 and 1e3 are whole, but of type float. The parser
// of HCL reads 1.0 and 1 as the same number, so what tells them apart is the
// text src that was parsed, which stands at offset in the file. What is computed
// by [Static] is a plain number all the same, so that lines = 1e6 is good for
// an int.
func FloatLiterals(root hclsyntax.Node, src []byte, offset int) {
	names := map[hclsyntax.Node]bool{} // keys of objects: they become strings
	_ = hclsyntax.VisitAll(root, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n := n.(type) {
		case *hclsyntax.ObjectConsKeyExpr:
			names[n.Wrapped] = true
		case *hclsyntax.LiteralValueExpr:
			from, to := n.SrcRange.Start.Byte-offset, n.SrcRange.End.Byte-offset
			if n.Val.Type() == cty.Number && !names[n] && 0 <= from && from <= to && to <= len(src) {
				n.Val = NumberLiteral(n.Val, src[from:to])
			}
		}
		return nil
	})
}

// NumberLiteral returns the value of a number literal: a float if its text has a
// point or an exponent, and v, which was read from it, if not. Too large a
// number stays what it is: an error where it is used.
func NumberLiteral(v cty.Value, text []byte) cty.Value {
	if !bytes.ContainsAny(text, ".eE") {
		return v
	}
	f, _ := v.AsBigFloat().Float64()
	if math.IsInf(f, 0) {
		return v
	}
	return cty.CapsuleVal(floatCapsule, &f)
}
