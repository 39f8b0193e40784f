package dsl

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/dsl/expr"
)

// parseJSON reads a file in JSON syntax into the tree that the same file in
// native syntax has, so that nothing behind it sees a difference. At this
// point every property is an attribute; [readBody] makes blocks of those that
// the place wants as blocks.
func parseJSON(src []byte, filename string) (*hclsyntax.Body, hcl.Diagnostics) {
	if d := checkSize(src, filename); d != nil {
		return nil, hcl.Diagnostics{d}
	}
	p := &jsonParser{src: src, pos: hcl.InitialPos, filename: filename}
	if d := p.malformed(); d != nil {
		return nil, hcl.Diagnostics{d}
	}
	p.dec = json.NewDecoder(bytes.NewReader(src))
	p.dec.UseNumber()
	root := p.value(0)
	if p.diags.HasErrors() {
		return nil, p.diags
	}
	object, ok := root.(*hclsyntax.ObjectConsExpr)
	if !ok {
		return nil, hcl.Diagnostics{errorAt(root.Range(), "not a pipeline", "a file in JSON syntax is one object, with the types of blocks as its keys")}
	}
	return objectBody(object)
}

// jsonParser turns tokens into expressions with the places they stand at.
type jsonParser struct {
	src      []byte
	filename string
	dec      *json.Decoder
	pos      hcl.Pos // reached so far
	diags    hcl.Diagnostics
}

func (p *jsonParser) malformed() *hcl.Diagnostic {
	if !utf8.Valid(p.src) {
		for i := 0; i < len(p.src); {
			r, n := utf8.DecodeRune(p.src[i:])
			if r == utf8.RuneError && n == 1 {
				return errorAt(p.rangeTo(i, i+1), "invalid UTF-8", "save the file in UTF-8")
			}
			i += n
		}
	}
	var whole json.RawMessage
	err := json.Unmarshal(p.src, &whole)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		at := max(int(syntax.Offset)-1, 0)
		return errorAt(p.rangeTo(at, at+1), "invalid JSON", "%s", syntax.Error())
	}
	return nil
}

// token returns the next token and where it stands.
func (p *jsonParser) token() (json.Token, hcl.Range) {
	from := int(p.dec.InputOffset())
	tok, err := p.dec.Token()
	if err != nil { // the text was found valid before
		p.diags = append(p.diags, errorAt(p.rangeTo(from, from), "invalid JSON", "%s", err))
		return nil, hcl.Range{Filename: p.filename, Start: p.pos, End: p.pos}
	}
	to := int(p.dec.InputOffset())
	for from < to && strings.IndexByte(" \t\r\n,:", p.src[from]) >= 0 {
		from++
	}
	return tok, p.rangeTo(from, to)
}

// rangeTo returns the range between two offsets. It is called for ascending
// offsets, so that a file is counted through once.
func (p *jsonParser) rangeTo(from, to int) hcl.Range {
	p.advance(from)
	start := p.pos
	p.advance(to)
	return hcl.Range{Filename: p.filename, Start: start, End: p.pos}
}

func (p *jsonParser) advance(to int) {
	for _, r := range string(p.src[p.pos.Byte:min(to, len(p.src))]) {
		p.pos.Column++
		if r == '\n' {
			p.pos.Line, p.pos.Column = p.pos.Line+1, 1
		}
	}
	p.pos.Byte = min(to, len(p.src))
}

func (p *jsonParser) value(depth int) hclsyntax.Expression {
	tok, rng := p.token()
	if delim, ok := tok.(json.Delim); ok {
		if depth == maxDepth {
			p.diags = append(p.diags, errorAt(rng, "nested too deeply", "brackets may be nested %d deep", maxDepth))
		}
		if p.diags.HasErrors() {
			return &hclsyntax.LiteralValueExpr{Val: cty.DynamicVal, SrcRange: rng}
		}
		if delim == '[' {
			return p.list(rng, depth)
		}
		return p.object(rng, depth)
	}
	switch v := tok.(type) {
	case string:
		return p.text(v, rng)
	case json.Number:
		return p.number(v, rng)
	case bool:
		return &hclsyntax.LiteralValueExpr{Val: cty.BoolVal(v), SrcRange: rng}
	default:
		return &hclsyntax.LiteralValueExpr{Val: cty.NullVal(cty.DynamicPseudoType), SrcRange: rng}
	}
}

