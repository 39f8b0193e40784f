package host

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/binary"
	"github.com/onstream/onstream/wasm/manifest"
)

// A Description is what is known of a module without running it.
type Description struct {
	Digest   [sha256.Size]byte
	Manifest *manifest.Manifest
	// Interface is what it was written for, nil for onstream_v1; of another one Functions are those that it offers.
	Interface *Interface
	Functions []string
	// Memory is how many bytes it begins with.
	Memory int64
	// HTTP says that it imports http_request, Keyed that it uses state or timers, Timers that it has on_timer, Watermark that it has on_watermark,
	// Snapshot that it keeps what it has in its memory.
	HTTP, Keyed, Timers, Watermark, Snapshot bool
}

// Stateless reports whether an instance has nothing that it could keep: no state, no timers, no snapshot, and no use for
// event time.
func (d *Description) Stateless() bool {
	return !d.Keyed && !d.Timers && !d.Watermark && !d.Snapshot
}

// Inspect finds out what a module is, and whether it may run.
func Inspect(data []byte) (*Description, error) {
	return InspectFor(data, nil)
}

// InspectFor is Inspect for modules that may be written for another host: choose says which it is, and nil for one of onstream_v1.
func InspectFor(data []byte, choose func(*binary.Module) *Interface) (*Description, error) {
	d, _, err := inspect(data, choose)
	return d, err
}

func inspect(data []byte, choose func(*binary.Module) *Interface) (*Description, *binary.Module, error) {
	m, err := binary.Decode(data, binary.DefaultBounds())
	if err != nil {
		return nil, nil, remedy(err)
	}
	if choose != nil {
		if x := choose(m); x != nil {
			d, err := x.inspect(data, m)
			return d, m, err
		}
	}
	if err := checkImports(m); err != nil {
		return nil, nil, err
	}
	if err := checkExports(m); err != nil {
		return nil, nil, err
	}
	text, _ := m.Custom(abi.ManifestSection)
	says, err := manifest.Parse(text)
	if err != nil {
		return nil, nil, fmt.Errorf("its manifest: %w", err)
	}
	d := &Description{Digest: sha256.Sum256(data), Manifest: says, Memory: memoryOf(m)}
	has := func(name string) bool { _, ok := m.Export(name); return ok }
	d.Timers, d.Watermark, d.Snapshot = has(abi.OnTimer), has(abi.OnWatermark), has(abi.Snapshot)
	return d, m, d.checkUse(m)
}

// memoryOf returns how many bytes of memory a module begins with.
func memoryOf(m *binary.Module) int64 {
	if len(m.Memories) == 0 {
		return 0
	}
	return int64(m.Memories[0].Min) * pageSize
}

// checkUse finds what does not go together: the manifest, the imports and the exports.
func (d *Description) checkUse(m *binary.Module) error {
	for _, i := range m.Imports {
		if i.Module != abi.Module {
			continue
		}
		state, timers := strings.HasPrefix(i.Name, "state_"), strings.HasPrefix(i.Name, "timer_")
		d.Keyed = d.Keyed || state || timers
		d.HTTP = d.HTTP || i.Name == httpFunction
		switch {
		case state && len(d.Manifest.State.Spaces) == 0:
			return fmt.Errorf("it imports %s, but its manifest has no state: name its namespaces in state.spaces", i.Name)
		case timers && !d.Timers:
			return fmt.Errorf("it imports %s, but does not export %s, which is called when a timer is due", i.Name, abi.OnTimer)
		}
	}
	if wants := d.Manifest.Grants; len(wants) > 0 && !d.HTTP {
		return fmt.Errorf("its manifest wants %s, but the module makes no HTTP requests: leave grants out of the manifest, or make the requests", wants[0])
	}
	if _, ok := m.Export(abi.Restore); ok != d.Snapshot {
		return fmt.Errorf("it exports one of %s and %s: it needs both, or none", abi.Snapshot, abi.Restore)
	}
	return nil
}

