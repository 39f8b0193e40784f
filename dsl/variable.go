package dsl

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

// variable is a value that is chosen from outside.
type variable struct {
	name      string
	typ       plugins.Type
	sensitive bool // its value is a secret
	value     cty.Value
	set       bool // has a value
	rng       hcl.Range
}

const envPrefix = "ONSTREAM_VAR_"

// declareVariables reads the variable blocks and finds the values: the last of
// default, *.auto.vars.hcl, the file of the environment, ONSTREAM_VAR_x and
// the options that has one.
func (b *builder) declareVariables() {
	b.static = b.context(cty.EmptyObjectVal, cty.EmptyObjectVal)
	for _, block := range b.declared("variable") {
		b.declareVariable(block)
	}
	b.readVarsFiles()
	for _, name := range slices.Sorted(maps.Keys(b.vars)) {
		v := b.vars[name]
		if s, ok := b.options.lookupEnv(envPrefix + name); ok {
			b.setVariable(v, s, envPrefix+name)
		}
		if s, ok := b.options.Vars[name]; ok {
			b.setVariable(v, s, "--var "+name)
		}
		b.settle(v)
	}
	for _, name := range slices.Sorted(maps.Keys(b.options.Vars)) {
		if b.vars[name] == nil {
			b.add(errorAnywhere("unknown variable", "--var sets %q, which no variable block declares; %s", name, hint(name, keys(b.vars))))
		}
	}
}

func (b *builder) declareVariable(block *hclsyntax.Block) {
	c := b.read(block.Body, form{what: "a variable", attrs: []string{"type", "default", "description", "sensitive"}})
	v := &variable{name: block.Labels[0], rng: block.DefRange(), value: cty.DynamicVal}
	b.vars[v.name] = v
	v.typ = b.typeOf(c.attr("type"))
	b.text(c.attr("description"))
	if s := c.attr("sensitive"); s != nil {
		if x, ok := b.typed(s, plugins.Of(plugins.Bool)); ok {
			v.sensitive = x.True()
		}
		if v.sensitive && v.typ.Kind != plugins.String && v.typ.Kind != plugins.Any {
			b.fail(s.NameRange, "wrong type", "a sensitive variable is a string; write type = string")
		}
	}
	if d := c.attr("default"); d != nil {
		if names := d.Expr.Variables(); len(names) > 0 {
			b.fail(names[0].SourceRange(), "default depends on other values", "a default is a constant; compute %s in a locals block", text(names[0]))
			v.set = true
			return
		}
		v.set = true
		b.assign(v, b.value(d.Expr), d.Expr.Range())
	}
}

// typeOf reads an attribute that is a type, any where it is not there.
func (b *builder) typeOf(a *hclsyntax.Attribute) plugins.Type {
	if a == nil {
		return plugins.Type{}
	}
	t, diags := expr.ParseType(b.unquoted(a.Expr))
	b.add(diags...)
	return t
}

// unquoted returns the expression inside a string of a JSON file, where types
// and references have to be strings.
func (b *builder) unquoted(e hclsyntax.Expression) hclsyntax.Expression {
	s, ok := literalString(e)
	if !ok || !isJSON(e.Range().Filename) {
		return e
	}
	inner, diags := parseString(s, e.Range(), hclsyntax.LexExpression, hclsyntax.ParseExpression)
	if diags.HasErrors() {
		return e
	}
	return inner
}

// assign gives a variable a value that stands in a file. The message must not
// show what may be secret.
func (b *builder) assign(v *variable, value cty.Value, rng hcl.Range) {
	fitted, err := conform(value, v.typ)
	v.set = true
	switch {
	case err == nil:
		v.value = fitted
	case v.sensitive:
		b.fail(rng, "wrong type", "variable %s must be %s", v.name, v.typ)
	default:
		b.fail(rng, "wrong type", "variable %s %s", v.name, err)
	}
}

// setVariable is assign for a text from elsewhere.
func (b *builder) setVariable(v *variable, s, from string) {
	value, err := parseText(s, v.typ)
	v.set = true
	switch {
	case err == nil:
		v.value = value
	case v.sensitive:
		b.add(errorAnywhere("wrong type", "%s must be %s", from, v.typ))
	default:
		b.add(errorAnywhere("wrong type", "%s %s", from, err))
	}
}

// settle completes a variable when all places that may set it were asked.
func (b *builder) settle(v *variable) {
	if !v.set {
		if !b.options.CheckOnly || v.typ.Kind == plugins.Any {
			b.fail(v.rng, "missing variable", "variable %s has no value; %s--var %s=VALUE, set %s%s, write it in a file named NAME.auto.vars.hcl, or give it a default",
				v.name, b.passEnv(v.name), v.name, envPrefix, v.name)
			return
		}
		v.value = cty.UnknownVal(ctyType(v.typ))
	}
	if !v.sensitive {
		return
	}
	s := stubSecret
	if v.value.IsKnown() && v.value.Type() == cty.String && !v.value.IsNull() {
		s = v.value.AsString()
	}
	v.value = secretValue(plugins.NewSecret(s))
}
