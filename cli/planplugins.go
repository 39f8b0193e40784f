package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/runtime/graph"
)

// planPluginJSON is a plugin of a pipeline, and what that uses of it.
type planPluginJSON struct {
	pluginJSON
	Uses []string `json:"uses"` // addresses of stages
}

// planPlugins tells of the plugins of a pipeline, in the order written.
func planPlugins(l loaded, g *graph.Graph) []planPluginJSON {
	var all []planPluginJSON
	for _, p := range l.plugins {
		x := planPluginJSON{newPluginJSON(l.path, p.block, l.launched), []string{}}
		for _, s := range g.Stages {
			lookup, _ := s.Config.Lookup()
			if s.Plugin != "" && (offers(p.block, s.Kind) || offers(p.block, lookup.Name)) {
				x.Uses = append(x.Uses, s.Addr())
			}
		}
		all = append(all, x)
	}
	return all
}

// offers reports whether a kind is one of a plugin.
func offers(b dsl.Plugin, kind string) bool { return strings.HasPrefix(kind, b.Name+"_") }

func (p *plan) writePlugins(w io.Writer) {
	if len(p.Plugins) > 0 {
		fmt.Fprintln(w, "\nplugins")
	}
	for _, x := range p.Plugins {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", x.Name, x.versionText(), x.Source, x.planRemarks())
	}
}

func (x planPluginJSON) planRemarks() string {
	remarks := []string{x.pinText()}
	if !x.Pinned {
		remarks[0] += ": any program there is run"
	}
	if text := x.limitText(); text != "" {
		remarks = append(remarks, text)
	}
	if len(x.Uses) > 0 {
		remarks = append(remarks, "for "+strings.Join(x.Uses, ", "))
	}
	return strings.Join(remarks, "; ")
}
