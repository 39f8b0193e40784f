package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
)

// FromValue returns the message of a value. The zero value, whose kind is any, is none.
func FromValue(v plugins.Value) *pb.Value {
	p := &pb.Value{Kind: FromKind(v.Kind)}
	switch k := v.Kind; {
	case k == plugins.Any:
		return nil
	case k == plugins.Bool, k == plugins.Int, k == plugins.Time, k == plugins.Duration:
		p.Int = v.Int
	case k == plugins.Float:
		p.Number = v.Float
	case k >= plugins.String:
		p.Text = []byte(v.Text)
	}
	return p
}

// ToValue returns the value of a message; of none, the zero value.
func ToValue(p *pb.Value) (v plugins.Value, err error) {
	if p == nil {
		return v, nil
	}
	if v.Kind, err = ToKind(p.GetKind()); err != nil {
		return v, err
	}
	switch k := v.Kind; {
	case k == plugins.Any:
		return v, fmt.Errorf("a value is of kind any: it is to say which")
	case k == plugins.Bool && uint64(p.GetInt()) > 1:
		return v, fmt.Errorf("a boolean is %d: it is to be 0 or 1", p.GetInt())
	case k == plugins.Bool, k == plugins.Int, k == plugins.Time, k == plugins.Duration:
		v.Int = p.GetInt()
	case k == plugins.Float:
		v.Float = p.GetNumber()
		if msg := wrongNumber(v.Float); msg != "" {
			return v, fmt.Errorf("a value %s", msg)
		}
	case k >= plugins.String:
		if _, msg := wrongText(k, p.GetText()); msg != "" {
			return v, fmt.Errorf("a value %s", msg)
		}
		v.Text = string(p.GetText())
	}
	return v, nil
}

// The codes of rows that fail because of what is in them.
const (
	CodeText   = "utf8"   // a text is not UTF-8
	CodeJSON   = "json"   // a list, map or record is no JSON text of that
	CodeNumber = "number" // a number is not finite
)

// wrongNumber says what is wrong with a number, "" for nothing.
func wrongNumber(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Sprintf("is %v: a number is to be finite", v)
	}
	return ""
}

// wrongText says what is wrong with the bytes of a kind that has some; "" for nothing.
func wrongText(k plugins.Kind, text []byte) (code, msg string) {
	switch {
	case k == plugins.String && !utf8.Valid(text):
		return CodeText, "is no UTF-8: bytes that are not text are to be of kind bytes"
	case k == plugins.List && (len(text) == 0 || text[0] != '[' || !json.Valid(text)):
		return CodeJSON, "is no JSON text of an array"
	case (k == plugins.Map || k == plugins.Record) && (len(text) == 0 || text[0] != '{' || !json.Valid(text)):
		return CodeJSON, "is no JSON text of an object"
	case k.Nested() && !utf8.Valid(text):
		return CodeText, "is JSON text that is no UTF-8"
	}
	return "", ""
}

// line returns JSON text without line breaks, which are mere layout in it: records are lines wherever they are written.
func line(text []byte) []byte {
	if bytes.IndexByte(text, '\n') < 0 && bytes.IndexByte(text, '\r') < 0 {
		return text
	}
	var b bytes.Buffer
	if json.Compact(&b, text) != nil {
		return text // not JSON: whoever asks has checked
	}
	return b.Bytes()
}
