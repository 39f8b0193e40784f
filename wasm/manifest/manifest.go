package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/onstream/onstream/wasm/abi"
)

// MaxSize is how many bytes a manifest has at most.
const MaxSize = 256 << 10

const (
	maxItems = 1000 // of a list
	maxName  = 128  // bytes of a name
)

// What a module is given, and what it returns.
const (
	Records   = "records"
	Columns   = "columns"
	Selection = "selection"
)

// Manifest is what a module says of itself. The zero value, with the defaults that Parse fills in, is that
// of a module without one.
type Manifest struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Doc     string `json:"doc"`
	// Needs names what the module needs beyond this description of the interface: what came later.
	Needs []string `json:"needs"`
	// Mode is what it is given, records or columns; Returns what it returns: records, a selection of
	// those it was given, or columns to add to them, with or without a selection.
	Mode       string      `json:"mode"`
	Returns    string      `json:"returns"`
	Inputs     []Field     `json:"inputs"`  // the columns that it is given
	Outputs    []Field     `json:"outputs"` // the columns that it adds
	Ports      []string    `json:"ports"`   // outputs besides the one without a name, from 1 on
	Parameters []Parameter `json:"parameters"`
	State      State       `json:"state"`
	Limits     Limits      `json:"limits"`
	// Grants are what it wants besides, such as "http:api.example.com": the stage has to grant each.
	Grants []string `json:"grants"`
	// Volatile says that what it returns depends on more than what it is given: on the clock.
	Volatile bool `json:"volatile"`
}

// Field is a column.
type Field struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Optional bool   `json:"optional"` // null is allowed
}

// Parameter is a value that the stage gives.
type Parameter struct {
	Name    string          `json:"name"`
	Type    string          `json:"type"`
	Doc     string          `json:"doc"`
	Default json.RawMessage `json:"default"` // none: the stage has to give it
	Min     *float64        `json:"min"`
	Max     *float64        `json:"max"`
	Enum    []string        `json:"enum"`
	Hot     bool            `json:"hot"` // onstream_configure takes a new value
}

// State says what the module keeps.
type State struct {
	// Version grows when what was kept by an older one is of no use any more.
	Version int `json:"version"`
	// Spaces are the names of its namespaces, which it numbers from 0.
	Spaces []string `json:"spaces"`
}

// Limits are what the module asks for; the stage has the last word.
type Limits struct {
	Memory int64 `json:"memory"`  // bytes
	TimeMS int64 `json:"time_ms"` // of a call
}

// Parse reads a manifest; nil is none.
func Parse(text []byte) (*Manifest, error) {
	m := &Manifest{}
	if len(text) > MaxSize {
		return nil, fmt.Errorf("it has %d bytes, at most %d are taken", len(text), MaxSize)
	}
	if text != nil {
		if err := json.Unmarshal(text, m); err != nil {
			return nil, jsonError(text, err)
		}
		if err := Twice(text, "default"); err != nil {
			return nil, err
		}
	}
	if m.Mode == "" {
		m.Mode = Records
	}
	if m.Returns == "" {
		m.Returns = Records
	}
	return m, m.check()
}

func jsonError(src []byte, err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		switch wrong.Field {
		case "":
			return fmt.Errorf("it is a JSON %s: write an object, such as {}", wrong.Value)
		case "limits.memory":
			return fmt.Errorf("limits.memory is a JSON %s: write the number of bytes, such as 16777216 for 16 MiB", wrong.Value)
		case "limits.time_ms":
			return fmt.Errorf("limits.time_ms is a JSON %s: write the number of milliseconds, such as 1500", wrong.Value)
		}
		return fmt.Errorf("%s is a JSON %s: write it as the interface's description says", wrong.Field, wrong.Value)
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("line %d: it is not JSON: %w", line(src, syntax.Offset), err)
	}
	return fmt.Errorf("it is not JSON: %w", err)
}

