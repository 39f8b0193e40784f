package plugins

import "slices"

// Shape is what is known, before anything runs, about the records on an edge.
type Shape struct {
	// Type of a record: a Record with its fields, or Any, whose Fields are
	// those that are known.
	Type Type
	// Format names the codec of the payloads. Empty means that the columns
	// are the record; then Type is a Record and each of its fields a column.
	Format  string
	Options Config // of the codec
	Payload Type   // the type of the payload as declared, before Set and Removed
	Alone   string // as [Framing.Alone], of the format with its options
	// Messages says that each payload came in a message of its own, so that a terminator of
	// the format may stand in it.
	Messages bool
	// Generation grows when a stage makes new payloads: columns decoded from
	// the old ones are gone.
	Generation int
	// Set are the top-level fields that columns of the batch override, in the
	// order they were first set; Removed are those that do not count any
	// more. Both are empty where Format is empty.
	Set     []string
	Removed []string
}

// Output is one of the outputs of a stage. The only output of most kinds has
// no name.
type Output struct {
	Name  string
	Shape Shape
	// Optional says that it is normal that nobody takes it.
	Optional bool
	// Carried are the top-level fields that have the value which the field of
	// the same name has in the input, where the shape does not tell so.
	Carried []string
}

// Columns returns the shape of records that are only columns.
func Columns(fields ...Field) Shape {
	return Shape{Type: Type{Kind: Record, Fields: fields}}
}

// BodyShape returns the shape of records that are made of expressions.
func BodyShape(body []NamedExpr) Shape {
	fields := make([]Field, len(body))
	for i, x := range body {
		fields[i] = Field{Name: x.Name, Type: x.Expr.Type()}
	}
	return Columns(fields...)
}

// Untouched reports whether the payload is the record, as it is.
func (s Shape) Untouched() bool {
	return s.Format != "" && len(s.Set) == 0 && len(s.Removed) == 0
}

// CheckStream reports records that do not tell where they end. It is for the
// Check of kinds that read or write them one behind the other.
func (s Shape) CheckStream() error {
	if s.Alone == "" {
		return nil
	}
	return ConfigErrorf("format", "records stand one behind the other here, and %s", s.Alone)
}

// IsColumn reports whether the top-level field of path is a column of the
// batch rather than part of the payload.
func (s Shape) IsColumn(path Path) bool {
	if s.Format == "" {
		return true
	}
	elems := SplitPath(path)
	return len(elems) > 0 && slices.Contains(s.Set, elems[0])
}

// IsRemoved reports whether the top-level field of path was removed and not
// set again.
func (s Shape) IsRemoved(path Path) bool {
	elems := SplitPath(path)
	return len(elems) > 0 && slices.Contains(s.Removed, elems[0]) && !slices.Contains(s.Set, elems[0])
}

// With returns the shape after top-level fields were set.
func (s Shape) With(set []Field) Shape {
	s.Set = slices.Clone(s.Set)
	s.Type.Fields = slices.Clone(s.Type.Fields)
	for _, f := range set {
		i := slices.IndexFunc(s.Type.Fields, func(g Field) bool { return g.Name == f.Name })
		if i >= 0 {
			s.Type.Fields[i].Type = f.Type
		} else {
			s.Type.Fields = append(s.Type.Fields, f)
		}
		if s.Format != "" && !slices.Contains(s.Set, f.Name) {
			s.Set = append(s.Set, f.Name)
		}
	}
	return s
}

// Without returns the shape after top-level fields were removed.
func (s Shape) Without(names []string) Shape {
	gone := func(n string) bool { return slices.Contains(names, n) }
	s.Type.Fields = slices.DeleteFunc(slices.Clone(s.Type.Fields), func(f Field) bool { return gone(f.Name) })
	if s.Format != "" {
		s.Set = slices.DeleteFunc(slices.Clone(s.Set), gone)
		s.Removed = append(slices.Clone(s.Removed), names...)
	}
	return s
}
