package dsl

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// The limits keep hostile and broken files from exhausting stack, memory or
// time: the parser recurses for every bracket and operator.
const (
	maxFileBytes    = 4 << 20
	maxDepth        = 64
	maxExprTokens   = 4096
	maxNumberDigits = 64
	maxExponent     = 400
)

// CheckLimits reports what makes a file in native syntax unfit for parsing.
// It takes time linear in the file's size, whatever is in it.
func CheckLimits(src []byte, filename string) hcl.Diagnostics {
	if d := checkSize(src, filename); d != nil {
		return hcl.Diagnostics{d}
	}
	// Invalid tokens are for the parser to report.
	tokens, _ := hclsyntax.LexConfig(src, filename, hcl.InitialPos)
	if d := checkTokens(tokens, false); d != nil {
		return hcl.Diagnostics{d}
	}
	return nil
}

func checkSize(src []byte, filename string) *hcl.Diagnostic {
	if len(src) <= maxFileBytes {
		return nil
	}
	start := hcl.Range{Filename: filename, Start: hcl.InitialPos, End: hcl.InitialPos}
	return errorAt(start, "file too large", "%s has more than 4 MiB; split it into several files of the same directory", filename)
}

// checkTokens reports the first token that goes over a limit. Where isExpr is
// false the tokens are those of a body, in which expressions begin behind an
// equals sign.
func checkTokens(tokens hclsyntax.Tokens, isExpr bool) *hcl.Diagnostic {
	n := nesting{inExpr: isExpr}
	for _, tok := range tokens {
		if d := checkNumber(tok); d != nil {
			return d
		}
		n.add(tok)
		if n.depth() > maxDepth {
			return errorAt(tok.Range, "nested too deeply",
				"brackets, unary operators and conditions may be nested %d deep; give parts a name in a locals block", maxDepth)
		}
		if n.tokens > maxExprTokens {
			return errorAt(tok.Range, "expression too long",
				"an expression may have %d tokens; give parts a name in a locals block, or read long lists from a file", maxExprTokens)
		}
	}
	return nil
}

// nesting follows how deep the parser would recurse.
type nesting struct {
	open   []frame
	outer  int // conditions in frames below the innermost
	unary  int // operators in a row
	inExpr bool
	base   int // len(open) where the expression began
	tokens int // of the expression
}

// frame is an open bracket, quote or block.
type frame struct {
	lines      bool // a new line ends an item
	conditions int  // in the present item
}

func (n *nesting) depth() int {
	d := len(n.open) + n.outer + n.unary
	if len(n.open) > 0 {
		d += n.open[len(n.open)-1].conditions
	}
	return d
}

func (n *nesting) add(tok hclsyntax.Token) {
	if n.inExpr {
		n.tokens++
	}
	unary := 0
	switch tok.Type {
	case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenOQuote,
		hclsyntax.TokenOHeredoc, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
		n.push(tok.Type == hclsyntax.TokenOBrace)
	case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenCQuote,
		hclsyntax.TokenCHeredoc, hclsyntax.TokenTemplateSeqEnd:
		if n.inExpr && len(n.open) == n.base {
			n.inExpr, n.tokens = false, 0
		}
		n.pop()
	case hclsyntax.TokenBang, hclsyntax.TokenMinus:
		unary = n.unary + 1
	case hclsyntax.TokenQuestion:
		if len(n.open) > 0 {
			n.open[len(n.open)-1].conditions++
		} else {
			n.outer++
		}
	case hclsyntax.TokenComma:
		n.nextItem()
	case hclsyntax.TokenNewline:
		n.newLine()
	case hclsyntax.TokenComment:
		if bytes.HasSuffix(tok.Bytes, []byte("\n")) {
			n.newLine()
		}
	case hclsyntax.TokenEqual:
		if !n.inExpr {
			n.inExpr, n.base = true, len(n.open)
		}
	}
	n.unary = unary
}

func (n *nesting) push(lines bool) {
	if len(n.open) > 0 {
		n.outer += n.open[len(n.open)-1].conditions
	}
	n.open = append(n.open, frame{lines: lines})
}

func (n *nesting) pop() {
	if len(n.open) == 0 {
		return
	}
	n.open = n.open[:len(n.open)-1]
	if len(n.open) > 0 {
		n.outer -= n.open[len(n.open)-1].conditions
	}
}

func (n *nesting) newLine() {
	if len(n.open) == 0 || n.open[len(n.open)-1].lines {
		n.nextItem()
	}
	if n.inExpr && len(n.open) == n.base {
		n.inExpr, n.tokens = false, 0
	}
}

func (n *nesting) nextItem() {
	if len(n.open) == 0 {
		n.outer = 0
		return
	}
	n.open[len(n.open)-1].conditions = 0
}

func checkNumber(tok hclsyntax.Token) *hcl.Diagnostic {
	if tok.Type != hclsyntax.TokenNumberLit {
		return nil
	}
	if why := numberProblem(tok.Bytes); why != "" {
		return errorAt(tok.Range, "number out of range", "%s", why)
	}
	return nil
}

// numberProblem says why a number is not taken, "" if it is. A small text can
// stand for a number that takes megabytes to hold.
func numberProblem(text []byte) string {
	mantissa := text
	if e := bytes.IndexAny(text, "eE"); e >= 0 {
		mantissa = text[:e]
		exp, err := strconv.Atoi(string(text[e+1:]))
		if err != nil || exp > maxExponent || exp < -maxExponent {
			return fmt.Sprintf("the exponent of a number may be from -%d to %d", maxExponent, maxExponent)
		}
	}
	if len(mantissa) > maxNumberDigits {
		return fmt.Sprintf("a number may have %d digits", maxNumberDigits)
	}
	return ""
}
