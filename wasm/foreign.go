package wasm

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/binary"
	"github.com/onstream/onstream/wasm/foreign"
	"github.com/onstream/onstream/wasm/foreign/command"
	"github.com/onstream/onstream/wasm/foreign/extism"
	"github.com/onstream/onstream/wasm/foreign/redpanda"
	"github.com/onstream/onstream/wasm/host"
)

// ownInterface is what a stage calls onstream_v1.
const ownInterface = "onstream"

// foreignKind is an interface that modules were written for instead of onstream_v1.
type foreignKind struct {
	name      string
	is        func(m *binary.Module) bool
	about     func() *host.Interface
	start     func(foreign.Config) (foreign.Guest, error)
	perRecord bool // it gives one record at a time, so that the one that is to blame is known
	// functions, args and ports say that there is something to choose.
	functions, args, ports bool
}

// foreignKinds are in the order in which a module is compared with them.
func foreignKinds() []foreignKind {
	return []foreignKind{
		{
			name: "extism", is: importsFrom(extism.Module), about: extism.Interface, start: extism.New,
			perRecord: true, functions: true,
		}, {
			name: "redpanda", is: importsFrom(redpanda.Module), about: redpanda.Interface, start: redpanda.New,
			perRecord: true, ports: true,
		}, {
			name: "wasi", is: isProgram, about: command.Interface, start: command.New, args: true,
		},
	}
}

// interfaceNames are the values of the attribute abi.
func interfaceNames() []string {
	names := []string{ownInterface}
	for _, k := range foreignKinds() {
		names = append(names, k.name)
	}
	return names
}

func importsFrom(module string) func(*binary.Module) bool {
	return func(m *binary.Module) bool {
		return slices.ContainsFunc(m.Imports, func(i binary.Import) bool { return i.Module == module })
	}
}

// isProgram reports whether a module is a program that knows nothing of onstream.
func isProgram(m *binary.Module) bool {
	return host.Exports(m, "_start", ":") && !importsFrom(abi.Module)(m)
}

// chooser finds the interface of a module: that of a name, or the one that the module shows.
func chooser(name string) func(m *binary.Module) *host.Interface {
	return func(m *binary.Module) *host.Interface {
		if _, own := m.Export(abi.Marker); name == ownInterface || name == "" && own {
			return nil
		}
		for _, k := range foreignKinds() {
			if k.name == name || name == "" && k.is(m) {
				x := k.about()
				x.ABI = k.name
				return x
			}
		}
		return nil
	}
}

// Inspect is [host.InspectFor] for a module of any interface: abi names it as a stage does, "" is what the module shows.
func Inspect(data []byte, abi string) (*host.Description, error) {
	return host.InspectFor(data, chooser(abi))
}

// foreignPlan is what a stage says of a module that was written for another host.
type foreignPlan struct {
	foreignKind
	function string
	args     []string
	settings []foreign.Setting
	named    []string // outputs
}

func (p *plan) setForeign(c plugins.Config) error {
	x := p.module.Interface
	if x == nil {
		for _, name := range []string{"function", "args", "ports"} {
			if c.Has(name) {
				return plugins.ConfigErrorf(name, "the module is one of onstream, which has none: remove it")
			}
		}
		return nil
	}
	kinds := foreignKinds()
	k := kinds[slices.IndexFunc(kinds, func(k foreignKind) bool { return k.name == x.ABI })]
	f := &foreignPlan{foreignKind: k, args: append([]string{filepath.Base(p.path)}, c.Strings("args")...), named: c.Strings("ports")}
	for name, has := range map[string]bool{"function": k.functions, "args": k.args, "ports": k.ports} {
		if !has && c.Has(name) {
			return plugins.ConfigErrorf(name, "the module is one of %s, which have none: remove it", x.Name)
		}
	}
	if err := f.setFunction(c.String("function"), p.module.Functions); err != nil {
		return err
	}
	if err := f.setSettings(c.Exprs("config")); err != nil {
		return err
	}
	says, described := *p.module.Manifest, *p.module
	says.Name, says.Ports = f.args[0], f.named
	described.Manifest = &says
	p.module, p.foreign = &described, f
	return nil
}

func (f *foreignPlan) setFunction(name string, there []string) error {
	switch {
	case name == "" && len(there) > 1:
		return plugins.ConfigErrorf("", "the module has several functions, %s: write function = %q, or the one that is meant", strings.Join(there, ", "), there[0])
	case name == "":
		f.function = there[0]
	case !slices.Contains(there, name):
		return plugins.ConfigErrorf("function", "the module has no function %q that could be called for a record, it has %s", name, strings.Join(there, ", "))
	default:
		f.function = name
	}
	return nil
}

// setSettings finds the texts that the module is given.
func (f *foreignPlan) setSettings(exprs []plugins.NamedExpr) error {
	for _, x := range exprs {
		v, ok := plugins.ConstantOf(x.Expr)
		switch {
		case !ok:
			return plugins.ConfigErrorf("config", "%s depends on the record: a setting is the same for all of them", x.Name)
		case v.Kind == plugins.Null || v.Kind.Nested() || v.Kind == plugins.Bytes:
			return plugins.ConfigErrorf("config", "%s is of type %s, and the module takes texts: write a string", x.Name, v.Kind)
		}
		text := v.Text
		if v.Kind != plugins.String {
			text = strings.Trim(v.String(), `"`) // of times and durations
		}
		if strings.ContainsRune(x.Name+text, 0) {
			return plugins.ConfigErrorf("config", "%s has a byte zero, which no text for the module can have: remove it", x.Name)
		}
		f.settings = append(f.settings, foreign.Setting{Name: x.Name, Value: text})
	}
	return nil
}
