package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/cli/reference"
	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote"
)

func newPluginInspect(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "inspect PROGRAM [-- ARGS...] | DIR NAME",
		Short: "Tell what a plugin offers",
		Long: `Start a plugin and tell all about its kinds, as onstream kinds does of those that are
built in, and its digest, to be pinned with sha256 in a pipeline. It is a program, with
arguments behind "--", or that which the pipeline in DIR calls NAME.

Exits with 1 if it does not start, or is no plugin.`,
		Example: `  onstream plugin inspect ./bin/onstream-acme
  onstream plugin inspect ./plugin.py -- --site north
  onstream plugin inspect my-pipeline acme`,
		Args: func(cmd *cobra.Command, args []string) error {
			if n := cmd.ArgsLenAtDash(); n >= 0 {
				return cobra.ExactArgs(1)(cmd, args[:n])
			}
			return cobra.RangeArgs(1, 2)(cmd, args)
		},
	}
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) != 1 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return toCompletions(blockNames(args[0])), cobra.ShellCompDirectiveNoFileComp
	}
	v := addValues(cmd)
	name := cmd.Flags().String("name", "", "begin the names of the kinds of a program with `NAME`; the default follows from that of its file")
	output := addOutput(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var about *inspected
		var err error
		if n := cmd.ArgsLenAtDash(); n < 0 && len(args) == 2 {
			about, err = c.inspectBlock(cmd.Context(), args[0], args[1], v)
		} else {
			about, err = c.inspectProgram(cmd.Context(), args[0], *name, args[1:])
		}
		if err != nil {
			return err
		}
		if output.value == "json" {
			return c.writeJSON(about)
		}
		return c.writeInspected(about)
	}
	return cmd
}

// inspected is all about a plugin.
type inspected struct {
	Name    string           `json:"name"`    // with which its kinds begin
	Calls   string           `json:"calls"`   // what it calls itself
	Version string           `json:"version"` // of it
	Source  string           `json:"source"`
	SHA256  string           `json:"sha256"`
	Kinds   []reference.Kind `json:"kinds"`
}

func newInspected(source string, b dsl.Plugin, is remote.Description, r *plugins.Registry) (*inspected, error) {
	digest, err := digestOf(b.Source)
	if err != nil {
		return nil, failed(fmt.Errorf("read the program: %w", err))
	}
	x := &inspected{Name: b.Name, Calls: is.Name, Version: is.Version, Source: source, SHA256: digest, Kinds: kindsOf(b.Name, r)}
	if x.Kinds == nil {
		x.Kinds = []reference.Kind{}
	}
	return x, nil
}

// inspectBlock looks at a plugin of a pipeline.
func (c *cli) inspectBlock(ctx context.Context, dir, name string, v *values) (*inspected, error) {
	_, blocks, l, err := c.pluginsOf(ctx, dir, v)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(blocks, func(b dsl.Plugin) bool { return b.Name == name })
	if i < 0 {
		names := blockNames(dir)
		if near, ok := expr.Suggest(name, names); ok {
			return nil, invalid(fmt.Errorf("%s has no plugin %q; did you mean %q?", dir, name, near))
		}
		if len(names) == 0 {
			return nil, invalid(fmt.Errorf("%s names no plugin; a program is looked at with onstream plugin inspect PROGRAM", dir))
		}
		return nil, invalid(fmt.Errorf("%s has no plugin %q; it has %s", dir, name, strings.Join(names, ", ")))
	}
	if err := l.started[name].Err; err != nil {
		return nil, failed(aboutProgram(err))
	}
	p := l.plugins[slices.IndexFunc(l.plugins, func(p *plugged) bool { return p.block.Name == name })]
	return newInspected(within(dir, p.block.Source), p.block, p.is, l.registry)
}

// blockNames are the names of the plugins of a pipeline.
func blockNames(dir string) []string {
	module, diags := dsl.Parse(dir)
	if diags.HasErrors() {
		return nil
	}
	blocks, _ := module.Plugins(dsl.Options{CheckOnly: true}) // only those that can be read have a name
	var names []string
	for _, b := range blocks {
		names = append(names, b.Name)
	}
	return names
}

// inspectProgram looks at a program.
func (c *cli) inspectProgram(ctx context.Context, file, name string, args []string) (*inspected, error) {
	if err := isFolder(file); err != nil {
		return nil, invalid(err)
	}
	path, err := filepath.Abs(file)
	if err != nil {
		return nil, failed(err)
	}
	if name == "" {
		name = nameOf(file)
	}
	r, err := c.registry(c.stdout)
	if err != nil {
		return nil, failed(err)
	}
	b := dsl.Plugin{Name: name, Source: path, Args: args}
	ctx, release := c.processes.watch(ctx, c)
	p, err := remote.Launch(ctx, c.pluginConfig(b))
	release()
	if err == nil {
		c.processes.keep("", &plugged{Plugin: p, block: b})
		err = p.Register(r)
	}
	if err != nil {
		return nil, failed(aboutProgram(err))
	}
	return newInspected(file, b, p.Describe(), r)
}

// aboutProgram is an error of a plugin, to be told beside its name or that of its program.
func aboutProgram(err error) error {
	if ce, ok := errors.AsType[*plugins.ConfigError](err); ok {
		return errors.New(ce.Msg)
	}
	return err
}

// isFolder says what to do about a folder in the place of a program.
func isFolder(file string) error {
	info, err := os.Stat(file)
	if err != nil || !info.IsDir() {
		return nil
	}
	if names := blockNames(file); len(names) > 0 {
		return fmt.Errorf("%s is the folder of a pipeline: say which of its plugins, such as onstream plugin inspect %s %s", file, file, names[0])
	}
	return fmt.Errorf("%s is a folder: build the plugin in it, as its README.md tells, and name the program", file)
}

var notOfNames = regexp.MustCompile(`[^a-zA-Z0-9]+`)

// nameOf is what a pipeline may call a plugin of which only the program is known.
func nameOf(file string) string {
	base, _, _ := strings.Cut(filepath.Base(file), ".")
	name := strings.Trim(notOfNames.ReplaceAllString(strings.TrimPrefix(base, "onstream-"), "_"), "_0123456789")
	if name == "" {
		return "plugin"
	}
	return name
}

// writeInspected tells it to people.
func (c *cli) writeInspected(x *inspected) error {
	what := x.Version
	if x.Calls != "" && x.Calls != x.Name {
		what = strings.TrimSpace("calls itself " + x.Calls + " " + x.Version)
	}
	fmt.Fprintf(c.stdout, "%s: %s\n", x.Source, strings.TrimSpace(plural(len(x.Kinds), "kind")+"; "+what))
	fmt.Fprintf(c.stdout, "\nplugin %q {\n  source = %q\n  sha256 = %q\n}\n\n", x.Name, x.Source, x.SHA256)
	return writeKinds(c.stdout, width(c.stdout), x.Kinds)
}
