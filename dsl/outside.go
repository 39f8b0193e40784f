package dsl

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/onstream/onstream/plugins"
)

var secretGoType = reflect.TypeFor[plugins.Secret]()

// outside returns the functions that bring in values from outside: env, file
// and secret. When the pipeline is only checked, they read nothing, and what
// they give is not known or, if they must give something, a sample.
func (b *builder) outside(sampled bool) map[string]function.Function {
	return map[string]function.Function{
		"env":    b.outsideFunction("name", cty.String, sampled, b.envFunction, function.Parameter{Name: "default", Type: cty.String, AllowNull: true}),
		"file":   b.outsideFunction("path", cty.String, sampled, b.fileFunction),
		"secret": b.outsideFunction("from", secretCapsule, sampled, b.secretFunction),
	}
}

func (b *builder) outsideFunction(param string, result cty.Type, sampled bool, f func([]cty.Value) (cty.Value, error), rest ...function.Parameter) function.Function {
	spec := &function.Spec{
		Params: []function.Parameter{{Name: param, Type: cty.String}},
		Type:   function.StaticReturnType(result),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			switch {
			case !b.options.CheckOnly || result.Equals(secretCapsule):
				return f(args)
			case sampled:
				return sample(result), nil
			default:
				return cty.UnknownVal(result), nil
			}
		},
	}
	if len(rest) > 0 {
		spec.VarParam = &rest[0]
	}
	return function.New(spec)
}

func (b *builder) envFunction(args []cty.Value) (cty.Value, error) {
	name := args[0].AsString()
	if len(args) > 2 {
		return cty.NilVal, function.NewArgErrorf(2, "env takes a name and a default")
	}
	if v, ok := b.options.lookupEnv(name); ok {
		return cty.StringVal(v), nil
	}
	if len(args) == 2 {
		return args[1], nil
	}
	return cty.NilVal, function.NewArgErrorf(0, "the environment variable %s is not set; set it, or write env(%q, DEFAULT)", name, name)
}

func (b *builder) fileFunction(args []cty.Value) (cty.Value, error) {
	src, err := b.readOutside(args[0].AsString())
	if err != nil {
		return cty.NilVal, function.NewArgError(0, err)
	}
	if !utf8.Valid(src) {
		return cty.NilVal, function.NewArgErrorf(0, "%s is not text in UTF-8", args[0].AsString())
	}
	return cty.StringVal(string(src)), nil
}

// located returns where a file is by a path that is relative to the pipeline, or one in [Options.Dir].
func (b *builder) located(path string) string {
	switch within, err := filepath.Rel(b.dir(), path); {
	case !filepath.IsAbs(path):
		return filepath.Join(b.module.dir, path)
	case b.options.Dir != "" && err == nil && filepath.IsLocal(within):
		return filepath.Join(b.module.dir, within)
	}
	return path
}

// readOutside reads a file by a path that is relative to the pipeline.
func (b *builder) readOutside(path string) ([]byte, error) {
	full := b.located(path)
	src, err := ReadFile(full)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s does not exist; paths start at the pipeline's directory", full)
	case err != nil:
		return nil, err
	case len(src) > maxFileBytes:
		return nil, fmt.Errorf("%s has more than 4 MiB", path)
	}
	return src, nil
}

const stubSecret = "stub"

func (b *builder) secretFunction(args []cty.Value) (cty.Value, error) {
	from, name, ok := strings.Cut(args[0].AsString(), ":")
	if !ok || name == "" || from != "env" && from != "file" {
		return cty.NilVal, function.NewArgErrorf(0, `a secret is read from secret("env:NAME") or secret("file:PATH")`)
	}
	if b.options.CheckOnly || b.options.StubSecrets {
		return secretValue(plugins.NewSecret(stubSecret)), nil
	}
	if from == "env" {
		v, ok := b.options.lookupEnv(name)
		if !ok {
			return cty.NilVal, function.NewArgErrorf(0, "the environment variable %s is not set", name)
		}
		return secretValue(plugins.NewSecret(v)), nil
	}
	src, err := b.readOutside(name)
	if err != nil {
		return cty.NilVal, function.NewArgError(0, err)
	}
	return secretValue(plugins.NewSecret(strings.TrimRight(string(src), "\r\n"))), nil
}
