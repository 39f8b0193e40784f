package wire

import (
	"fmt"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
)

// FromSchema returns the message of a schema. An error names an attribute that a plugin cannot have.
func FromSchema(s plugins.Schema) (*pb.Schema, error) {
	p := &pb.Schema{Doc: s.Doc, Example: s.Example}
	for _, a := range s.Attrs {
		attr, err := fromAttr(a)
		if err != nil {
			return nil, fmt.Errorf("attribute %q: %w", a.Name, err)
		}
		p.Attrs = append(p.Attrs, attr)
	}
	for _, b := range s.Blocks {
		inner, err := FromSchema(b.Schema)
		if err != nil {
			return nil, fmt.Errorf("block %q: %w", b.Name, err)
		}
		p.Blocks = append(p.Blocks, &pb.Block{Name: b.Name, Label: b.Label, Required: b.Required, Repeated: b.Repeated, Schema: inner, Doc: b.Doc})
	}
	return p, nil
}

// attrTypes are the types that attributes of plugins have, by the number of their pb.AttrType.
var attrTypes = [...]plugins.AttrType{
	pb.AttrType_STRING: plugins.AttrString, pb.AttrType_INT: plugins.AttrInt, pb.AttrType_FLOAT: plugins.AttrFloat, pb.AttrType_BOOL: plugins.AttrBool,
	pb.AttrType_DURATION: plugins.AttrDuration, pb.AttrType_SIZE: plugins.AttrSize, pb.AttrType_STRINGS: plugins.AttrStrings,
	pb.AttrType_STRING_MAP: plugins.AttrStringMap, pb.AttrType_VALUE: plugins.AttrValue, pb.AttrType_SECRET: plugins.AttrSecret, pb.AttrType_FILE: plugins.AttrFile,
	pb.AttrType_EXPRESSION: plugins.AttrExpr, pb.AttrType_EXPRESSIONS: plugins.AttrExprMap,
}

func fromAttr(a plugins.Attr) (*pb.Attr, error) {
	t := slices.Index(attrTypes[:], a.Type)
	if t < 0 {
		return nil, fmt.Errorf("type %q is none that the kind of a plugin can have", a.Type)
	}
	p := &pb.Attr{
		Name: a.Name, Type: pb.AttrType(t), Required: a.Required, Enum: a.Enum, Min: a.Min, Max: a.Max, Doc: a.Doc,
	}
	if a.Type.PerRecord() {
		p.Want = FromType(a.Want)
	}
	if a.Default != nil {
		d, err := fromSetting(a, a.Default)
		if err != nil {
			return nil, fmt.Errorf("default: %w", err)
		}
		p.Default = d
	}
	return p, nil
}

// ToSchema returns the schema of a message.
func ToSchema(p *pb.Schema) (plugins.Schema, error) { return toSchema(p, MaxDepth) }

func toSchema(p *pb.Schema, depth int) (s plugins.Schema, err error) {
	if depth == 0 {
		return s, fmt.Errorf("blocks are nested more than %d deep", MaxDepth)
	}
	if len(p.GetAttrs()) > MaxAttrs || len(p.GetBlocks()) > MaxAttrs {
		return s, fmt.Errorf("a schema has %d attributes and %d blocks: %d are the most", len(p.GetAttrs()), len(p.GetBlocks()), MaxAttrs)
	}
	s.Doc, s.Example = Clip(p.GetDoc(), MaxText), Clip(p.GetExample(), MaxText)
	seen := map[string]bool{}
	for _, x := range p.GetAttrs() {
		if err := newName(seen, "an attribute", x.GetName()); err != nil {
			return s, err
		}
		a, err := toAttr(x)
		if err != nil {
			return s, fmt.Errorf("attribute %q: %w", x.GetName(), err)
		}
		s.Attrs = append(s.Attrs, a)
	}
	for _, x := range p.GetBlocks() {
		if err := newName(seen, "a block", x.GetName()); err != nil {
			return s, err
		}
		inner, err := toSchema(x.GetSchema(), depth-1)
		if err != nil {
			return s, fmt.Errorf("block %q: %w", x.GetName(), err)
		}
		s.Blocks = append(s.Blocks, plugins.Block{
			Name: x.GetName(), Label: Clip(x.GetLabel(), MaxName), Required: x.GetRequired(), Repeated: x.GetRepeated(), Schema: inner, Doc: Clip(x.GetDoc(), MaxText),
		})
	}
	return s, nil
}

// newName returns an error where a name is none, or was there before.
func newName(seen map[string]bool, what, name string) error {
	if err := CheckIdentifier("the name of "+what, name); err != nil {
		return err
	}
	if seen[name] {
		return fmt.Errorf("%q is there twice", name)
	}
	seen[name] = true
	return nil
}

func toAttr(p *pb.Attr) (a plugins.Attr, err error) {
	if p.GetType() < 0 || int(p.GetType()) >= len(attrTypes) {
		return a, fmt.Errorf("type %d of attributes is not known", p.GetType())
	}
	a = plugins.Attr{Name: p.GetName(), Type: attrTypes[p.GetType()], Required: p.GetRequired(), Enum: p.GetEnum(), Doc: Clip(p.GetDoc(), MaxText)}
	if len(a.Enum) > 0 && a.Type != plugins.AttrString {
		return a, fmt.Errorf("only strings have an enum, not type %q", a.Type)
	}
	if len(a.Enum) > MaxAttrs {
		return a, fmt.Errorf("enum has %d strings: %d are the most", len(a.Enum), MaxAttrs)
	}
	for _, e := range a.Enum {
		if err := checkName("a string of enum", e); err != nil {
			return a, err
		}
	}
	for _, bound := range []struct {
		from *float64
		to   **float64
	}{{p.Min, &a.Min}, {p.Max, &a.Max}} {
		if bound.from == nil {
			continue
		}
		switch a.Type {
		case plugins.AttrInt, plugins.AttrFloat, plugins.AttrSize, plugins.AttrDuration:
		default:
			return a, fmt.Errorf("only numbers, sizes and durations have min and max, not type %q", a.Type)
		}
		if msg := wrongNumber(*bound.from); msg != "" {
			return a, fmt.Errorf("a bound %s", msg)
		}
		*bound.to = plugins.Bound(*bound.from)
	}
	if a.Want, err = ToType(p.GetWant()); err != nil {
		return a, fmt.Errorf("want: %w", err)
	}
	if p.GetDefault() != nil {
		if a.Default, err = toDefault(a, p.GetDefault()); err != nil {
			return a, fmt.Errorf("default: %w", err)
		}
	}
	return a, nil
}

// toDefault returns a default, which the language knows of plain types only.
func toDefault(a plugins.Attr, p *pb.Setting) (any, error) {
	if a.Required {
		return nil, fmt.Errorf("the attribute is required, so nothing stands for it where it is absent")
	}
	switch a.Type {
	case plugins.AttrString, plugins.AttrInt, plugins.AttrFloat, plugins.AttrBool, plugins.AttrDuration, plugins.AttrSize, plugins.AttrStrings, plugins.AttrFile:
	default:
		return nil, fmt.Errorf("type %q has none", a.Type)
	}
	v, err := toSetting(a, p)
	if err != nil {
		return nil, err
	}
	if text, ok := v.(string); ok && len(a.Enum) > 0 && !slices.Contains(a.Enum, text) {
		return nil, fmt.Errorf("%q is not in enum", text)
	}
	return v, nil
}
