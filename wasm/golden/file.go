package golden

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/onstream/onstream/wasm/manifest"
	"github.com/onstream/onstream/wasm/regular"
)

// What a file may have.
const (
	maxFile  = 8 << 20
	maxSteps = 10_000
	maxRows  = 100_000  // of all steps, repeated ones included
	maxBytes = 16 << 20 // of a text
	maxBatch = 64 << 20 // of the records of a step
)

// File is what a file of golden rows says.
type File struct {
	name     string
	config   map[string]json.RawMessage
	limits   map[string]json.RawMessage
	grants   []string
	abi      string
	function string
	args     []string
	ports    []string
	keyed    bool
	timed    bool
	lateness time.Duration
	begin    time.Time
	steps    []step
	// generated says that nobody has written it.
	generated bool
}

// Name returns the name of the file, as mismatches tell it.
func (f *File) Name() string { return f.name }

// Steps returns how many steps there are.
func (f *File) Steps() int { return len(f.steps) }

// Read reads a file.
func Read(path string) (*File, error) {
	data, err := regular.Read(path, maxFile)
	if err != nil {
		return nil, fmt.Errorf("read golden rows: %w", err)
	}
	return Parse(path, data)
}

// Parse reads the text of a file with a name for messages.
func Parse(name string, data []byte) (*File, error) {
	f, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f.name = name
	return f, nil
}

func parse(data []byte) (*File, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("it has more than %d bytes: divide it", maxFile)
	}
	var says struct {
		Doc      string                     `json:"doc"`
		Config   map[string]json.RawMessage `json:"config"`
		Limits   map[string]json.RawMessage `json:"limits"`
		Grant    []string                   `json:"grant"`
		ABI      string                     `json:"abi"`
		Function string                     `json:"function"`
		Args     []string                   `json:"args"`
		Ports    []string                   `json:"ports"`
		Key      bool                       `json:"key"`
		Time     bool                       `json:"time"`
		Lateness duration                   `json:"lateness"`
		Begin    instant                    `json:"begin"`
		Steps    []json.RawMessage          `json:"steps"`
	}
	if err := strict(data, &says); err != nil {
		return nil, err
	}
	if err := manifest.Twice(data, "config", "limits", "columns", "metrics", "headers", "json"); err != nil {
		return nil, err
	}
	f := &File{
		config: says.Config, limits: says.Limits, grants: says.Grant, abi: says.ABI, function: says.Function, args: says.Args, ports: says.Ports,
		keyed: says.Key, timed: says.Time, lateness: says.Lateness.Duration, begin: says.Begin.Time,
	}
	if !says.Begin.set {
		f.begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if f.lateness != 0 && !f.timed {
		return nil, errors.New("lateness is of event time: write \"time\": true, or leave it out")
	}
	if len(says.Steps) == 0 {
		return nil, errors.New(`it has no steps: write "steps": [{"records": [...], "want": [...]}]`)
	}
	if len(says.Steps) > maxSteps {
		return nil, fmt.Errorf("it has more than %d steps: divide it", maxSteps)
	}
	rows := 0
	for i, src := range says.Steps {
		s := step{number: i + 1}
		if err := s.parse(src, f.timed); err != nil {
			return nil, fmt.Errorf("step %d%s: %w", s.number, s.about(), err)
		}
		if rows += len(s.records) + len(s.want) + s.columnRows(); rows > maxRows {
			return nil, fmt.Errorf("it has more than %d rows: divide it", maxRows)
		}
		f.steps = append(f.steps, s)
	}
	return f, nil
}

// strict reads JSON whose names are all known.
func strict(src []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(src))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return remedy(src, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more behind the end of it: remove that")
	}
	return nil
}

// each reads the items of a list one by one, so that what is wrong with one of them is told with its place.
func each[T any](what string, list []json.RawMessage) ([]T, error) {
	if list == nil {
		return nil, nil
	}
	all := make([]T, len(list))
	for i, src := range list {
		if err := strict(src, &all[i]); err != nil {
			return nil, fmt.Errorf("%s %d: %w", what, i, err)
		}
	}
	return all, nil
}

// remedy says what is wrong with JSON in terms of the file.
func remedy(src []byte, err error) error {
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fmt.Errorf("there is no %s here: correct the name, or leave it out", name)
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("%s is a JSON %s, which it cannot be", cmp.Or(wrong.Field, "it"), wrong.Value)
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("line %d: it is not JSON: %w", line(src, syntax.Offset), err)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it is not JSON: it ends too early")
	}
	return err
}

// duration is a time that passes: "1.5s".
type duration struct {
	time.Duration
	set bool
}

// UnmarshalJSON implements [json.Unmarshaler].
func (d *duration) UnmarshalJSON(src []byte) error {
	var s string
	if err := json.Unmarshal(src, &s); err == nil {
		if d.Duration, err = time.ParseDuration(s); err == nil && d.Duration >= 0 {
			d.set = true
			return nil
		}
	}
	return fmt.Errorf("%s is no duration: write one such as \"1.5s\"", short(string(src)))
}

// instant is a time; null stands for none.
type instant struct {
	time.Time
	set, none bool
}

// UnmarshalJSON implements [json.Unmarshaler].
func (t *instant) UnmarshalJSON(src []byte) (err error) {
	t.set = true
	if src[0] == 'n' {
		t.none = true
		return nil
	}
	var s string
	if err = json.Unmarshal(src, &s); err == nil {
		if t.Time, err = time.Parse(time.RFC3339Nano, s); err == nil && t.Year() > 1678 && t.Year() < 2262 {
			return nil
		}
	}
	return fmt.Errorf("%s is no time: write one such as \"2026-01-02T15:04:05Z\"", short(string(src)))
}

// line returns the number of the line of an offset.
func line(text []byte, offset int64) int {
	return 1 + bytes.Count(text[:min(max(0, int(offset)), len(text))], []byte{'\n'})
}
