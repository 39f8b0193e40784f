package plugins

import (
	"slices"
	"strings"
)

// Local is a name that the expressions of an attribute may use besides those
// that all event expressions may: `state`, `window`, `left`. What it stands for
// the transform gives as columns: for a local of type record or any, one for
// each of its top-level fields that is read, at [LocalPath] of root and field;
// for any other type, and where it is Whole, one at LocalPath(root).
type Local struct {
	Root string
	Type Type
	Doc  string // one sentence
	// Whole says that it is one column even where its type is any or a record:
	// a key.
	Whole bool
}

// localMark cannot begin the path of a field: in one, "~" is followed by 0 or 1.
const localMark = "~@"

// LocalPath returns the path of the column that holds a local or a field of it.
func LocalPath(root string, field ...string) Path {
	return localMark + JoinPath(append([]string{root}, field...)...)
}

// IsLocal reports whether a path is that of a local: its column is made by the
// stage itself, not decoded.
func IsLocal(p Path) bool { return strings.HasPrefix(p, localMark) }

// LocalField splits the path of a local into its root and field; the field is
// "" where the local is not a record.
func LocalField(p Path) (root, field string, ok bool) {
	if !IsLocal(p) {
		return "", "", false
	}
	elems := SplitPath(strings.TrimPrefix(p, localMark))
	if len(elems) > 1 {
		field = elems[1]
	}
	return elems[0], field, true
}

// LocalReads returns the fields that expressions read of locals, each once, in
// the order of their names. One that may be null in one of the places may be so
// in what is returned.
func LocalReads(exprs []Expr, roots ...string) []Field {
	var fields []Field
	for _, x := range exprs {
		for _, f := range x.Reads() {
			root, name, local := LocalField(f.Name)
			if !local || !slices.Contains(roots, root) {
				continue
			}
			at, known := slices.BinarySearchFunc(fields, name, func(f Field, name string) int { return strings.Compare(f.Name, name) })
			if !known {
				fields = slices.Insert(fields, at, Field{name, f.Type})
			}
			if f.Type.Nullable {
				fields[at].Type.Nullable = true
			}
		}
	}
	return fields
}
