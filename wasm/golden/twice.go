package golden

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// object is one of the objects that a place in a file is inside of, or a list.
type object struct {
	names map[string]bool // nil for a list
	name  bool            // a name comes next
	// own says that its names are not those of the format but of whoever wrote the file: there, capital and small letters
	// are different.
	own   bool
	inner bool // what comes next is
}

// twice finds a name that an object of the file has twice: of the two values one would be lost without a word, such as
// what is wanted of a step. The names of the format are the same in capital and small letters.
func twice(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // one that is too large for a float is no end
	var inside []object
	for {
		token, err := d.Token()
		if err != nil {
			return nil //nolint:nilerr // the end: that it is JSON is known
		}
		own := false
		if n := len(inside); n > 0 {
			top := &inside[n-1]
			if name, ok := token.(string); ok && top.name {
				if err := top.add(name); err != nil {
					return fmt.Errorf("line %d: %w", line(text, d.InputOffset()), err)
				}
				continue
			}
			own = top.inner
			top.name = top.names != nil
		}
		switch token {
		case json.Delim('{'):
			inside = append(inside, object{names: map[string]bool{}, name: true, own: own, inner: own})
		case json.Delim('['):
			inside = append(inside, object{own: own, inner: own})
		case json.Delim('}'), json.Delim(']'):
			inside = inside[:len(inside)-1]
		}
	}
}

// add notes a name, whose value comes next.
func (o *object) add(name string) error {
	folded := name
	if !o.own {
		folded = strings.ToLower(strings.ToUpper(name)) // as encoding/json does, for which ſ is an s
	}
	if o.names[folded] {
		return fmt.Errorf("%s is there twice in one object: leave one of them out", quoted(name))
	}
	o.names[folded], o.name, o.inner = true, false, o.own
	switch folded {
	case "config", "limits", "columns", "metrics", "headers", "json":
		o.inner = true
	}
	return nil
}

// line returns the number of the line of an offset.
func line(text []byte, offset int64) int {
	return 1 + bytes.Count(text[:min(max(0, int(offset)), len(text))], []byte{'\n'})
}