func (m *Manifest) check() error {
	texts := []string{m.Name, m.Version, m.Doc}
	for _, p := range m.Parameters {
		texts = append(texts, p.Doc)
	}
	for _, text := range texts { // they are shown to people
		if i := strings.IndexFunc(text, func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' }); i >= 0 {
			return fmt.Errorf("the text %.40q has a control character: leave it out", text)
		}
	}
	if len(m.Needs) > 0 {
		return fmt.Errorf("the module needs %q, which this onstream does not have: use a newer one", m.Needs[0])
	}
	if m.Mode != Records && m.Mode != Columns {
		return fmt.Errorf("mode is %q: write %q or %q", m.Mode, Records, Columns)
	}
	if m.Returns != Records && m.Returns != Columns && m.Returns != Selection {
		return fmt.Errorf("returns is %q: write %q, %q or %q", m.Returns, Records, Selection, Columns)
	}
	switch {
	case m.Mode == Columns && len(m.Inputs) == 0:
		return errors.New("a module of the mode columns needs inputs: name the columns that it is given")
	case m.Mode == Records && len(m.Inputs) > 0:
		return errors.New("inputs are of the mode columns: write mode columns, or leave them out")
	case m.Returns == Columns && len(m.Outputs) == 0:
		return errors.New("a module that returns columns needs outputs: name the columns that it adds")
	case m.Returns != Columns && len(m.Outputs) > 0:
		return errors.New("outputs are of modules that return columns: write returns columns, or leave them out")
	case m.Returns != Records && len(m.Ports) > 0:
		return errors.New("ports are of modules that return records: leave them out")
	case m.Limits.Memory < 0 || m.Limits.TimeMS < 0 || m.Limits.TimeMS > 3_600_000:
		return errors.New("a limit is negative, or a time longer than an hour")
	}
	if err := fields("inputs", m.Inputs); err != nil {
		return err
	}
	if err := fields("outputs", m.Outputs); err != nil {
		return err
	}
	for _, f := range m.Outputs {
		if f.Type == abi.JSON.String() {
			return fmt.Errorf("outputs: %s has the type json, which cannot be returned as a column: return records", f.Name)
		}
	}
	if err := names("ports", m.Ports); err != nil {
		return err
	}
	if slices.Contains(m.Ports, "errors") {
		return errors.New("ports: errors is the name of every stage's error output: give the port another name")
	}
	if len(m.State.Spaces) > 256 {
		return fmt.Errorf("state has %d spaces, at most 256 are taken", len(m.State.Spaces))
	}
	if err := names("state.spaces", m.State.Spaces); err != nil {
		return err
	}
	if err := m.checkGrants(); err != nil {
		return err
	}
	return m.checkParameters()
}

// TypeOf returns the type of a name in a manifest.
func TypeOf(name string) (abi.Type, bool) {
	for t := abi.Bool; t <= abi.JSON; t++ {
		if t.String() == name {
			return t, true
		}
	}
	return 0, false
}

func fields(list string, fs []Field) error {
	all := make([]string, len(fs))
	for i, f := range fs {
		if _, ok := TypeOf(f.Type); !ok {
			return fmt.Errorf("%s: %s has the type %q: write bool, int, float, string, bytes, time, duration or json", list, f.Name, f.Type)
		}
		all[i] = f.Name
	}
	return names(list, all)
}

// names looks at the names of a list, which are different and like those of the language.
func names(list string, all []string) error {
	if len(all) > maxItems {
		return fmt.Errorf("%s has %d items, at most %d are taken", list, len(all), maxItems)
	}
	seen := map[string]bool{}
	for _, name := range all {
		if !isName(name) {
			return fmt.Errorf("%s: %q is no name: write letters, digits and underscores, at most %d", list, name, maxName)
		}
		if seen[name] {
			return fmt.Errorf("%s: %s is there twice", list, name)
		}
		seen[name] = true
	}
	return nil
}

func isName(name string) bool {
	for i, c := range []byte(name) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != "" && len(name) <= maxName
}
