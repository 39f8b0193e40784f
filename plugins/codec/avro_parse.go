package codec

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// avroParser makes types of the text of schemas (Avro 1.12, Schema Declaration). The texts
// may refer to the named types of those that came before.
type avroParser struct {
	named    map[string]*avroType // by full names
	aliased  map[string]*avroType // by full aliases
	made     map[string]bool      // full names of the present text
	bytes    int                  // of text that were read
	parts    int                  // in them
	depth    int                  // types that are open
	defaults avroDefaults
}

func newAvroParser() *avroParser {
	return &avroParser{named: map[string]*avroType{}, aliased: map[string]*avroType{}}
}

// text reads one schema.
func (p *avroParser) text(schema string) (*avroType, error) {
	if err := p.size(schema); err != nil {
		return nil, err
	}
	d := json.NewDecoder(strings.NewReader(schema))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("it is no JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something stands behind it")
	}
	p.made = map[string]bool{}
	return p.parse("", v)
}

// parse reads a type inside a namespace.
func (p *avroParser) parse(space string, v any) (*avroType, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxAvroNesting {
		return nil, fmt.Errorf("types are nested more than %d deep", maxAvroNesting)
	}
	if err := p.part(1); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case string:
		return p.refer(space, v)
	case []any:
		return p.union(space, v)
	case map[string]any:
		return p.complex(space, v)
	}
	return nil, fmt.Errorf("%v is no type", v)
}

// refer returns a type without attributes, or one that has a name.
func (p *avroParser) refer(space, name string) (*avroType, error) {
	if kind, ok := avroPrimitive(name); ok {
		return &avroType{kind: kind, name: name, empty: kind == avroNull}, nil
	}
	if t := p.find(space, name); t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("there is no type %q", fullAvroName(space, name))
}

func avroPrimitive(name string) (avroKind, bool) {
	switch name {
	case "null":
		return avroNull, true
	case "boolean":
		return avroBool, true
	case "int":
		return avroInt, true
	case "long":
		return avroLong, true
	case "float":
		return avroFloat, true
	case "double":
		return avroDouble, true
	case "bytes":
		return avroBytes, true
	case "string":
		return avroString, true
	}
	return 0, false
}

func (p *avroParser) union(space string, of []any) (*avroType, error) {
	t := &avroType{kind: avroUnion, name: "union"}
	if len(of) == 0 {
		return nil, errors.New("a union has no types")
	}
	type branch struct {
		name    string
		logical avroLogical
	}
	seen := map[branch]bool{}
	for _, v := range of {
		b, err := p.parse(space, v)
		if err != nil {
			return nil, err
		}
		if b.kind == avroUnion {
			return nil, errors.New("a type of a union is a union")
		}
		if seen[branch{b.name, b.logical}] {
			return nil, fmt.Errorf("a union has the type %s twice", b.name)
		}
		seen[branch{b.name, b.logical}] = true
		t.branches = append(t.branches, b)
	}
	return t, nil
}

// complex reads an object.
func (p *avroParser) complex(space string, m map[string]any) (t *avroType, err error) {
	if of, ok := m["type"].([]any); ok {
		return p.union(space, of) // it is not allowed, and written all the same
	}
	name, ok := m["type"].(string)
	if !ok {
		return nil, errors.New("a type does not say what it is, with type")
	}
	switch name {
	case "record", "error":
		return p.record(space, m)
	case "enum":
		return p.enum(space, m)
	case "fixed":
		return p.fixed(space, m)
	case "array":
		return p.items(&avroType{kind: avroArray, name: name}, space, m, "items")
	case "map":
		return p.items(&avroType{kind: avroMap, name: name}, space, m, "values")
	}
	if t, err = p.refer(space, name); err == nil && t.unnamed() {
		t.logically(m)
	}
	return t, err
}

func (p *avroParser) items(t *avroType, space string, m map[string]any, attr string) (_ *avroType, err error) {
	of, ok := m[attr]
	if !ok {
		return nil, fmt.Errorf("a type %s has no %s", t.name, attr)
	}
	t.elem, err = p.parse(space, of)
	return t, err
}

func (p *avroParser) record(space string, m map[string]any) (*avroType, error) {
	t := &avroType{kind: avroRecord, open: true}
	space, err := p.define(t, space, m)
	if err != nil {
		return nil, err
	}
	fields, ok := m["fields"].([]any)
	if !ok {
		return nil, fmt.Errorf("record %s has no list of fields", t.name)
	}
	empty, seen := true, map[string]bool{}
	for _, v := range fields {
		f, err := p.field(space, v)
		if err != nil {
			return nil, avroIn(err, "", ", in record "+t.name)
		}
		if seen[f.name] {
			return nil, fmt.Errorf("record %s has the field %s twice", t.name, f.name)
		}
		seen[f.name] = true
		t.fields = append(t.fields, f)
		empty = empty && f.t.empty
	}
	t.empty, t.open = empty, false
	return t, nil
}

func (p *avroParser) field(space string, v any) (f avroField, err error) {
	m, ok := v.(map[string]any)
	if !ok {
		return f, fmt.Errorf("a field is %v, not an object", v)
	}
	if f.name, _ = m["name"].(string); !isAvroName(f.name) {
		return f, fmt.Errorf("a field has the name %v, which is none", m["name"])
	}
	f.key = memberKey(f.name)
	if f.aliases, err = avroNames(m, "aliases"); err != nil {
		return f, fmt.Errorf("field %s: %w", f.name, err)
	}
	if err := p.part(1 + len(f.aliases)); err != nil {
		return f, err
	}
	of, ok := m["type"]
	if !ok {
		return f, fmt.Errorf("field %s has no type", f.name)
	}
	if f.t, err = p.parse(space, of); err != nil {
		return f, avroIn(err, "field "+f.name+": ", "")
	}
	if v, ok := m["default"]; ok {
		if f.fallback, err = p.defaults.append([]byte{}, f.t, v); err != nil {
			return f, fmt.Errorf("the default of field %s: %w", f.name, err)
		}
	}
	return f, nil
}

func (p *avroParser) enum(space string, m map[string]any) (*avroType, error) {
	t := &avroType{kind: avroEnum}
	if _, err := p.define(t, space, m); err != nil {
		return nil, err
	}
	symbols, err := avroNames(m, "symbols")
	if err != nil {
		return nil, fmt.Errorf("enum %s: %w", t.name, err)
	}
	if len(symbols) == 0 {
		return nil, fmt.Errorf("enum %s has no symbols", t.name)
	}
	if err := p.part(len(symbols)); err != nil {
		return nil, err
	}
	t.symbols, t.ranks = symbols, make(map[string]int, len(symbols))
	for i, s := range symbols {
		if _, twice := t.ranks[s]; twice {
			return nil, fmt.Errorf("enum %s has the symbol %s twice", t.name, s)
		}
		t.ranks[s] = i
	}
	if other, ok := m["default"].(string); ok {
		if _, known := t.ranks[other]; !known {
			return nil, fmt.Errorf("the default of enum %s is %q, which is none of its symbols", t.name, other)
		}
		t.other = other
	}
	return t, nil
}

func (p *avroParser) fixed(space string, m map[string]any) (*avroType, error) {
	t := &avroType{kind: avroFixed}
	if _, err := p.define(t, space, m); err != nil {
		return nil, err
	}
	size, ok := avroWhole(m["size"])
	if !ok || size < 0 || size > maxItem {
		return nil, fmt.Errorf("fixed %s has a size of %v bytes", t.name, m["size"])
	}
	t.size, t.empty = size, size == 0
	t.logically(m)
	return t, nil
}