func (p *jsonParser) list(open hcl.Range, depth int) hclsyntax.Expression {
	e := &hclsyntax.TupleConsExpr{OpenRange: open}
	for p.dec.More() && !p.diags.HasErrors() {
		e.Exprs = append(e.Exprs, p.value(depth+1))
	}
	_, end := p.token()
	e.SrcRange = hcl.RangeBetween(open, end)
	return e
}

func (p *jsonParser) object(open hcl.Range, depth int) hclsyntax.Expression {
	e := &hclsyntax.ObjectConsExpr{OpenRange: open}
	for p.dec.More() && !p.diags.HasErrors() {
		tok, rng := p.token()
		key, _ := tok.(string)
		e.Items = append(e.Items, hclsyntax.ObjectConsItem{
			KeyExpr:   &hclsyntax.ObjectConsKeyExpr{Wrapped: p.text(key, rng)},
			ValueExpr: p.value(depth + 1),
		})
	}
	_, end := p.token()
	e.SrcRange = hcl.RangeBetween(open, end)
	return e
}

func (p *jsonParser) number(n json.Number, rng hcl.Range) hclsyntax.Expression {
	if why := numberProblem([]byte(n)); why != "" {
		p.diags = append(p.diags, errorAt(rng, "number out of range", "%s", why))
		return &hclsyntax.LiteralValueExpr{Val: cty.Zero, SrcRange: rng}
	}
	v, err := cty.ParseNumberVal(string(n))
	if err != nil {
		p.diags = append(p.diags, errorAt(rng, "number out of range", "%s", err))
		v = cty.Zero
	}
	return &hclsyntax.LiteralValueExpr{Val: expr.NumberLiteral(v, []byte(n)), SrcRange: rng}
}

// text makes a string, which is a template as in native syntax.
func (p *jsonParser) text(s string, rng hcl.Range) hclsyntax.Expression {
	if !strings.Contains(s, "${") && !strings.Contains(s, "%{") {
		return &hclsyntax.TemplateExpr{
			Parts:    []hclsyntax.Expression{&hclsyntax.LiteralValueExpr{Val: cty.StringVal(s), SrcRange: rng}},
			SrcRange: rng,
		}
	}
	e, diags := parseString(s, rng, hclsyntax.LexTemplate, hclsyntax.ParseTemplate)
	p.diags = append(p.diags, diags...)
	if whole, ok := e.(*hclsyntax.TemplateWrapExpr); ok {
		return whole.Wrapped // it is how an expression is written in JSON
	}
	return e
}

type (
	lexer  func(src []byte, filename string, start hcl.Pos) (hclsyntax.Tokens, hcl.Diagnostics)
	parser func(src []byte, filename string, start hcl.Pos) (hclsyntax.Expression, hcl.Diagnostics)
)

// parseString parses the text of a string that stands at a range, quotes
// included. Where the string has escapes, ranges in it are approximate.
func parseString(s string, rng hcl.Range, lex lexer, parse parser) (hclsyntax.Expression, hcl.Diagnostics) {
	start := rng.Start
	start.Byte++
	start.Column++
	tokens, diags := lex([]byte(s), rng.Filename, start)
	if !diags.HasErrors() {
		if d := checkTokens(tokens, true); d != nil {
			diags = append(diags, d)
		}
	}
	if diags.HasErrors() {
		return &hclsyntax.LiteralValueExpr{Val: cty.DynamicVal, SrcRange: rng}, diags
	}
	e, diags := parse([]byte(s), rng.Filename, start)
	if !diags.HasErrors() {
		expr.FloatLiterals(e, []byte(s), start.Byte)
	}
	return e, diags
}
