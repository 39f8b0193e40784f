package dsl

import (
	"bytes"
	"regexp"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Module is the parsed files of one pipeline. It can be built any number of
// times, with different values from outside.
type Module struct {
	dir          string
	fallbackName string // the pipeline's where no block gives one
	files        map[string]*hcl.File
	broken       map[string]bool // files that cannot be parsed
	bodies       []*hclsyntax.Body
	blocks       map[string][]*hclsyntax.Block // by type, in the order of files and lines
	vars         []varsFile
}

// varsFile is a file of values for variables. What is wrong with it matters
// only where it is used.
type varsFile struct {
	name  string
	body  *hclsyntax.Body
	diags hcl.Diagnostics
}

// Files returns the files by name, to show pieces of them with diagnostics.
// What may be secret is not in them: files of values are left out, and the
// defaults of sensitive variables are blackened.
func (m *Module) Files() map[string]*hcl.File {
	black := map[string][]span{}
	for _, block := range m.blocks["variable"] {
		if d := block.Body.Attributes["default"]; d != nil && isSensitive(block.Body) {
			r := d.Expr.Range()
			black[r.Filename] = append(black[r.Filename], span{r.Start.Byte, r.End.Byte})
		}
	}
	files := map[string]*hcl.File{}
	for name, f := range m.files {
		if isVars(name) {
			continue
		}
		if m.broken[name] {
			black[name] = append(black[name], defaultsIn(f.Bytes)...)
		}
		c := *f
		if black[name] != nil {
			c.Bytes = blackened(f.Bytes, black[name])
		}
		files[name] = &c
	}
	return files
}

// span is the bytes from one up to another.
type span struct{ from, to int }

var defaultLine = regexp.MustCompile(`(?m)\bdefault"?[ \t]*[=:](.*)$`)

// defaultsIn finds what may be defaults of sensitive variables in a file that
// cannot be parsed: all defaults, to the end of the line.
func defaultsIn(src []byte) []span {
	if !bytes.Contains(src, []byte("sensitive")) {
		return nil
	}
	var found []span
	for _, m := range defaultLine.FindAllSubmatchIndex(src, -1) {
		found = append(found, span{m[2], m[3]})
	}
	return found
}

// isSensitive reports whether a variable is declared sensitive, as far as it
// can be told before anything is evaluated.
func isSensitive(variable *hclsyntax.Body) bool {
	a := variable.Attributes["sensitive"]
	if a == nil {
		return false
	}
	lit, ok := a.Expr.(*hclsyntax.LiteralValueExpr)
	return !ok || !lit.Val.RawEquals(cty.False)
}

// blackened returns a copy of src with nothing to be read in some places.
func blackened(src []byte, places []span) []byte {
	src = bytes.Clone(src)
	for _, p := range places {
		for i := max(p.from, 0); i < min(p.to, len(src)); i++ {
			if src[i] != '\n' && src[i] != '\r' {
				src[i] = '*'
			}
		}
	}
	return src
}
