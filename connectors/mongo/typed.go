package mongo

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// as appends a value that is neither an object nor an array nor null as what the pipeline says it is.
func (e *encoder) as(dst, text []byte, p int, want string) ([]byte, bsoncore.Type, int, error) {
	end, err := jsontext.Skip(text, p)
	if err != nil {
		return dst, 0, p, errJSON
	}
	raw := text[p:end]
	switch want { // those that are frequent, without an allocation
	case "double":
		if f, err := jsontext.ParseFloat(raw); err == nil {
			return appendFloat(dst, f), bsoncore.TypeDouble, end, nil
		}
	case "date":
		if raw[0] != '"' {
			break
		}
		if ns, err := jsontext.ParseTime(raw[1:len(raw)-1], ""); err == nil {
			return binary.LittleEndian.AppendUint64(dst, uint64(datedNanos(ns))), bsoncore.TypeDateTime, end, nil
		}
	}
	return asText(dst, raw, p, end, want)
}

// asText is as for what is rare.
func asText(dst, raw []byte, p, end int, want string) ([]byte, bsoncore.Type, int, error) {
	said := string(raw)
	if raw[0] == '"' {
		b, err := jsontext.AppendUnquoted(nil, raw)
		if err != nil {
			return dst, 0, p, errJSON
		}
		said = string(b)
	}
	unfit := func(what string) ([]byte, bsoncore.Type, int, error) {
		return dst, 0, p, fmt.Errorf("is %s, and %s", clipped(string(raw)), what)
	}
	quoted := raw[0] == '"'
	switch want {
	case "date":
		ms, ok := int64(0), false
		if quoted {
			ms, ok = parseDate(said)
		} else if n, err := jsontext.ParseInt(raw); err == nil {
			ms, ok = n, true
		}
		if !ok {
			return unfit("a date is a time such as \"2026-01-31T08:00:00Z\", or a number of milliseconds since 1970")
		}
		return binary.LittleEndian.AppendUint64(dst, uint64(ms)), bsoncore.TypeDateTime, end, nil
	case "objectid":
		var id [12]byte
		if n, err := hex.Decode(id[:], []byte(said[:min(len(said), 24)])); err != nil || n != 12 || len(said) != 24 || !quoted {
			return unfit("an objectid is a string of 24 hexadecimal digits")
		}
		return append(dst, id[:]...), bsoncore.TypeObjectID, end, nil
	case "decimal":
		d, ok := parseDecimal(said)
		if !ok {
			return unfit("a decimal has 34 digits at most")
		}
		high, low := d.GetBytes()
		return bsoncore.AppendDecimal128(dst, high, low), bsoncore.TypeDecimal128, end, nil
	case "binary":
		data, err := base64.StdEncoding.DecodeString(said)
		if err != nil || !quoted {
			return unfit("binary is base64")
		}
		return bsoncore.AppendBinary(dst, 0, data), bsoncore.TypeBinary, end, nil
	case "double":
		return unfit("a double is a number")
	case "int":
		n, err := strconv.ParseInt(said, 10, 32)
		if err != nil {
			return unfit("an int is an integer of 32 bits")
		}
		return binary.LittleEndian.AppendUint32(dst, uint32(int32(n))), bsoncore.TypeInt32, end, nil
	default: // long
		n, err := strconv.ParseInt(said, 10, 64)
		if err != nil {
			return unfit("a long is an integer of 64 bits")
		}
		return binary.LittleEndian.AppendUint64(dst, uint64(n)), bsoncore.TypeInt64, end, nil
	}
}

// typeNames are the types that fields can be said to be of.
var typeNames = []string{"date", "objectid", "decimal", "binary", "double", "int", "long"}

// typeNode says what a field, and those within it, are.
type typeNode struct {
	as     string // one of [typeNames]; "" for what JSON has
	fields map[string]*typeNode
}

func (t *typeNode) want() string {
	if t == nil {
		return ""
	}
	return t.as
}

func (t *typeNode) field(name []byte) *typeNode {
	if t == nil {
		return nil
	}
	return t.fields[string(name)]
}

// add says that what is at a path is of a type.
func (t *typeNode) add(path []string, as string) {
	for _, name := range path {
		if t.fields == nil {
			t.fields = map[string]*typeNode{}
		}
		if t.fields[name] == nil {
			t.fields[name] = &typeNode{}
		}
		t = t.fields[name]
	}
	t.as = as
}

// knowTypes adds what the type of the records tells: times are dates, bytes binary, and floats doubles, also those that have no
// fraction.
func (t *typeNode) knowTypes(of plugins.Type, path ...string) {
	switch {
	case of.Kind == plugins.Time && of.Layout == "":
		t.add(path, "date")
	case of.Kind == plugins.Bytes:
		t.add(path, "binary")
	case of.Kind == plugins.Float:
		t.add(path, "double")
	case of.Kind == plugins.List:
		t.knowTypes(of.Element(), path...)
	}
	for _, f := range of.Fields {
		t.knowTypes(f.Type, append(slices.Clip(path), f.Name)...)
	}
}
