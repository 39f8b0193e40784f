package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/cli/reference"
	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
)

func newPlugin(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "plugin",
		Short:   "Begin, look at and verify plugins: programs that offer kinds of stages",
		GroupID: groupWrite,
		Long: `A plugin is a program of its own, in any language, that offers kinds of sources,
transforms, sinks and look-ups. onstream starts it, talks to it over gRPC, and starts
it again when it crashes. docs/PLUGINS.md tells how one is written.

A pipeline names the program; the kinds then begin with the name of the block:

  plugin "acme" {
    source = "./bin/onstream-acme"
    sha256 = "9f2c…"                 what it must be; verify prints it
  }

  source "acme_opcua" "line1" {}

A plugin has the rights of onstream itself: it is no sandbox. What a pipeline names
is started by every command that must know its kinds, such as validate.`,
		Example: `  onstream plugin new plugins/acme --lang go
  onstream plugin inspect ./bin/onstream-acme     what it offers
  onstream plugin ls my-pipeline
  onstream plugin verify my-pipeline              before it is shipped`,
	}
	cmd.AddCommand(newPluginNew(c), newPluginList(c), newPluginInspect(c), newPluginVerify(c))
	return cmd
}

// pluginJSON is what is known of a plugin.
type pluginJSON struct {
	Name    string `json:"name"`              // of the block
	Calls   string `json:"calls,omitempty"`   // what it calls itself, where that is another name
	Version string `json:"version,omitempty"` // of the program
	Source  string `json:"source"`
	SHA256  string `json:"sha256,omitempty"` // of the program, "" where it cannot be read
	Pinned  bool   `json:"pinned"`           // the block says which program it must be
	// Kinds are what it offers, such as `source "acme_opcua"`.
	Kinds []string `json:"kinds"`
	// Limits are those of the block, as they are written there.
	Limits map[string]string `json:"limits,omitempty"`
	Error  string            `json:"error,omitempty"` // why it does not run
}

// newPluginJSON tells of a plugin block of a pipeline what became of it.
func newPluginJSON(path string, b dsl.Plugin, l launched) pluginJSON {
	x := pluginJSON{Name: b.Name, Source: within(path, b.Source), Pinned: b.SHA256 != "", Kinds: []string{}, Limits: limitTexts(b.Limits)}
	x.SHA256, _ = digestOf(b.Source) // what cannot be read does not run, and that is told
	if err := l.started[b.Name].Err; err != nil {
		x.Error = aboutProgram(err).Error()
	}
	for _, p := range l.plugins {
		if p.block.Name != b.Name {
			continue
		}
		x.Version = p.is.Version
		if p.is.Name != b.Name {
			x.Calls = p.is.Name
		}
		for _, k := range kindsOf(b.Name, l.registry) {
			x.Kinds = append(x.Kinds, k.Usage)
		}
	}
	return x
}

// limitTexts are the limits of a plugin that are written in its block.
func limitTexts(l dsl.PluginLimits) map[string]string {
	texts := map[string]string{}
	if l.Memory > 0 {
		texts["memory"] = sizeText(l.Memory)
	}
	if l.Restart != nil {
		texts["restart"] = count(int64(*l.Restart))
	}
	if l.Start > 0 {
		texts["start"] = l.Start.String()
	}
	if l.Timeout > 0 {
		texts["timeout"] = l.Timeout.String()
	}
	return texts
}

// kindsOf are the kinds of a plugin.
func kindsOf(name string, r *plugins.Registry) []reference.Kind {
	var own []reference.Kind
	for _, k := range reference.Kinds(r) {
		switch k.Role {
		case reference.Source, reference.Transform, reference.Sink, reference.Lookup:
			if strings.HasPrefix(k.Name, name+"_") {
				own = append(own, k)
			}
		}
	}
	return own
}

// pluginsOf starts the plugins of a pipeline, whose stages may be wrong, and tells what became of them. Files that cannot be read
// are an error that has been told.
func (c *cli) pluginsOf(ctx context.Context, path string, v *values) ([]pluginJSON, []dsl.Plugin, launched, error) {
	r, err := c.registry(c.stdout)
	if err != nil {
		return nil, nil, launched{}, failed(err)
	}
	o := v.options(c)
	module, diags := dsl.Parse(path)
	var blocks []dsl.Plugin
	if !diags.HasErrors() {
		blocks, diags = module.Plugins(o)
	}
	if diags.HasErrors() {
		if err := dsl.WriteDiagnostics(c.stderr, module.Files(), diags, width(c.stderr), c.colors(c.stderr)); err != nil {
			return nil, nil, launched{}, failed(err)
		}
		return nil, nil, launched{}, invalid(nil)
	}
	l := c.launch(ctx, path, module, r, o)
	all := []pluginJSON{}
	for _, b := range blocks {
		all = append(all, newPluginJSON(path, b, l))
	}
	return all, blocks, l, nil
}

// sizeText writes a number of bytes in the largest unit that it is a multiple of.
func sizeText(n int64) string {
	for _, unit := range []struct {
		name string
		n    int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n%unit.n == 0 {
			return fmt.Sprintf("%d%s", n/unit.n, unit.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}
