package dsl

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
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
func (m *Module) Files() map[string]*hcl.File { return m.files }
