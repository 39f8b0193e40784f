package binary

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrComponent says that the bytes are of a component, not of a core module.
var ErrComponent = errors.New("it is a component of the component model, not a core module")

// ErrShort says that a module, or a part of it, has less than it announces: it is cut off.
var ErrShort = errors.New("it ends too early")

// ErrNoModule says that the bytes are not of WebAssembly.
var ErrNoModule = errors.New("it is not WebAssembly: it does not begin with \\0asm")

var magic = []byte("\x00asm")

// order is where each section stands among the others.
var order = [...]int{
	TypeSection: 1, ImportSection: 2, FunctionSection: 3, TableSection: 4, MemorySection: 5, GlobalSection: 6, ExportSection: 7,
	StartSection: 8, ElementSection: 9, DataCountSection: 10, CodeSection: 11, DataSection: 12,
}

// Decode takes a module apart. The memory that it needs is bounded by the size of the
// module. The result points into data, which must not be changed.
func Decode(data []byte, bounds Bounds) (*Module, error) {
	if !bytes.HasPrefix(data, magic) {
		return nil, ErrNoModule
	}
	if len(data) > bounds.Size {
		return nil, fmt.Errorf("it has %d bytes, at most %d are taken", len(data), bounds.Size)
	}
	if len(data) < 8 {
		return nil, fmt.Errorf("offset 4: %w", ErrShort)
	}
	switch version := [4]byte(data[4:8]); {
	case version[2] == 1 && version[3] == 0: // the layer
		return nil, ErrComponent
	case version != [4]byte{1}:
		return nil, fmt.Errorf("it is of version %d of the format, 1 is known", version[0])
	}
	d := decoder{bounds: bounds}
	r := reader{data: data, at: 8}
	last := 0
	for r.left() > 0 && r.err == nil {
		id := SectionID(r.byte())
		body := r.bytes(int(r.u32()))
		s := Section{ID: id, Data: body, Offset: r.at - len(body)}
		if int(id) >= len(order) {
			r.failf("there is a section of the unknown kind %d", id)
		} else if id != CustomSection {
			if order[id] <= last {
				r.failf("section %d is there twice, or not in its place", id)
			}
			last = order[id]
		}
		if r.err != nil {
			break
		}
		if err := d.section(s); err != nil {
			return nil, err
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	return &d.Module, d.check()
}

// decoder is a module that is being taken apart.
type decoder struct {
	Module
	bounds Bounds
}

// section reads a section.
func (d *decoder) section(s Section) error {
	r := &reader{data: s.Data, base: s.Offset}
	switch s.ID {
	case CustomSection:
		s.Name = r.name()
		s.Data, s.Offset = r.data[min(r.at, len(r.data)):], r.offset()
		r.at = len(r.data)
	case TypeSection:
		d.types(r)
	case ImportSection:
		d.imports(r)
	case FunctionSection:
		for range r.count(1, maxFuncs, "functions") {
			d.Functions = append(d.Functions, d.typeIndex(r))
		}
	case TableSection:
		for range r.count(3, 1, "tables") {
			d.Tables = append(d.Tables, d.table(r))
		}
	case MemorySection:
		for range r.count(2, 1, "memories") {
			d.Memories = append(d.Memories, memory(r))
		}
	case GlobalSection:
		d.Globals = r.count(3, maxGlobals, "globals")
		for range d.Globals {
			if t := ValueType(r.byte()); !t.known() || r.byte() > 1 {
				r.failf("a global has an unknown type")
			}
			s.Refs = constant(r, s.Refs)
		}
	case ExportSection:
		s.Refs = d.exports(r)
	case StartSection:
		var ref Ref
		ref, d.HasStart = funcRef(r), true
		s.Refs, d.Start = []Ref{ref}, ref.Index
	case ElementSection:
		s.Refs = elements(r)
	case CodeSection:
		d.codes(r)
	case DataSection:
		data(r)
	case DataCountSection:
		r.u32()
	}
	if r.err == nil && r.left() > 0 {
		r.failf("section %d is longer than what is in it", s.ID)
	}
	d.Sections = append(d.Sections, s)
	return r.err
}

func (d *decoder) types(r *reader) {
	for range r.count(3, maxTypes, "types") {
		if form := r.byte(); form != 0x60 {
			r.failf("a type has the unknown form %#x", form)
			return
		}
		d.Types = append(d.Types, FuncType{valueTypes(r, maxParams, "parameters"), valueTypes(r, maxResults, "results")})
	}
}

func valueTypes(r *reader, most int, what string) []ValueType {
	n := r.count(1, most, what)
	ts := make([]ValueType, n)
	for i := range ts {
		ts[i] = valueType(r)
	}
	return ts
}

func valueType(r *reader) ValueType {
	t := ValueType(r.byte())
	if !t.known() {
		r.failf("there is a value of the unknown type %#x", byte(t))
	}
	return t
}

func (d *decoder) typeIndex(r *reader) uint32 {
	i := r.u32()
	if int64(i) >= int64(len(d.Types)) {
		r.failf("a function has the type %d, there are %d", i, len(d.Types))
	}
	return i
}

func (d *decoder) imports(r *reader) {
	for range r.count(4, maxImports, "imports") {
		i := Import{Module: r.name(), Name: r.name(), Kind: Kind(r.byte())}
		switch i.Kind {
		case Func:
			i.Type = d.typeIndex(r)
		case Table:
			i.Limits = d.table(r).Limits
		case Memory:
			i.Limits = memory(r)
		case Global:
			if valueType(r); r.byte() > 1 {
				r.failf("a global has an unknown type")
			}
		default:
			r.failf("an import has the unknown kind %d", i.Kind)
		}
		if r.err != nil {
			return
		}
		d.Imports = append(d.Imports, i)
	}
}

func (d *decoder) table(r *reader) TableType {
	t := TableType{Elem: valueType(r), Limits: limits(r, 1<<32-1)}
	if !t.Elem.isRef() {
		r.failf("a table has entries of the type %s", t.Elem)
	}
	if t.Min > uint32(d.bounds.Table) {
		r.failf("its table has %d entries, at most %d are taken", t.Min, d.bounds.Table)
	}
	return t
}

func memory(r *reader) Limits { return limits(r, MaxPages) }

func limits(r *reader, most uint64) Limits {
	flag := r.byte()
	l := Limits{Min: r.u32(), HasMax: flag == 1}
	switch {
	case flag > 1:
		r.failf("a memory or table is shared, or of 64 bits, which is not known")
	case flag == 1:
		l.Max = r.u32()
	}
	if l.HasMax && l.Max < l.Min || uint64(max(l.Min, l.Max)) > most {
		r.failf("a memory or table begins with %d and ends with %d", l.Min, l.Max)
	}
	return l
}

func (d *decoder) exports(r *reader) []Ref {
	var refs []Ref
	names := map[string]bool{}
	for range r.count(3, maxExports, "exports") {
		e := Export{Name: r.name(), Kind: Kind(r.byte())}
		if e.Kind == Func {
			ref := funcRef(r)
			refs, e.Index = append(refs, ref), ref.Index
		} else if e.Index = r.u32(); e.Kind > Global {
			r.failf("an export has the unknown kind %d", e.Kind)
		}
		if names[e.Name] {
			r.failf("%q is exported twice", e.Name)
		}
		names[e.Name] = true
		d.Exports = append(d.Exports, e)
	}
	return refs
}

func (d *decoder) codes(r *reader) {
	for range r.count(3, maxFuncs, "bodies of functions") {
		body := r.bytes(int(r.u32()))
		c := Code{Body: body, Offset: r.offset() - len(body)}
		b := &reader{data: body, base: c.Offset}
		c.Variables = d.locals(b)
		if b.err != nil {
			r.err = b.err
		}
		if r.err != nil {
			return
		}
		c.Locals = b.at
		d.Codes = append(d.Codes, c)
	}
}

// locals returns how many there are.
func (d *decoder) locals(r *reader) int {
	sum := uint64(0)
	for range r.count(2, 0, "groups of locals") {
		sum += uint64(r.u32())
		valueType(r)
		if sum > uint64(d.bounds.Locals) {
			r.failf("a function has %d locals or more, at most %d are taken", sum, d.bounds.Locals)
			return 0
		}
	}
	return int(sum)
}

func data(r *reader) {
	for range r.count(2, 0, "data segments") {
		switch flag := r.u32(); flag {
		case 0:
			constant(r, nil)
		case 1:
		case 2:
			if r.u32() != 0 {
				r.failf("a data segment is of another memory")
			}
			constant(r, nil)
		default:
			r.failf("a data segment has the unknown form %d", flag)
		}
		r.bytes(int(r.u32()))
	}
}

// check looks at what is in several sections.
func (d *decoder) check() error {
	if len(d.Functions) != len(d.Codes) {
		return fmt.Errorf("it has %d functions and %d bodies", len(d.Functions), len(d.Codes))
	}
	if n := len(d.Tables) + d.Imported(Table); n > 1 {
		return fmt.Errorf("it has %d tables, at most 1 is taken", n)
	}
	if n := len(d.Memories) + d.Imported(Memory); n > 1 {
		return fmt.Errorf("it has %d memories, at most 1 is taken", n)
	}
	functions := uint64(len(d.Functions) + d.Imported(Func))
	for _, s := range d.Sections {
		for _, ref := range s.Refs {
			if uint64(ref.Index) >= functions {
				return fmt.Errorf("offset %#x: function %d is named, there are %d", s.Offset+ref.At, ref.Index, functions)
			}
		}
	}
	return nil
}
