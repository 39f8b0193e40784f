package transforms

import (
	"encoding/binary"
	"math"
	"strings"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
	"github.com/onstream/onstream/plugins/keyed"
)

// jsonObject writes what is stored of a key for people. It has no members for
// times that there are not.
type jsonObject struct{ text []byte }

func (o *jsonObject) member(name string) {
	if len(o.text) == 0 {
		o.text = append(o.text, '{')
	} else {
		o.text = append(o.text, ", "...)
	}
	o.text = append(jsontext.AppendQuoted(o.text, []byte(name)), ": "...)
}

func (o *jsonObject) value(name string, v plugins.Value) {
	o.member(name)
	o.text = jsontext.AppendValue(o.text, v, "")
}

func (o *jsonObject) time(name string, at int64) {
	if at != keyed.None && at != 0 {
		o.value(name, plugins.Value{Kind: plugins.Time, Int: at})
	}
}

func (o *jsonObject) int(name string, n int64) {
	o.value(name, plugins.Value{Kind: plugins.Int, Int: n})
}

func (o *jsonObject) flag(name string, set bool) {
	v := plugins.Value{Kind: plugins.Bool}
	if set {
		v.Int = 1
	}
	o.value(name, v)
}

func (o *jsonObject) list(name string, elems [][]byte) {
	o.member(name)
	o.text = append(o.text, '[')
	for i, e := range elems {
		if i > 0 {
			o.text = append(o.text, ", "...)
		}
		o.text = append(o.text, e...)
	}
	o.text = append(o.text, ']')
}

// row adds stored values, one after the other, under their names.
func (o *jsonObject) row(names []string, src []byte) error {
	for _, name := range names {
		v, rest, err := storedValue(src)
		if err != nil {
			return err
		}
		src = rest
		o.value(name, v)
	}
	if len(src) > 0 {
		return errStoredValue
	}
	return nil
}

func (o *jsonObject) end() []byte {
	if len(o.text) == 0 {
		return []byte("{}")
	}
	return append(o.text, '}')
}

// storedValue reads a value that appendValue wrote.
func storedValue(src []byte) (v plugins.Value, rest []byte, err error) {
	if len(src) == 0 {
		return v, nil, errStoredValue
	}
	v.Kind, rest = plugins.Kind(src[0]), src[1:]
	switch {
	case v.Kind > plugins.Record:
		return v, nil, errStoredValue
	case v.Kind == plugins.Null:
		return v, rest, nil
	case v.Kind == plugins.String || v.Kind == plugins.Bytes || v.Kind.Nested():
		n, used := binary.Uvarint(rest)
		if used <= 0 || n > uint64(len(rest)-used) {
			return v, nil, errStoredValue
		}
		end := used + int(n)
		v.Text = string(rest[used:end])
		return v, rest[end:], nil
	case len(rest) < 8:
		return v, nil, errStoredValue
	}
	bits := binary.LittleEndian.Uint64(rest)
	if v.Int = int64(bits); v.Kind == plugins.Float {
		v.Float = math.Float64frombits(bits)
	}
	return v, rest[8:], nil
}

// recordsIn returns the names of the fields of the records that the text of what
// a stage keeps tells, see [plugins.Type.String].
func recordsIn(text string) (records [][]string) {
	const begin = "record({"
	for {
		_, rest, found := strings.Cut(text, begin)
		if !found {
			return records
		}
		names, depth, from, at := []string{}, 0, 0, 0
		for ; at < len(rest) && (depth > 0 || rest[at] != '}'); at++ {
			switch rest[at] {
			case '(', '{':
				depth++
			case ')', '}':
				depth--
			case ',':
				if depth == 0 {
					names, from = append(names, nameIn(rest[from:at])), at+1
				}
			}
		}
		if from < at {
			names = append(names, nameIn(rest[from:at]))
		}
		records, text = append(records, names), rest[at:]
	}
}

// nameIn returns the name in front of a type.
func nameIn(field string) string {
	name, _, _ := strings.Cut(strings.TrimSpace(field), " = ")
	return name
}

func reduceJSON(state string, value []byte) []byte {
	var v fold
	records := recordsIn(state)
	if decodeFold(value, &v) != nil || len(records) != 1 {
		return nil
	}
	var o jsonObject
	if len(v.row) > 0 && o.row(records[0], v.row) != nil {
		return nil
	}
	return o.end()
}

func dedupeJSON(_ string, value []byte) []byte {
	var v passed
	if decodePassed(value, &v) != nil {
		return nil
	}
	var o jsonObject
	o.time("passed", v.at)
	o.time("last", v.Own)
	return o.end()
}

func absenceJSON(_ string, value []byte) []byte {
	var p presence
	if decodePresence(value, &p) != nil {
		return nil
	}
	var o jsonObject
	o.flag("absent", p.absent)
	o.time("last", p.Own)
	o.time("arrived", p.arrived)
	return o.end()
}

func detectJSON(state string, value []byte) []byte {
	var d detection
	if decodeDetection(value, &d) != nil {
		return nil
	}
	var names []string
	if records := recordsIn(state); len(records) == 1 {
		names = records[0]
	}
	var o jsonObject
	o.time("last", d.Own)
	o.time("arrived", d.arrived)
	o.time("quiet_until", d.quiet)
	for _, list := range []struct {
		name    string
		moments []moment
	}{{"open", d.open}, {"waiting", d.ahead}} {
		var all [][]byte
		for _, m := range list.moments {
			var one jsonObject
			one.time("at", m.at)
			if len(m.row) > 0 && one.row(names, m.row) != nil {
				return nil
			}
			all = append(all, one.end())
		}
		o.list(list.name, all)
	}
	return o.end()
}

func joinJSON(state string, value []byte) []byte {
	records := recordsIn(state)
	if strings.HasPrefix(state, "table of ") {
		var r tableRow
		var o jsonObject
		if decodeTableRow(value, &r) != nil || len(records) != 1 || o.row(records[0], r.values) != nil {
			return nil
		}
		return o.end()
	}
	var k heldKey
	if decodeHeldKey(value, &k) != nil || len(records) != len(k.sides) {
		return nil
	}
	var o jsonObject
	for port, side := range k.sides {
		var all [][]byte
		for _, r := range side.rows {
			var one jsonObject
			one.time("at", r.at)
			if one.row(records[port], r.values) != nil {
				return nil
			}
			all = append(all, one.end())
		}
		o.list(joinPorts[port], all)
	}
	return o.end()
}

// windowJSON tells of the windows of a key when they are: what their aggregates
// have of the records has the form of each of them. Where windows overlap, it
// tells of the runs of records of which they are made.
func windowJSON(state string, value []byte) []byte {
	r := &stateReader{rest: value}
	own, _, _, _, _ := r.varint(), r.varint(), r.varint(), r.varint(), r.varint()
	n := r.size()
	var o, first jsonObject
	o.time("last", own)
	if n > 0 {
		first.time("start", r.varint())
		first.time("end", r.varint())
	}
	if r.bad {
		return nil
	}
	what := "windows"
	if strings.HasPrefix(state, "hopping ") || strings.HasPrefix(state, "sliding ") {
		what = "runs"
	}
	o.int(what, int64(n))
	if len(first.text) > 0 {
		o.member("first")
		o.text = append(o.text, first.end()...)
	}
	return o.end()
}
