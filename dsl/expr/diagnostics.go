package expr

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// problem makes an error diagnostic. It never keeps expressions or values:
// what is printed of it must not tell secrets.
func problem(at hcl.Range, summary, detail string, args ...any) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  summary,
		Detail:   fmt.Sprintf(detail, args...),
		Subject:  &at,
	}
}

// inOurVoice returns a diagnostic of hclsyntax without expressions and values.
// What a function says stands there by itself, not in a sentence around it.
func inOurVoice(d *hcl.Diagnostic) *hcl.Diagnostic {
	c := *d
	c.Expression, c.EvalContext = nil, nil
	if call, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallUnknownDiagExtra](d); ok {
		c.Extra = nil
		c.Summary, c.Detail = "unknown function", unknownFunction(call.CalledFunctionNamespace()+call.CalledFunctionName(), d.EvalContext)
	}
	if call, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](d); ok && call.FunctionCallError() != nil {
		err := call.FunctionCallError()
		c.Extra = nil
		c.Summary, c.Detail = "no value", err.Error()
		if codeOf(err) == codeType {
			c.Summary = "wrong type of argument"
		}
	}
	return &c
}
