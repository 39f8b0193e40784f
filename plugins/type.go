package plugins

import "strings"

// Kind is the kind of a value.
type Kind uint8

// The kinds of the language. The zero value is Any: nothing is known.
const (
	Any      Kind = iota // decided at run time, per row
	Null                 // the tag of a null in an Any column; no column has this kind
	Bool                 // true or false
	Int                  // 64-bit signed integer
	Float                // 64-bit finite number
	String               // valid UTF-8
	Bytes                // any bytes
	Time                 // nanoseconds since 1970 in UTC, years 1678 to 2262
	Duration             // nanoseconds
	List                 // JSON text of an array
	Map                  // JSON text of an object with values of one type
	Record               // JSON text of an object with named fields
)

var kindNames = [...]string{"any", "null", "bool", "int", "float", "string", "bytes", "time", "duration", "list", "map", "record"}

// String returns the kind's name in the language.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "invalid"
}

// Nested reports whether values of the kind are held as JSON text.
func (k Kind) Nested() bool { return k >= List }

// Type is the type of a field or expression. The zero value is any.
type Type struct {
	Kind     Kind
	Nullable bool    // null is allowed; an Any is always nullable
	Elem     *Type   // of List and Map; nil means any
	Fields   []Field // of Record, in declared order; of Any, the ones that are known
	// Layout says how a Time is written in a payload: "" is RFC 3339, "s",
	// "ms", "us" and "ns" are integers since 1970, anything else is a layout
	// of package time, read as UTC where it has no zone.
	Layout string
}

// Field is a field of a record, or what an expression reads: then its name is
// a [Path].
type Field struct {
	Name string
	Type Type
}

// Of returns the non-null type of a kind.
func Of(k Kind) Type { return Type{Kind: k} }

// OrNull returns the type with null allowed.
func (t Type) OrNull() Type {
	t.Nullable = true
	return t
}

// NotNull returns the type without null.
func (t Type) NotNull() Type {
	t.Nullable = false
	return t
}

// Element returns the type of a list's or map's elements.
func (t Type) Element() Type {
	if t.Elem == nil {
		return Type{}
	}
	return *t.Elem
}

// Field returns a record's field by name.
func (t Type) Field(name string) (Type, bool) {
	for _, f := range t.Fields {
		if f.Name == name {
			return f.Type, true
		}
	}
	return Type{}, false
}

// Equal reports whether two types are the same, layouts and order of fields
// included.
func (t Type) Equal(u Type) bool {
	if t.Kind != u.Kind || t.Nullable != u.Nullable || t.Layout != u.Layout || len(t.Fields) != len(u.Fields) {
		return false
	}
	for i, f := range t.Fields {
		if f.Name != u.Fields[i].Name || !f.Type.Equal(u.Fields[i].Type) {
			return false
		}
	}
	return t.Elem == u.Elem || t.Element().Equal(u.Element())
}

// String writes the type as the language does: optional(list(float)).
func (t Type) String() string {
	var s string
	switch {
	case t.Kind == List || t.Kind == Map:
		s = t.Kind.String() + "(" + t.Element().String() + ")"
	case t.Kind == Record:
		parts := make([]string, len(t.Fields))
		for i, f := range t.Fields {
			parts[i] = f.Name + " = " + f.Type.String()
		}
		s = "record({" + strings.Join(parts, ", ") + "})"
	case t.Kind == Time && t.Layout != "":
		s = `time("` + t.Layout + `")`
	default:
		s = t.Kind.String()
	}
	if t.Nullable && t.Kind != Any {
		return "optional(" + s + ")"
	}
	return s
}

// A Path names a field, however deep: its elements are joined by "/", with
// "~" and "/" inside an element written "~0" and "~1" (RFC 6901 without the
// leading slash). The empty path is the whole record.
type Path = string

var (
	pathEscape   = strings.NewReplacer("~", "~0", "/", "~1")
	pathUnescape = strings.NewReplacer("~1", "/", "~0", "~")
)

// JoinPath makes a path of its elements.
func JoinPath(elems ...string) Path {
	escaped := make([]string, len(elems))
	for i, e := range elems {
		escaped[i] = pathEscape.Replace(e)
	}
	return strings.Join(escaped, "/")
}

// SplitPath returns the elements of a path.
func SplitPath(p Path) []string {
	if p == "" {
		return nil
	}
	elems := strings.Split(p, "/")
	for i, e := range elems {
		elems[i] = pathUnescape.Replace(e)
	}
	return elems
}
