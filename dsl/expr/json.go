package expr

import (
	"bytes"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// eachElement calls f with the text of each element of an array.
func eachElement(text []byte, f func(raw []byte) error) error {
	it := jsontext.Elements(text)
	for it.Next() {
		if err := f(it.Value()); err != nil {
			return err
		}
	}
	return it.Err()
}

// eachMember calls f with the name and the text of each member of an object.
func eachMember(text []byte, f func(name string, raw []byte) error) error {
	it := jsontext.Members(text)
	for it.Next() {
		if err := f(string(it.Key()), it.Value()); err != nil {
			return err
		}
	}
	return it.Err()
}

// equalJSON reports whether two JSON texts are the same value: numbers by
// their value, objects whatever the order of their members.
func equalJSON(a, b []byte) (bool, error) {
	if bytes.Equal(a, b) {
		return true, nil
	}
	switch k := jsontext.KindOf(a); {
	case k == plugins.List && jsontext.KindOf(b) == plugins.List:
		return equalLists(a, b)
	case k == plugins.Record && jsontext.KindOf(b) == plugins.Record:
		return equalObjects(a, b)
	}
	if plain(a) && plain(b) {
		return false, nil
	}
	x, err := jsontext.Parse(a)
	if err != nil {
		return false, err
	}
	y, err := jsontext.Parse(b)
	if err != nil {
		return false, err
	}
	l, r := wordOf(x), wordOf(y)
	if l.number() && r.number() {
		return compareNumbers(l, r) == 0, nil
	}
	return x == y, nil
}

// plain reports whether text is a string without escapes: then no other text is
// the same string.
func plain(text []byte) bool {
	return len(text) > 0 && text[0] == '"' && bytes.IndexByte(text, '\\') < 0
}

func equalLists(a, b []byte) (bool, error) {
	l, r := jsontext.Elements(a), jsontext.Elements(b)
	for l.Next() {
		if !r.Next() {
			return false, r.Err()
		}
		if same, err := equalJSON(l.Value(), r.Value()); !same || err != nil {
			return false, err
		}
	}
	return !r.Next(), l.Err()
}

func equalObjects(a, b []byte) (bool, error) {
	members := map[string][]byte{}
	err := eachMember(a, func(name string, raw []byte) error {
		if _, dup := members[name]; !dup {
			members[name] = raw
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	seen := map[string]bool{}
	it := jsontext.Members(b)
	for it.Next() {
		name := string(it.Key())
		if seen[name] {
			continue
		}
		seen[name] = true
		raw, ok := members[name]
		if !ok {
			return false, nil
		}
		if same, err := equalJSON(raw, it.Value()); !same || err != nil {
			return false, err
		}
	}
	return len(seen) == len(members), it.Err()
}
