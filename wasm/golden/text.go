package golden

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// text is a text of a file: a string, or what says how to make one. It is made when it is needed, so that many of them that
// are long do not all take memory.
type text struct {
	set    bool // it is in the file
	none   bool // it is null
	isJSON bool // it is compared as JSON
	parts  []part
}

// part is a text so many times.
type part struct {
	text string
	n    int
}

// size returns how many bytes the text has.
func (t *text) size() (n int) {
	for _, p := range t.parts {
		n += p.n * len(p.text)
	}
	return n
}

// String returns the text.
func (t *text) String() string {
	if len(t.parts) == 1 && t.parts[0].n == 1 {
		return t.parts[0].text
	}
	var s strings.Builder
	for _, p := range t.parts {
		s.WriteString(strings.Repeat(p.text, p.n))
	}
	return s.String()
}

// UnmarshalJSON implements [json.Unmarshaler].
func (t *text) UnmarshalJSON(src []byte) error {
	t.set = true
	var err error
	switch src[0] {
	case 'n':
		t.none = true
	case '"':
		var s string
		err = json.Unmarshal(src, &s)
		t.parts = []part{{s, 1}}
	case '{':
		err = t.unmarshalObject(src)
	case '[':
		err = t.unmarshalList(src)
	default:
		return fmt.Errorf("%s is no text: write a string, a list of them, or {\"base64\": ...}, {\"text\": ..., \"repeat\": ...} or {\"json\": ...}", short(string(src)))
	}
	if err == nil && t.size() > maxBytes {
		return fmt.Errorf("a text may have up to %d bytes", maxBytes)
	}
	return err
}

// unmarshalList joins texts.
func (t *text) unmarshalList(src []byte) error {
	var texts []json.RawMessage
	if err := json.Unmarshal(src, &texts); err != nil {
		return err
	}
	for _, one := range texts {
		var p text
		if one[0] == '[' || one[0] == 'n' {
			return fmt.Errorf("%s is no part of a text: write a string or an object", short(string(one)))
		}
		if err := p.UnmarshalJSON(one); err != nil {
			return err
		}
		t.parts = append(t.parts, p.parts...)
		if t.size() > maxBytes {
			return nil // which is told
		}
	}
	return nil
}

func (t *text) unmarshalObject(src []byte) error {
	var o struct {
		Base64 *string         `json:"base64"`
		Text   *string         `json:"text"`
		Repeat *int            `json:"repeat"`
		JSON   json.RawMessage `json:"json"`
	}
	if err := strict(src, &o); err != nil {
		return err
	}
	var whole bytes.Buffer
	switch {
	case o.Base64 != nil && o.Text == nil && o.Repeat == nil && o.JSON == nil:
		data, err := base64.StdEncoding.DecodeString(*o.Base64)
		if err != nil {
			return fmt.Errorf("%s is no base64: write it with its padding, such as \"/w==\": %w", quoted(*o.Base64), err)
		}
		t.parts = []part{{string(data), 1}}
	case o.Text != nil && o.Base64 == nil && o.JSON == nil:
		n := 1
		if o.Repeat != nil {
			n = *o.Repeat
		}
		if n < 0 || int64(n)*int64(max(1, len(*o.Text))) > maxBytes {
			return fmt.Errorf("a text is repeated %d times: it may have up to %d bytes", n, maxBytes)
		}
		t.parts = []part{{*o.Text, n}}
	case o.JSON != nil && o.Base64 == nil && o.Text == nil && o.Repeat == nil:
		if err := json.Compact(&whole, o.JSON); err != nil {
			return err
		}
		t.parts, t.isJSON = []part{{whole.String(), 1}}, true
	default:
		return errors.New(`a text is written as a string, {"base64": ...}, {"text": ..., "repeat": ...} or {"json": ...}`)
	}
	return nil
}

// is reports whether a text is the one that is wanted.
func (t *text) is(got []byte) bool {
	if !t.isJSON {
		return t.size() == len(got) && string(got) == t.String()
	}
	want, err := decodeAny([]byte(t.String()))
	if err != nil {
		return false
	}
	have, err := decodeAny(got)
	return err == nil && reflect.DeepEqual(want, have)
}

// decodeAny reads JSON with its numbers as they are written, as far as that matters: 1.0 is 1.
func decodeAny(src []byte) (any, error) {
	var v any
	err := json.Unmarshal(src, &v)
	return v, err
}

// maxShown is how many bytes of a text are shown.
const maxShown = 300

// quoted shows a text.
func quoted(s string) string {
	if !utf8.ValidString(s) {
		return fmt.Sprintf("bytes %x", short(s))
	}
	if len(s) > maxShown {
		return fmt.Sprintf("%s... (%d bytes)", strconv.Quote(short(s)), len(s))
	}
	return strconv.Quote(s)
}

func short(s string) string { return s[:min(len(s), maxShown)] }

// shown is the text for messages.
func (t *text) shown() string {
	switch {
	case t.none:
		return "none"
	case t.isJSON:
		return t.String()
	}
	return quoted(t.String())
}
