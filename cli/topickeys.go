package cli

import (
	"encoding/json"
	"fmt"
)

// lineKeys says which key a line has on the bus: one for all, or what a field of each
// holds. The zero value says none.
type lineKeys struct {
	all   []byte
	field string
}

// any returns the key of all lines, or something in the place of those that lines say;
// nil where there are none.
func (k lineKeys) any() []byte {
	if k.field != "" {
		return []byte(k.field)
	}
	return k.all
}

// of returns the key of a line.
func (k lineKeys) of(line []byte) ([]byte, error) {
	if k.field == "" {
		return k.all, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil {
		return nil, fmt.Errorf("it is no JSON object, and --key-field takes the key from a field of one: %w", err)
	}
	value := fields[k.field]
	if len(value) == 0 || value[0] == '{' || value[0] == '[' || value[0] == 'n' {
		return nil, fmt.Errorf("its field %q, which --key-field names, is missing, or no text, number or bool", k.field)
	}
	var text string
	if value[0] != '"' {
		return value, nil
	}
	if err := json.Unmarshal(value, &text); err != nil {
		return nil, err
	}
	return []byte(text), nil
}
