package manifest

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/onstream/onstream/wasm/abi"
)

func (m *Manifest) checkParameters() error {
	all := make([]string, len(m.Parameters))
	for i, p := range m.Parameters {
		all[i] = p.Name
		if _, ok := TypeOf(p.Type); !ok {
			return fmt.Errorf("parameters: %s has the type %q: write bool, int, float, string, bytes, time, duration or json", p.Name, p.Type)
		}
		for n, value := range p.Enum {
			if slices.Contains(p.Enum[:n], value) {
				return fmt.Errorf("parameters: enum of %s: %s is there twice: leave one of them out", p.Name, value)
			}
		}
		if p.Default == nil {
			continue
		}
		if _, err := p.DefaultSetting(); err != nil {
			return fmt.Errorf("parameters: the default of %w", err)
		}
	}
	return names("parameters", all)
}

// DefaultSetting returns the value of a parameter that the stage does not give. Times and durations are
// numbers of µs.
func (p *Parameter) DefaultSetting() (abi.Setting, error) {
	s := abi.Setting{Name: p.Name}
	t, _ := TypeOf(p.Type)
	var err error
	switch t {
	case abi.Bool:
		var b bool
		if err = json.Unmarshal(p.Default, &b); b {
			s.Int = 1
		}
	case abi.Float:
		err = json.Unmarshal(p.Default, &s.Float)
	case abi.Int, abi.Time, abi.Duration:
		err = json.Unmarshal(p.Default, &s.Int)
	case abi.JSON:
		s.Text = string(p.Default)
	default:
		err = json.Unmarshal(p.Default, &s.Text)
	}
	if err != nil || string(p.Default) == "null" && t != abi.JSON {
		remedy := ""
		if t == abi.Time || t == abi.Duration {
			remedy = ": write a number of microseconds"
		}
		return s, fmt.Errorf("%s is %s, which is not of the type %s%s", p.Name, p.Default, p.Type, remedy)
	}
	s.Type = t
	return s, p.Check(s)
}

// Check finds a value that is not in the range of the parameter, whose type it has.
func (p *Parameter) Check(s abi.Setting) error {
	number := float64(s.Int)
	switch s.Type {
	case abi.Float:
		number = s.Float
	case abi.Int, abi.Time, abi.Duration:
	case abi.Text:
		if len(p.Enum) > 0 && !slices.Contains(p.Enum, s.Text) {
			return fmt.Errorf("%s is %q: write one of %s", p.Name, s.Text, strings.Join(p.Enum, ", "))
		}
		return nil
	default:
		return nil
	}
	low, high := math.Inf(-1), math.Inf(1)
	if p.Min != nil {
		low = *p.Min
	}
	if p.Max != nil {
		high = *p.Max
	}
	if number < low || number > high || math.IsNaN(number) {
		return fmt.Errorf("%s is %s: it is to be %s", p.Name, p.Show(number), p.between(low, high))
	}
	return nil
}

func (p *Parameter) between(low, high float64) string {
	switch {
	case math.IsInf(high, 1):
		return "at least " + p.Show(low)
	case math.IsInf(low, -1):
		return "at most " + p.Show(high)
	}
	return "from " + p.Show(low) + " to " + p.Show(high)
}

// Show writes a number of the parameter for people: times and durations, which are numbers of µs, as what they are.
func (p *Parameter) Show(v float64) string {
	switch t, _ := TypeOf(p.Type); {
	case math.Abs(v) >= math.MaxInt64/1000: // more than there are ns
	case t == abi.Duration:
		return (time.Duration(v) * time.Microsecond).String()
	case t == abi.Time:
		return time.UnixMicro(int64(v)).UTC().Format(time.RFC3339Nano)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
