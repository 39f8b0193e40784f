package cli

import (
	"context"
	"io"
	"path/filepath"

	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// loaded is a pipeline's files and what became of them.
type loaded struct {
	path        string
	module      *dsl.Module
	pipeline    *dsl.Pipeline // nil where the files are not valid
	launched                  // its plugins, and the kinds that it is built of
	valid       bool
	diagnostics []dsl.Diagnostic
	// report writes the diagnostics for people.
	report func(w io.Writer, width uint, color bool) error
}

// open parses and builds the pipeline of a directory, of the kinds of a registry and those of its
// plugins, which are started, and end with the command. What is wrong with it is in the diagnostics.
func (c *cli) open(ctx context.Context, path string, r *plugins.Registry, o dsl.Options) loaded {
	module, diags := dsl.Parse(path)
	l := loaded{path: path, module: module, launched: launched{registry: r}}
	if !diags.HasErrors() {
		l.launched = c.launch(ctx, path, module, r, o)
		o.Plugins = l.started
		built, more := module.Build(l.registry, o)
		diags = append(diags, more...)
		l.pipeline = built
	}
	if l.valid = !diags.HasErrors(); !l.valid {
		l.pipeline = nil
	}
	l.diagnostics = dsl.DiagnosticsOf(module.Files(), diags)
	l.report = func(w io.Writer, width uint, color bool) error {
		return dsl.WriteDiagnostics(w, module.Files(), diags, width, color)
	}
	return l
}

// graph is the pipeline's graph with a name: that of its block or, failing
// that, of its directory.
func (l loaded) graph() *graph.Graph {
	g := *l.pipeline.Graph
	if g.Name == "" {
		g.Name = filepath.Base(l.path)
		if abs, err := filepath.Abs(l.path); err == nil {
			g.Name = filepath.Base(abs)
		}
	}
	return &g
}

// load opens a pipeline that has to be valid. If it is not, its diagnostics
// are printed.
func (c *cli) load(ctx context.Context, path string, r *plugins.Registry, o dsl.Options) (loaded, error) {
	l := c.open(ctx, path, r, o)
	if l.valid {
		return l, nil
	}
	if err := c.tell(l); err != nil {
		return l, err
	}
	return l, invalid(nil)
}

// tell prints the diagnostics: where the pipeline is valid, warnings. A program
// that reads the output gets them there.
func (c *cli) tell(l loaded) error {
	if c.asJSON && l.valid {
		return nil // the result tells the warnings
	}
	if c.asJSON {
		return c.writeJSON([]verdict{{l.path, l.valid, l.diagnostics}})
	}
	if err := l.report(c.stderr, width(c.stderr), c.colors(c.stderr)); err != nil {
		return failed(err)
	}
	return nil
}
