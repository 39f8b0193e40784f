package dsl

import (
	"reflect"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

// secretCapsule holds what must not be seen.
var secretCapsule = cty.CapsuleWithOps("secret", secretGoType, &cty.CapsuleOps{
	GoString:     func(any) string { return "(secret)" },
	TypeGoString: func(reflect.Type) string { return "secret" },
})

func secretValue(s plugins.Secret) cty.Value { return cty.CapsuleVal(secretCapsule, &s) }

// nameSecrets replaces errors about secrets that an expression computes with:
// what goes wrong there is of no use to whoever mends it.
func nameSecrets(diags hcl.Diagnostics, e hclsyntax.Expression, ctx *hcl.EvalContext) hcl.Diagnostics {
	if !diags.HasErrors() {
		return diags
	}
	type secret struct {
		name string
		at   hcl.Range
	}
	var secrets []secret
	for _, t := range e.Variables() {
		named := t[:min(len(t), 2)]
		if v, ds := named.TraverseAbs(ctx); !ds.HasErrors() && holdsSecret(v) {
			secrets = append(secrets, secret{text(named), t.SourceRange()})
		}
	}
	for _, call := range secretCalls(e) {
		secrets = append(secrets, secret{"what secret(...) gives", *call.Subject})
	}
	for i, d := range diags {
		for _, s := range secrets {
			// An error inside a call of secret is about its argument.
			if d.Summary != expr.TooMuch && d.Subject != nil && d.Subject.Overlaps(s.at) && d.Subject.Start.Byte <= s.at.Start.Byte {
				diags[i] = errorAt(s.at, "secret in an expression", "%s is a secret; only attributes that are made for secrets take it, and nothing can be computed with it", s.name)
				break
			}
		}
	}
	return diags
}

// holdsSecret reports whether a secret is anywhere in v.
func holdsSecret(v cty.Value) bool {
	found := false
	_ = cty.Walk(v, func(_ cty.Path, x cty.Value) (bool, error) {
		found = found || x.Type().Equals(secretCapsule)
		return !found, nil
	})
	return found
}
