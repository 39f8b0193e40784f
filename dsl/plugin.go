package dsl

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// Plugin is a plugin block: a program that offers kinds, whose names begin with that of the block.
type Plugin struct {
	Name   string
	Source string // path of the program; a relative one was completed by the pipeline's folder
	SHA256 string // that the program must have, in hexadecimal digits; "" for any
	Args   []string
	// Env is the environment of the program, by name. A value that is not known yet, as when a pipeline is only checked, is left out.
	Env map[string]plugins.Secret
	// Shown are the names in Env of what was not written as a secret, in their order.
	Shown  []string
	Limits PluginLimits
	Pos    graph.Pos
}

// PluginLimits are the block limits of a plugin. What is not written is zero.
type PluginLimits struct {
	Memory  int64         // bytes that the process may have
	Restart *int          // how often in ten minutes it is started again
	Start   time.Duration // from its start to its first answer
	Timeout time.Duration // of a call
}

// Started is what became of a [Plugin].
type Started struct {
	// Fingerprint is a text that is equal for processes that behave alike; a stage of a plugin with another one has changed.
	Fingerprint string
	// Err is why it offers nothing, nil where it does. A [plugins.ConfigError] names an attribute of the block.
	Err error
}

// plugin is a plugin block while the pipeline is built.
type plugin struct {
	*stage // holds the places of its attributes; it is no stage of the pipeline
	is     Plugin
	used   bool
}

// Plugins returns what the plugin blocks say, in the order written, for them to be started before [Module.Build]. Those with errors are
// left out, all where the values that they are made of have errors. The diagnostics are among those that Build returns.
func (m *Module) Plugins(o Options) ([]Plugin, hcl.Diagnostics) {
	if len(m.blocks["plugin"]) == 0 {
		return nil, nil
	}
	b := newBuilder(m, &plugins.Registry{}, o)
	b.declareVariables()
	b.declareLocals()
	b.evaluate()
	if b.diags.HasErrors() {
		return nil, finish(b.diags)
	}
	b.declarePlugins()
	var found []Plugin
	for _, block := range m.blocks["plugin"] {
		if p := b.plugins[block.Labels[0]]; p != nil && p.block == block && !p.broken {
			found = append(found, p.is)
		}
	}
	return found, finish(b.diags)
}

// PluginSchema describes the plugin block. Its env, which may also hold secrets, is decoded by hand.
func PluginSchema() plugins.Schema {
	return plugins.Schema{
		Attrs: []plugins.Attr{
			{Name: "source", Type: plugins.AttrFile, Required: true, Doc: "The path of the program; a relative one starts at the pipeline's folder."},
			{Name: "sha256", Type: plugins.AttrString, Doc: "The digest that the program must have at each start, in hexadecimal digits; any, if not given."},
			{Name: "args", Type: plugins.AttrStrings, Doc: "The arguments of the program."},
			{Name: envAttr, Type: plugins.AttrStringMap, Doc: "The whole environment of the program, of strings and secrets: it inherits nothing."},
		},
		Blocks: []plugins.Block{{Name: "limits", Doc: "What the process may use.", Schema: plugins.Schema{Attrs: []plugins.Attr{
			{Name: "memory", Type: plugins.AttrSize, Min: plugins.Bound(1), Doc: "The most memory that it may have; no limit, if not given."},
			{Name: "restart", Type: plugins.AttrInt, Min: plugins.Bound(0), Max: plugins.Bound(1_000_000), Doc: "How often in ten minutes a process that ended is started again before its stages give up; 10, if not given."},
			{Name: "start", Type: plugins.AttrDuration, Min: plugins.Bound(0.001), Doc: "How long it may take to start; 10s, if not given."},
			{Name: "timeout", Type: plugins.AttrDuration, Min: plugins.Bound(0.001), Doc: "How long a call may take before the process counts as hung and is killed; 30s, if not given."},
		}}}},
	}
}

