package codec

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// define gives a type its full name, and makes it known by that and its aliases. It returns the
// namespace for what is inside of it.
func (p *avroParser) define(t *avroType, space string, m map[string]any) (string, error) {
	name, _ := m["name"].(string)
	if name == "" {
		return "", fmt.Errorf("a type %v has no name", m["type"])
	}
	if own, ok := m["namespace"].(string); ok { // "" is a namespace, too
		space = own
	}
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		space, name = name[:i], name[i+1:]
	}
	t.name = fullAvroName(space, name)
	aliases, err := avroTexts(m, "aliases")
	if err != nil {
		return "", fmt.Errorf("type %s: %w", t.name, err)
	}
	if p.made[t.name] {
		return "", fmt.Errorf("the type %s is there twice", t.name)
	}
	if err := errors.Join(checkAvroName(t.name), p.part(len(aliases))); err != nil {
		return "", err
	}
	p.made[t.name] = true
	p.named[t.name] = t
	for _, n := range aliases {
		n = fullAvroName(space, n)
		if err := checkAvroName(n); err != nil {
			return "", err
		}
		if p.aliased[n] == nil {
			p.aliased[n] = t
		}
	}
	return space, nil
}

// find returns the type of a name in a namespace, nil for none: names come before aliases, and
// where the namespace has neither, the name may be one without, as Java writes it.
func (p *avroParser) find(space, name string) *avroType {
	full := fullAvroName(space, name)
	for _, t := range []*avroType{p.named[full], p.aliased[full], p.named[name], p.aliased[name]} {
		if t != nil {
			return t
		}
	}
	return nil
}

func fullAvroName(space, name string) string {
	if space == "" || strings.Contains(name, ".") {
		return name
	}
	return space + "." + name
}

// checkAvroName checks the full name of a type.
func checkAvroName(full string) error {
	if len(full) > maxAvroName {
		return fmt.Errorf("the name of a type is longer than %d bytes: %s", maxAvroName, full)
	}
	for part := range strings.SplitSeq(full, ".") {
		if !isAvroName(part) {
			return fmt.Errorf("%q cannot be the name of a type: write letters, digits and _ between dots", full)
		}
	}
	return nil
}

// isAvroName reports whether a text is a name, or a symbol, without dots, of a length that
// allows to write it into each record.
func isAvroName(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '_' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z':
		case i > 0 && '0' <= c && c <= '9':
		default:
			return false
		}
	}
	return s != "" && len(s) <= maxAvroName
}

// avroNames returns an attribute that is a list of names; it may be absent.
func avroNames(m map[string]any, attr string) ([]string, error) {
	names, err := avroTexts(m, attr)
	for _, n := range names {
		if !isAvroName(n) {
			return nil, fmt.Errorf("%q in %s is no name", n, attr)
		}
	}
	return names, err
}

func avroTexts(m map[string]any, attr string) ([]string, error) {
	list, ok := m[attr].([]any)
	if m[attr] != nil && !ok {
		return nil, fmt.Errorf("%s is no list", attr)
	}
	var texts []string
	for _, v := range list {
		s, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("%v in %s is no text", v, attr)
		}
		texts = append(texts, s)
	}
	return texts, nil
}

// avroWhole returns an attribute that is a whole number.
func avroWhole(v any) (int, bool) {
	number, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	n, err := number.Int64()
	return int(n), err == nil && int64(int(n)) == n
}
