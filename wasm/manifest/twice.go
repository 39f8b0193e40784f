package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// object is one of the objects that a place in a JSON text is inside of, or an array.
type object struct {
	names map[string]bool // nil for an array
	name  bool            // a name comes next
	// exact says that names which differ by their letters' case are different: it is in a value of an author's own.
	exact bool
	inner bool // what comes next is
}

// Twice finds a name that an object of a JSON text has twice: of the two values one would be lost without a word. Names
// are the same in capital and small letters, as they are to encoding/json, but inside of the values of own: those are of an
// author's own.
func Twice(text []byte, own ...string) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // one that is too large for a float is no end
	var inside []object
	for {
		token, err := d.Token()
		if err != nil {
			return nil //nolint:nilerr // the end: that it is JSON is known
		}
		exact := false
		if n := len(inside); n > 0 {
			top := &inside[n-1]
			if name, ok := token.(string); ok && top.name {
				folded := name
				if !top.exact {
					folded = strings.ToLower(strings.ToUpper(name)) // for which ſ is an s
				}
				if top.names[folded] {
					return fmt.Errorf("line %d: %.*q is there twice in one object: leave one of them out", line(text, d.InputOffset()), maxName, name)
				}
				top.names[folded], top.name = true, false
				top.inner = top.exact || slices.Contains(own, folded)
				continue
			}
			exact = top.inner
			top.name = top.names != nil
		}
		switch token {
		case json.Delim('{'):
			inside = append(inside, object{names: map[string]bool{}, name: true, exact: exact, inner: exact})
		case json.Delim('['):
			inside = append(inside, object{exact: exact, inner: exact})
		case json.Delim('}'), json.Delim(']'):
			inside = inside[:len(inside)-1]
		}
	}
}

// line returns the number of the line of an offset.
func line(text []byte, offset int64) int {
	return 1 + bytes.Count(text[:min(int(offset), len(text))], []byte{'\n'})
}