// declarePlugins reads the plugin blocks.
func (b *builder) declarePlugins() {
	for _, block := range b.declared("plugin") {
		p := &plugin{stage: &stage{
			Stage: &graph.Stage{Role: "plugin", Kind: "plugin", Name: block.Labels[0], Pos: posOf(block.DefRange())},
			block: block, guessed: map[string]bool{}, places: map[string]hcl.Range{},
		}}
		b.plugins[p.Name] = p
		before := len(b.diags)
		b.configurePlugin(p)
		p.broken = p.broken || b.diags[before:].HasErrors()
	}
}

var pluginName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]*$`)

func (b *builder) configurePlugin(p *plugin) {
	if !pluginName.MatchString(p.Name) {
		b.fail(p.block.LabelRanges[0], "invalid name", "%q cannot be the name of a plugin, with which those of its kinds begin; use letters, digits and _, with a letter first", p.Name)
	}
	schema := PluginSchema()
	body, diags := readBody(p.block.Body, schemaForm(schema, "a plugin"))
	schema.Attrs = slices.DeleteFunc(schema.Attrs, func(a plugins.Attr) bool { return a.Name == envAttr })
	b.add(diags...)
	d := &decoder{builder: b, stage: p.stage}
	c := d.config(body, schema, "", p.block.DefRange())
	limits := c.Block("limits")
	p.is = Plugin{
		Name: p.Name, Source: c.String("source"), SHA256: strings.ToLower(c.String("sha256")), Args: c.Strings("args"), Pos: p.Pos,
		Limits: PluginLimits{Memory: limits.Int("memory"), Start: limits.Duration("start"), Timeout: limits.Duration("timeout")},
	}
	p.is.Env, p.is.Shown = d.env(body.attr(envAttr))
	if limits.Has("restart") {
		n := int(limits.Int("restart"))
		p.is.Limits.Restart = &n
	}
	if hexDigest := regexp.MustCompile(`^[0-9a-f]{64}$`); c.Has("sha256") && !p.guessed["sha256"] && !hexDigest.MatchString(p.is.SHA256) {
		b.fail(p.places["sha256"], "invalid sha256", "sha256 is a digest of 64 hexadecimal digits; onstream plugin verify tells that of the program")
	}
	if p.guessed["sha256"] {
		p.is.SHA256 = ""
	}
	for _, name := range []string{"source", "args"} {
		if p.guessed[name] && b.options.CheckOnly {
			b.fail(p.places[name], "not known yet", "a plugin is started also when a pipeline is only checked, and %s depends on what is not known then; give variables a value with --var, and do not use env(), file() or secret() here", name)
		}
	}
}

const envAttr = "env"

// maxEnv bounds what is in an environment: systems have limits of their own, which they do not explain.
const maxEnv = 1000

// env reads the environment of a plugin, and which of it is no secret.
func (d *decoder) env(a *hclsyntax.Attribute) (env map[string]plugins.Secret, shown []string) {
	if a == nil {
		return nil, nil
	}
	d.stage.places[envAttr] = a.Expr.Range()
	v := d.value(a.Expr)
	switch t := v.Type(); {
	case !v.IsKnown() || v.IsNull():
		return nil, nil
	case !t.IsObjectType() && !t.IsMapType():
		d.fail(a.Expr.Range(), "invalid env", "env is an object of strings and secrets, such as { REGION = \"eu\", TOKEN = secret(\"env:TOKEN\") }")
		return nil, nil
	case v.LengthInt() > maxEnv:
		d.fail(a.Expr.Range(), "invalid env", "env has %d names; %d are the most", v.LengthInt(), maxEnv)
		return nil, nil
	}
	env = map[string]plugins.Secret{}
	values := v.AsValueMap()
	for _, name := range keys(values) {
		x := values[name]
		switch known := x.IsKnown() && !x.IsNull(); {
		case name == "" || strings.ContainsAny(name, "=\x00"):
			d.fail(a.Expr.Range(), "invalid env", "%q cannot be the name of an environment variable", name)
		case known && x.Type().Equals(secretCapsule):
			env[name] = *x.EncapsulatedValue().(*plugins.Secret)
		case known && x.Type() == cty.String:
			env[name] = plugins.NewSecret(x.AsString())
			shown = append(shown, name)
		case known:
			d.fail(a.Expr.Range(), "invalid env", "env.%s must be a string or a secret, not %s", name, kindOf(x))
		}
		if strings.ContainsRune(env[name].Reveal(), 0) {
			d.fail(a.Expr.Range(), "invalid env", "env.%s holds a byte 0, which no environment variable can", name)
		}
	}
	return env, shown
}

// startPlugins reports plugins that were not started.
func (b *builder) startPlugins() {
	for _, name := range keys(b.plugins) {
		p := b.plugins[name]
		if p.broken {
			continue
		}
		started, ok := b.options.Plugins[name]
		switch {
		case !ok:
			p.broken = true
			b.fail(p.block.DefRange(), "plugin not started", "plugin %s was not started; that is a mistake in the program that reads the pipeline", name)
		case started.Err != nil:
			b.configError(p.stage, "", started.Err)
		}
	}
}

// pluginOf returns the plugin with whose name that of a kind begins, nil for none.
func (b *builder) pluginOf(kind string) *plugin {
	var found *plugin
	for name, p := range b.plugins {
		if strings.HasPrefix(kind, name+"_") && (found == nil || len(name) > len(found.Name)) {
			found = p
		}
	}
	return found
}

// usePlugin notes that a kind is used, and returns the fingerprint of the plugin that offers it; "" for none.
func (b *builder) usePlugin(kind string) string {
	p := b.pluginOf(kind)
	if p == nil || p.broken {
		return ""
	}
	p.used = true
	return cmp.Or(b.options.Plugins[p.Name].Fingerprint, p.Name)
}

// pluginMisses reports a kind that its plugin does not have. Where it is not known what that has, nothing is said: why not was. It returns false for
// kinds that are no plugin's.
func (b *builder) pluginMisses(role, kind string, known []string, at hcl.Range) bool {
	p := b.pluginOf(kind)
	if p == nil {
		return false
	}
	p.used = true
	if p.broken {
		return true
	}
	prefix := p.Name + "_"
	var own []string
	for _, name := range known {
		if strings.HasPrefix(name, prefix) {
			own = append(own, name)
		}
	}
	if len(own) == 0 {
		b.fail(at, "unknown kind", "plugin %s has no %s %q: it has no %s at all; %s", p.Name, role, strings.TrimPrefix(kind, prefix), role, b.offers(prefix))
		return true
	}
	b.fail(at, "unknown kind", "plugin %s has no %s %q; %s", p.Name, role, strings.TrimPrefix(kind, prefix), hint(kind, own))
	return true
}

// offers lists what a plugin has.
func (b *builder) offers(prefix string) string {
	var all []string
	for _, of := range []struct {
		role  string
		names []string
	}{{"source", b.registry.Sources()}, {"transform", b.registry.Transforms()}, {"sink", b.registry.Sinks()}, {"lookup", b.registry.Lookups()}} {
		for _, name := range of.names {
			if strings.HasPrefix(name, prefix) {
				all = append(all, fmt.Sprintf("%s %q", of.role, name))
			}
		}
	}
	if all == nil {
		return "there is nothing in it"
	}
	const few = 24
	if len(all) > few {
		all = append(all[:few], fmt.Sprintf("and %d more", len(all)-few))
	}
	return "it has " + strings.Join(all, ", ")
}

// warnUnusedPlugins warns of programs that run for nothing.
func (b *builder) warnUnusedPlugins() {
	for _, name := range slices.Sorted(maps.Keys(b.plugins)) {
		if p := b.plugins[name]; !p.used {
			b.add(warningAt(p.block.DefRange(), "unused plugin", "no stage is of a kind of plugin %s, whose names begin with %s_; the program runs for nothing", name, name))
		}
	}
}
