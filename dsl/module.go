package dsl

import (
	"bytes"

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
	files := map[string]*hcl.File{}
	for name, f := range m.files {
		if !isVars(name) {
			files[name] = f
		}
	}
	for _, block := range m.blocks["variable"] {
		name := block.TypeRange.Filename
		if d := block.Body.Attributes["default"]; d != nil && files[name] != nil && isSensitive(block.Body) {
			if files[name] == m.files[name] {
				c := *m.files[name]
				c.Bytes = bytes.Clone(c.Bytes)
				files[name] = &c
			}
			blacken(files[name].Bytes, d.Expr.Range())
		}
	}
	return files
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

// blacken leaves nothing to be read in a range of src.
func blacken(src []byte, r hcl.Range) {
	for i := max(r.Start.Byte, 0); i < min(r.End.Byte, len(src)); i++ {
		if src[i] != '\n' && src[i] != '\r' {
			src[i] = '*'
		}
	}
}
