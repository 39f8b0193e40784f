package wire

import (
	"fmt"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
)

// FromShape returns the message of what is known about records.
func FromShape(s plugins.Shape) *pb.Shape {
	return &pb.Shape{Type: FromType(s.Type), Format: s.Format}
}

// derived is the generation of the shapes that [ToShape] returns: no kind counts so far, so what has it was made of such a shape.
const derived = 1 << 30

// ToShape returns what is known about records.
func ToShape(p *pb.Shape) (plugins.Shape, error) {
	t, err := ToType(p.GetType())
	if err != nil {
		return plugins.Shape{}, err
	}
	return plugins.Shape{Type: t, Payload: t, Format: p.GetFormat(), Generation: derived}, checkName("the format", p.GetFormat())
}

// FromOutputs returns the messages of the outputs that a transform has for an input, which [ToShape] made; payload is the format of the stage, "" for none.
func FromOutputs(in plugins.Shape, outs []plugins.Output, format string) ([]*pb.Output, error) {
	ps := make([]*pb.Output, len(outs))
	for i, o := range outs {
		p := &pb.Output{Name: o.Name, Optional: o.Optional}
		switch s := o.Shape; {
		case s.Generation == in.Generation && s.Format == in.Format:
			p.From = pb.Output_INPUT
			p.Fields = FromFields(changed(in, s))
			p.Removed = removed(in, s)
		case s.Format == "":
			p.From = pb.Output_COLUMNS
			p.Fields = FromFields(s.Type.Fields)
		case s.Format == format:
			p.From = pb.Output_PAYLOAD
			p.Fields = FromFields(setFields(s))
		default:
			return nil, fmt.Errorf("output %q has records in the format %q: a plugin makes records in the format of the stage, or of columns", o.Name, s.Format)
		}
		ps[i] = p
	}
	return ps, nil
}

// changed returns the fields of a record that are not those of the input any more.
func changed(in, out plugins.Shape) []plugins.Field {
	if out.Format != "" {
		return setFields(out)
	}
	var fields []plugins.Field
	for _, f := range out.Type.Fields {
		if was, ok := in.Type.Field(f.Name); !ok || !was.Equal(f.Type) {
			fields = append(fields, f)
		}
	}
	return fields
}

// setFields returns the fields that are columns besides a payload.
func setFields(s plugins.Shape) []plugins.Field {
	var fields []plugins.Field
	for _, name := range s.Set {
		t, _ := s.Type.Field(name)
		fields = append(fields, plugins.Field{Name: name, Type: t})
	}
	return fields
}

// removed returns the fields of the input that a record has not any more.
func removed(in, out plugins.Shape) []string {
	if out.Format != "" {
		return slices.DeleteFunc(slices.Clone(out.Removed), func(name string) bool { return slices.Contains(out.Set, name) })
	}
	var names []string
	for _, f := range in.Type.Fields {
		if _, ok := out.Type.Field(f.Name); !ok {
			names = append(names, f.Name)
		}
	}
	return names
}

// ToOutputs returns the outputs that messages say a transform has for an input; payload is what the format and the schema of the stage say, nil for kinds
// without.
func ToOutputs(ps []*pb.Output, in plugins.Shape, payload *plugins.Shape) ([]plugins.Output, error) {
	if len(ps) == 0 || len(ps) > MaxOutputs {
		return nil, fmt.Errorf("there are %d outputs: at least 1 and at most %d are possible", len(ps), MaxOutputs)
	}
	outs := make([]plugins.Output, len(ps))
	seen := map[string]bool{}
	for i, p := range ps {
		if p.GetName() != "" || len(ps) > 1 && seen[""] {
			if err := CheckIdentifier("the name of an output", p.GetName()); err != nil {
				return nil, err
			}
		}
		if seen[p.GetName()] {
			return nil, fmt.Errorf("output %q is there twice", p.GetName())
		}
		seen[p.GetName()] = true
		fields, err := ToFields(p.GetFields())
		if err != nil {
			return nil, fmt.Errorf("output %q: %w", p.GetName(), err)
		}
		s, err := toOutput(p, fields, in, payload)
		if err != nil {
			return nil, fmt.Errorf("output %q: %w", p.GetName(), err)
		}
		outs[i] = plugins.Output{Name: p.GetName(), Optional: p.GetOptional(), Shape: s}
	}
	return outs, nil
}

func toOutput(p *pb.Output, fields []plugins.Field, in plugins.Shape, payload *plugins.Shape) (plugins.Shape, error) {
	if len(p.GetRemoved()) > MaxColumns {
		return in, fmt.Errorf("%d fields are removed: %d are the most", len(p.GetRemoved()), MaxColumns)
	}
	if len(p.GetRemoved()) > 0 && p.GetFrom() != pb.Output_INPUT {
		return in, fmt.Errorf("fields are removed from records that are not those of the input")
	}
	for _, name := range p.GetRemoved() {
		if err := checkName("the name of a field", name); err != nil {
			return in, err
		}
	}
	switch p.GetFrom() {
	case pb.Output_INPUT:
		if len(p.GetRemoved()) > 0 {
			in = in.Without(p.GetRemoved())
		}
		return in.With(fields), nil
	case pb.Output_COLUMNS:
		if len(fields) == 0 {
			return in, fmt.Errorf("its records have no fields")
		}
		return plugins.Columns(fields...), nil
	case pb.Output_PAYLOAD:
		if payload == nil {
			return in, fmt.Errorf("its records are payloads, and the kind has no format")
		}
		s := *payload
		s.Generation = in.Generation + 1
		return s.With(fields), nil
	default:
		return in, fmt.Errorf("its records come from %d, which is not known", p.GetFrom())
	}
}
