package host

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/binary"
	"github.com/onstream/onstream/wasm/manifest"
)

// An Interface is what modules import and export that were written for another host.
type Interface struct {
	// ABI is what a stage calls it.
	ABI string
	// Name is what people call them, such as "Extism plug-ins".
	Name string
	// Module is what they import Functions from, "" for nothing but WASI.
	Module    string
	Functions map[string]Function
	// Refused are modules that they might import from, with what to do about it.
	Refused map[string]string
	// Check looks at a module whose imports are in order, and returns the functions of it that can be called.
	Check func(m *binary.Module) ([]string, error)
}

// modules are those from which functions can be imported. There is no interface but onstream_v1 where x is nil.
func (x *Interface) modules() []string {
	switch {
	case x == nil:
		return []string{abi.Module, wasiModule}
	case x.Module == "":
		return []string{wasiModule}
	}
	return []string{x.Module, wasiModule}
}

func (x *Interface) imports(module string) map[string]Function {
	if x != nil && module == x.Module {
		return x.Functions
	}
	if x != nil && module != wasiModule {
		return nil
	}
	return imports(module)
}

func (x *Interface) inspect(data []byte, m *binary.Module) (*Description, error) {
	if err := x.checkImports(m); err != nil {
		return nil, err
	}
	functions, err := x.Check(m)
	if err != nil {
		return nil, err
	}
	if e, ok := m.Export(abi.Memory); !ok || e.Kind != binary.Memory {
		return nil, fmt.Errorf("it does not export its memory: export it as %q", abi.Memory)
	}
	says, err := manifest.Parse(nil)
	if err != nil {
		return nil, err
	}
	says.Volatile = true // whether it is the same for the same records, nobody says
	d := &Description{Digest: sha256.Sum256(data), Manifest: says, Memory: memoryOf(m), Interface: x, Functions: functions}
	for _, i := range m.Imports {
		d.HTTP = d.HTTP || i.Module == x.Module && i.Name == httpFunction
	}
	return d, nil
}

func (x *Interface) checkImports(m *binary.Module) error {
	for _, i := range m.Imports {
		if i.Kind != binary.Func {
			return fmt.Errorf("it imports the %s %s.%s: it needs one of its own", i.Kind, i.Module, i.Name)
		}
		f, ok := x.imports(i.Module)[i.Name]
		switch what := x.Refused[i.Module]; {
		case !ok && what != "":
			return fmt.Errorf("it imports %s.%s: %s", i.Module, i.Name, what)
		case !ok:
			return fmt.Errorf("it imports %s.%s, which %s are not given here: they may import from %s", i.Module, i.Name, x.Name, strings.Join(x.modules(), " and "))
		}
		if t := m.Types[i.Type]; !t.Equal(f.typ) {
			return fmt.Errorf("it imports %s.%s as %s, it is %s", i.Module, i.Name, signature(t), signature(f.typ))
		}
	}
	return nil
}

// Exports reports whether a module exports a function of a type, written as for [NewFunction].
func Exports(m *binary.Module, name, typ string) bool {
	e, ok := m.Export(name)
	if !ok || e.Kind != binary.Func {
		return false
	}
	t, ok := m.FunctionType(e.Index)
	return ok && t.Equal(funcType(typ))
}