// remedy says what to do about bytes that are not of a module.
func remedy(err error) error {
	switch {
	case errors.Is(err, binary.ErrComponent):
		return fmt.Errorf("%w: build a core module, such as with --target wasm32-unknown-unknown or wasm32-wasip1, and without wasm-tools component new", err)
	case errors.Is(err, binary.ErrNoModule):
		return fmt.Errorf("%w: name the file that the compiler wrote", err)
	case errors.Is(err, binary.ErrShort):
		return fmt.Errorf("%w: it is cut off or damaged, so copy it once more, or build it again", err)
	}
	return err
}

func checkImports(m *binary.Module) error {
	for _, i := range m.Imports {
		if i.Kind != binary.Func {
			return fmt.Errorf("it imports the %s %s.%s: a behaviour has its own", i.Kind, i.Module, i.Name)
		}
		f, ok := imports(i.Module)[i.Name]
		switch {
		case !ok && (i.Module == abi.Module || i.Module == wasiModule):
			return fmt.Errorf("it imports %s.%s, which this onstream does not have: build it for less, or use a newer onstream", i.Module, i.Name)
		case !ok:
			return fmt.Errorf("it imports %s.%s, which is not given to behaviours: they may import from %s, and what compilers need from %s", i.Module, i.Name, abi.Module, wasiModule)
		}
		if t := m.Types[i.Type]; !t.Equal(f.typ) {
			return fmt.Errorf("it imports %s.%s as %s, it is %s: see wasm/sdk/ABI.md", i.Module, i.Name, signature(t), signature(f.typ))
		}
	}
	return nil
}

// exported is the type of an export, and whether a module must have it.
type exported struct {
	name     string
	typ      binary.FuncType
	required bool
}

// exports are those that the interface knows.
func exports() []exported {
	return []exported{
		{abi.Marker, funcType(":"), true},
		{abi.Alloc, funcType("i:i"), true},
		{abi.Process, funcType("ii:I"), true},
		{abi.Initialize, funcType(":"), false},
		{abi.Open, funcType("ii:i"), false},
		{abi.OnTimer, funcType("ii:I"), false},
		{abi.OnWatermark, funcType("I:I"), false},
		{abi.Configure, funcType("ii:i"), false},
		{abi.Snapshot, funcType(":I"), false},
		{abi.Restore, funcType("ii:i"), false},
	}
}

func checkExports(m *binary.Module) error {
	for _, x := range exports() {
		e, ok := m.Export(x.name)
		switch {
		case !ok && x.name == abi.Marker:
			return missingMarker(m)
		case !ok && x.required:
			return fmt.Errorf("it does not export %s, which the interface asks for (wasm/sdk/ABI.md)", x.name)
		case !ok:
			continue
		case e.Kind != binary.Func:
			return fmt.Errorf("it exports %s as a %s: it is a function", x.name, e.Kind)
		}
		if t, _ := m.FunctionType(e.Index); !t.Equal(x.typ) {
			return fmt.Errorf("it exports %s as %s, it is %s: see wasm/sdk/ABI.md", x.name, signature(t), signature(x.typ))
		}
	}
	if e, ok := m.Export(abi.Memory); !ok || e.Kind != binary.Memory {
		return fmt.Errorf("it does not export its memory: export it as %q", abi.Memory)
	}
	return nil
}

// missingMarker says what a module is for, if it is not for this interface.
func missingMarker(m *binary.Module) error {
	for _, e := range m.Exports {
		if strings.HasPrefix(e.Name, "onstream_abi_") {
			return fmt.Errorf("it is for %s, this onstream has %s: use a version of onstream that has it, or build it again for this one", e.Name, abi.Marker)
		}
	}
	if _, ok := m.Export("_start"); ok {
		return fmt.Errorf("it is a program, and does not export %s: build a library for the interface of wasm/sdk/ABI.md (Go: -buildmode=c-shared; Rust: crate-type cdylib)", abi.Marker)
	}
	return fmt.Errorf("it does not export %s, so it is not a behaviour for onstream: build it for the interface of wasm/sdk/ABI.md", abi.Marker)
}
