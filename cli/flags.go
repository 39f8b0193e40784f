package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/dsl"
)

// pairs is a flag NAME=VALUE that may be repeated. A value may hold anything.
type pairs map[string]string

func (p pairs) String() string { return "" }
func (p pairs) Type() string   { return "NAME=VALUE" }

func (p pairs) Set(s string) error {
	name, value, ok := strings.Cut(s, "=")
	if !ok || name == "" {
		return fmt.Errorf("%q is not of the form NAME=VALUE", s)
	}
	p[name] = value
	return nil
}

// choice is a flag with a fixed set of values, the first of which is the
// default.
type choice struct {
	value   string
	allowed []string
}

func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return strings.Join(c.allowed, "|") }

func (c *choice) Set(s string) error {
	if !slices.Contains(c.allowed, s) {
		return fmt.Errorf("use one of %s", strings.Join(c.allowed, ", "))
	}
	c.value = s
	return nil
}

// addChoice adds a flag to cmd and completes its values. The help shows them behind
// the name, as long as usage has no word in back quotes to be shown there.
func addChoice(cmd *cobra.Command, name, usage string, allowed ...string) *choice {
	c := &choice{allowed[0], allowed}
	cmd.Flags().Var(c, name, usage)
	// The only error is that the flag does not exist.
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(toCompletions(allowed), cobra.ShellCompDirectiveNoFileComp))
	return c
}

func toCompletions(words []string) []cobra.Completion {
	return slices.Clone(words)
}

// addOutput adds the flag --output to cmd.
func addOutput(cmd *cobra.Command) *choice {
	return addChoice(cmd, "output", "form of the result: text for people, json for programs", "text", "json")
}

// values are the flags that give a pipeline its values.
type values struct {
	vars, settings pairs
	env            string
}

func addValues(cmd *cobra.Command) *values {
	v := &values{vars: pairs{}, settings: pairs{}}
	cmd.Flags().Var(v.vars, "var", "value of a variable (may be repeated)")
	cmd.Flags().Var(v.settings, "set", "value of a setting (may be repeated)")
	cmd.Flags().StringVar(&v.env, "env", "", "read the variables of `NAME`.vars.hcl")
	return v
}

// options are the values as the language takes them. What a pipeline promises
// is judged as if it is run with a place for its state; who runs it without
// says so.
func (v *values) options(c *cli) dsl.Options {
	return dsl.Options{Vars: v.vars, Settings: v.settings, Env: v.env, LookupEnv: c.lookupEnv, NodeName: nodeName(), Stored: true}
}
