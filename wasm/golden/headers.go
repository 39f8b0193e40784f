package golden

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// headers are those of a record, in their order: a list of pairs, or an object.
type headers []header

type header struct{ name, value text }

// UnmarshalJSON implements [json.Unmarshaler].
func (hs *headers) UnmarshalJSON(src []byte) error {
	*hs = headers{}
	if src[0] == '{' {
		return hs.unmarshalObject(src)
	}
	var pairs [][]text
	if err := json.Unmarshal(src, &pairs); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return noHeaders(src)
		}
		return err
	}
	for _, p := range pairs {
		if len(p) != 2 {
			return noHeaders(src)
		}
		*hs = append(*hs, header{p[0], p[1]})
	}
	return nil
}

// unmarshalObject takes the names in the order that they are written in.
func (hs *headers) unmarshalObject(src []byte) error {
	d := json.NewDecoder(bytes.NewReader(src))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		h := header{name: text{set: true, parts: []part{{fmt.Sprint(name), 1}}}}
		if err := d.Decode(&h.value); err != nil {
			return err
		}
		*hs = append(*hs, h)
	}
	return nil
}

func noHeaders(src []byte) error {
	return fmt.Errorf(`%s are no headers: write {"NAME": "value"}, or [["NAME", "value"], ...] where a name comes twice`, short(string(src)))
}

// are reports whether headers are the ones that are wanted.
func (hs headers) are(have [][2]string) bool {
	return slices.EqualFunc(hs, have, func(w header, h [2]string) bool { return w.name.is([]byte(h[0])) && w.value.is([]byte(h[1])) })
}

// shown is the headers for messages.
func (hs headers) shown() string {
	all := make([][2]string, len(hs))
	for i, h := range hs {
		all[i] = [2]string{h.name.String(), h.value.String()}
	}
	return fmt.Sprintf("%q", all)
}
