package dsl

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// readVarsFiles reads the files of values that apply, in the order in which
// later ones count.
func (b *builder) readVarsFiles() {
	var apply []varsFile
	found := false
	var envs []string
	for _, f := range b.module.vars {
		switch env := varsName(f.name); {
		case strings.HasSuffix(env, ".auto"):
			apply = append(apply, f)
		case env == b.options.Env:
			apply = append(apply, f)
			found = true
		default:
			envs = append(envs, env)
		}
	}
	if b.options.Env != "" && !found {
		b.add(errorAnywhere("unknown environment", "--env %s reads %s.vars.hcl, which is not there; %s", b.options.Env, b.options.Env, hint(b.options.Env, envs)))
	}
	rank := func(f varsFile) int {
		if strings.HasSuffix(varsName(f.name), ".auto") {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(apply, func(a, b varsFile) int { return cmp.Compare(rank(a), rank(b)) })
	for _, f := range apply {
		b.readVarsFile(f)
	}
}

// passEnv begins a remedy for a variable without a value: with --env, where the
// file of an environment has one.
func (b *builder) passEnv(variable string) string {
	var envs []string
	for _, f := range b.module.vars {
		if f.body != nil && f.body.Attributes[variable] != nil {
			envs = append(envs, fmt.Sprintf("--env %s (it is in %s)", varsName(f.name), filepath.Base(f.name)))
		}
	}
	slices.Sort(envs)
	return "pass " + strings.Join(append(envs, ""), " or ")
}

// varsName is what stands before .vars.hcl.
func varsName(file string) string {
	name, _, _ := strings.Cut(filepath.Base(file), ".vars.hcl")
	return name
}

func (b *builder) readVarsFile(f varsFile) {
	b.add(f.diags...)
	if f.body == nil {
		return
	}
	c := b.read(f.body, form{what: "a file of values", free: true})
	for _, a := range c.attrs {
		v := b.vars[a.Name]
		if v == nil {
			b.fail(a.NameRange, "unknown variable", "no variable block declares %q; %s", a.Name, hint(a.Name, keys(b.vars)))
			continue
		}
		if names := a.Expr.Variables(); len(names) > 0 {
			b.fail(names[0].SourceRange(), "value depends on other values", "a file of values holds constants")
			continue
		}
		b.assign(v, b.value(a.Expr), a.Expr.Range())
	}
}
