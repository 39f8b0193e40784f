package dsl

import (
	"reflect"

	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/plugins"
)

// secretCapsule holds what must not be seen.
var secretCapsule = cty.CapsuleWithOps("secret", secretGoType, &cty.CapsuleOps{
	GoString:     func(any) string { return "(secret)" },
	TypeGoString: func(reflect.Type) string { return "secret" },
})

func secretValue(s plugins.Secret) cty.Value { return cty.CapsuleVal(secretCapsule, &s) }

// holdsSecret reports whether a secret is anywhere in v.
func holdsSecret(v cty.Value) bool {
	found := false
	_ = cty.Walk(v, func(_ cty.Path, x cty.Value) (bool, error) {
		found = found || x.Type().Equals(secretCapsule)
		return !found, nil
	})
	return found
}
