package golden

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/onstream/onstream/plugins"
)

// constant is a value that is the same for each record, as a stage has it for a parameter.
type constant struct{ plugins.Value }

func (c constant) Type() plugins.Type                      { return plugins.Of(c.Kind) }
func (c constant) Reads() []plugins.Field                  { return nil }
func (c constant) Range() string                           { return "" }
func (c constant) Constant() (plugins.Value, bool)         { return c.Value, true }
func (c constant) Evaluator(plugins.Env) plugins.Evaluator { return c }
func (c constant) Eval(*plugins.Batch) *plugins.Column     { return nil } // it is a parameter

// field is a column of the batch.
type field struct {
	name string
	typ  plugins.Type
}

func (f field) Type() plugins.Type                      { return f.typ }
func (f field) Reads() []plugins.Field                  { return nil }
func (f field) Range() string                           { return "" }
func (f field) String() string                          { return f.name }
func (f field) Evaluator(plugins.Env) plugins.Evaluator { return f }
func (f field) Eval(b *plugins.Batch) *plugins.Column   { return b.Column(f.name) }

// anyValue is a value of JSON whose type nothing says.
func anyValue(src json.RawMessage) (v plugins.Value, err error) {
	switch src[0] {
	case 'n':
		v.Kind = plugins.Null
	case 't', 'f':
		v = plugins.Value{Kind: plugins.Bool, Int: int64(len("false") - len(src))}
	case '"':
		v.Kind = plugins.String
		err = json.Unmarshal(src, &v.Text)
	case '[':
		v = plugins.Value{Kind: plugins.List, Text: string(src)}
	case '{':
		var bytes struct {
			Base64 *[]byte `json:"base64"`
		}
		if strict(src, &bytes) == nil && bytes.Base64 != nil {
			return plugins.Value{Kind: plugins.Bytes, Text: string(*bytes.Base64)}, nil
		}
		v = plugins.Value{Kind: plugins.Record, Text: string(src)}
	default:
		if v.Kind = plugins.Int; strings.ContainsAny(string(src), ".eE") || json.Unmarshal(src, &v.Int) != nil {
			v.Kind = plugins.Float
			err = json.Unmarshal(src, &v.Float)
		}
	}
	return v, err
}

// typedValue is a value of JSON that is of a type of manifests.
func typedValue(typ string, src json.RawMessage) (v plugins.Value, err error) {
	if string(src) == "null" {
		return plugins.Value{Kind: plugins.Null}, nil
	}
	switch typ {
	case "bool":
		var is bool
		if err = json.Unmarshal(src, &is); is {
			v.Int = 1
		}
		v.Kind = plugins.Bool
	case "int":
		v.Kind, err = plugins.Int, json.Unmarshal(src, &v.Int)
	case "float":
		v.Kind, err = plugins.Float, json.Unmarshal(src, &v.Float)
	case "time":
		v.Kind, v.Int, err = plugins.Time, 0, nil
		var at instant
		if us, isNumber := micros(src); isNumber {
			v.Int = us
		} else if err = at.UnmarshalJSON(src); err == nil {
			v.Int = at.UnixNano()
		}
	case "duration":
		v.Kind = plugins.Duration
		var d duration
		if us, isNumber := micros(src); isNumber {
			v.Int = us
		} else if err = d.UnmarshalJSON(src); err == nil {
			v.Int = int64(d.Duration)
		}
	case "json":
		return anyValue(src)
	default:
		var t text
		err = t.UnmarshalJSON(src)
		v = plugins.Value{Kind: plugins.String, Text: t.String()}
		if typ == "bytes" {
			v.Kind = plugins.Bytes
		}
	}
	if err != nil {
		return v, fmt.Errorf("%s is of no use as a value of the type %s", short(string(src)), typ)
	}
	return v, nil
}

// micros reads a number of µs, as ns.
func micros(src []byte) (ns int64, ok bool) {
	err := json.Unmarshal(src, &ns)
	return ns * 1000, err == nil && ns < math.MaxInt64/1000 && ns > math.MinInt64/1000
}

// limitsBlock is the block limits of a stage.
func limitsBlock(limits map[string]json.RawMessage) (plugins.ConfigBlock, error) {
	attrs := map[string]any{}
	for name, src := range limits {
		var err error
		switch name {
		case "time", "start":
			var d duration
			err = d.UnmarshalJSON(src)
			attrs[name] = d.Duration
		case "memory", "calls", "output", "state", "logs":
			var n int64
			if json.Unmarshal(src, &n) != nil {
				err = fmt.Errorf("%s is no whole number: write one, of bytes for memory, output and state", short(string(src)))
			}
			attrs[name] = n
		default:
			err = fmt.Errorf("there is no limit of that name: use memory, time, start, calls, output, state and logs")
		}
		if err != nil {
			return plugins.ConfigBlock{}, fmt.Errorf("limits: %s: %w", name, err)
		}
	}
	return plugins.ConfigBlock{Name: "limits", Config: plugins.NewConfig(attrs)}, nil
}
