package expr

import (
	"errors"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/customdecode"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/onstream/onstream/plugins"
)

// ctyFunctions returns functions in their cty form. Without an environment,
// those that are not pure say that they have no value yet.
func ctyFunctions(list []*Function, env *plugins.Env) map[string]function.Function {
	m := map[string]function.Function{}
	for _, f := range list {
		switch {
		case f.Lazy:
			m[f.Name] = lazyFunction(f)
		case f.Pure || env != nil:
			m[f.Name] = ctyFunction(f, env)
		default:
			m[f.Name] = ctyError(f.Name + " is evaluated for each record: it has no value when the pipeline is built")
		}
	}
	return m
}

var anyArguments = function.Parameter{Name: "arguments", Type: cty.DynamicPseudoType, AllowNull: true, AllowDynamicType: true}

// ctyFunction converts the arguments and the result of a function.
func ctyFunction(f *Function, env *plugins.Env) function.Function {
	return function.New(&function.Spec{
		Description: f.Doc,
		VarParam:    &anyArguments,
		Type:        function.StaticReturnType(cty.DynamicPseudoType),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			values := make([]plugins.Value, len(args))
			for i, a := range args {
				var err error
				if values[i], err = FromCty(a); err != nil {
					return cty.DynamicVal, function.NewArgError(i, err)
				}
			}
			var e plugins.Env
			if env != nil {
				e = *env
			}
			v, err := newDispatcher(f, e).call(values)
			if err != nil {
				return cty.DynamicVal, err
			}
			return ToCty(v)
		},
	})
}

func ctyError(text string) function.Function {
	return function.New(&function.Spec{
		VarParam: &anyArguments,
		Type:     func([]cty.Value) (cty.Type, error) { return cty.DynamicPseudoType, errors.New(text) },
		Impl:     func([]cty.Value, cty.Type) (cty.Value, error) { return cty.DynamicVal, errors.New(text) },
	})
}

// lazyFunction is the cty form of a guard: it takes its arguments unevaluated.
func lazyFunction(f *Function) function.Function {
	return function.New(&function.Spec{
		Description: f.Doc,
		VarParam:    &function.Parameter{Name: "arguments", Type: customdecode.ExpressionClosureType},
		Type:        function.StaticReturnType(cty.DynamicPseudoType),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if !f.Signatures[0].takes(len(args)) {
				return cty.DynamicVal, argumentError{f.usage()}
			}
			closures := make([]func() (cty.Value, hcl.Diagnostics), len(args))
			for i, a := range args {
				closures[i] = customdecode.ExpressionClosureFromVal(a).Value
			}
			switch f.Name {
			case "has":
				v, diags := closures[0]()
				if diags.HasErrors() || !v.IsKnown() {
					return cty.UnknownVal(cty.Bool), firstOf(diags)
				}
				return cty.BoolVal(!v.IsNull()), nil
			case "can":
				_, diags := closures[0]()
				return cty.BoolVal(!diags.HasErrors()), nil
			}
			return firstFit(closures, f.Name == "try")
		},
	})
}

// firstFit returns the first value that can be computed, for try, or that is
// not null.
func firstFit(closures []func() (cty.Value, hcl.Diagnostics), try bool) (cty.Value, error) {
	var v cty.Value
	var diags hcl.Diagnostics
	for _, value := range closures {
		v, diags = value()
		if diags.HasErrors() && !try {
			return cty.DynamicVal, firstOf(diags)
		}
		if !diags.HasErrors() && (try || !v.IsKnown() || !v.IsNull()) {
			break
		}
	}
	return v, firstOf(diags)
}

// firstOf makes an error of diagnostics.
func firstOf(diags hcl.Diagnostics) error {
	if !diags.HasErrors() {
		return nil
	}
	return errors.New(inOurVoice(diags[0]).Detail)
}
