package dsl

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// Format returns the source in the one layout that all pipelines share.
// Comments stay. A file that does not parse is not formatted, nor is one in
// JSON syntax.
func Format(src []byte, filename string) ([]byte, hcl.Diagnostics) {
	if strings.HasSuffix(filename, ".json") {
		start := hcl.Range{Filename: filename, Start: hcl.InitialPos, End: hcl.InitialPos}
		return nil, hcl.Diagnostics{errorAt(start, "not in native syntax", "only .hcl files have a layout of our own; use any JSON formatter")}
	}
	if diags := CheckLimits(src, filename); diags.HasErrors() {
		return nil, diags
	}
	if _, diags := hclsyntax.ParseConfig(src, filename, hcl.InitialPos); diags.HasErrors() {
		return nil, finish(diags)
	}
	return hclwrite.Format(src), nil
}
