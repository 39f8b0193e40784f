package mongo

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/onstream/onstream/plugins/jsontext"
)

// wrapper appends the value that an object of Extended JSON stands for, where the object at p is one: its only
// name, or that with what belongs to it, is that of a type.
func (e *encoder) wrapper(dst, text []byte, p int) (out []byte, kind bsoncore.Type, end int, ok bool, err error) {
	if q := jsontext.Space(text, p+1); q+1 >= len(text) || text[q] != '"' || text[q+1] != '$' {
		return dst, 0, p, false, nil
	}
	if end, err = jsontext.Skip(text, p); err != nil {
		return dst, 0, p, false, errJSON
	}
	members := jsontext.Members(text[p:end])
	var name string
	var value []byte
	n := 0
	for members.Next() {
		if n++; n == 1 {
			name, value = string(members.Key()), members.Value()
		}
	}
	if members.Err() != nil {
		return dst, 0, p, false, errJSON
	}
	read, known := wrappers[name]
	if n != 1 || !known {
		return dst, 0, p, false, nil
	}
	out, kind, good := read(dst, value)
	if !good {
		return dst, 0, p, false, fmt.Errorf("is no value of Extended JSON: %s has to be as MongoDB writes it, and is %s", name, clipped(string(value)))
	}
	return out, kind, end, true, nil
}

// wrappers read the values of types, by the names that tell them.
var wrappers = map[string]func(dst, value []byte) ([]byte, bsoncore.Type, bool){
	"$oid": func(dst, value []byte) ([]byte, bsoncore.Type, bool) {
		s, ok := textOf(value)
		id, err := hex.DecodeString(s)
		return append(dst, id...), bsoncore.TypeObjectID, ok && err == nil && len(id) == 12
	},
	"$date": func(dst, value []byte) ([]byte, bsoncore.Type, bool) {
		var ms int64
		s, ok := textOf(value)
		switch {
		case ok:
			ms, ok = parseDate(s)
		default:
			ms, ok = longOf(value)
		}
		return binary.LittleEndian.AppendUint64(dst, uint64(ms)), bsoncore.TypeDateTime, ok
	},
	"$numberLong": func(dst, value []byte) ([]byte, bsoncore.Type, bool) {
		s, ok := textOf(value)
		n, err := strconv.ParseInt(s, 10, 64)
		return binary.LittleEndian.AppendUint64(dst, uint64(n)), bsoncore.TypeInt64, ok && err == nil
	},
	"$numberInt": func(dst, value []byte) ([]byte, bsoncore.Type, bool) {
		s, ok := textOf(value)
		n, err := strconv.ParseInt(s, 10, 32)
		return binary.LittleEndian.AppendUint32(dst, uint32(int32(n))), bsoncore.TypeInt32, ok && err == nil
	},
	"$numberDouble": func(dst, value []byte) ([]byte, bsoncore.Type, bool) {
		s, ok := textOf(value)
		f, err := strconv.ParseFloat(s, 64)
		return appendFloat(dst, f), bsoncore.TypeDouble, ok && err == nil
	},
	"$numberDecimal": func(dst, value []byte) ([]byte, bsoncore.Type, bool) {
		s, ok := textOf(value)
		d, good := parseDecimal(s)
		high, low := d.GetBytes()
		return bsoncore.AppendDecimal128(dst, high, low), bsoncore.TypeDecimal128, ok && good
	},
	"$binary": func(dst, value []byte) ([]byte, bsoncore.Type, bool) {
		encoded, err := jsontext.Lookup(value, "base64")
		s, ok := textOf(encoded)
		data, bad := base64.StdEncoding.DecodeString(s)
		sub, e := jsontext.Lookup(value, "subType")
		t, good := textOf(sub)
		subtype, worse := strconv.ParseUint(t, 16, 8)
		if err != nil || bad != nil || e != nil || worse != nil || !ok || !good {
			return dst, 0, false
		}
		return bsoncore.AppendBinary(dst, byte(subtype), data), bsoncore.TypeBinary, true
	},
	"$uuid": func(dst, value []byte) ([]byte, bsoncore.Type, bool) {
		s, ok := textOf(value)
		id, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
		const uuid = 4
		return bsoncore.AppendBinary(dst, uuid, id), bsoncore.TypeBinary, ok && err == nil && len(id) == 16
	},
	"$timestamp": func(dst, value []byte) ([]byte, bsoncore.Type, bool) {
		t, okT := uintOf(value, "t")
		i, okI := uintOf(value, "i")
		return bsoncore.AppendTimestamp(dst, t, i), bsoncore.TypeTimestamp, okT && okI
	},
	"$regularExpression": func(dst, value []byte) ([]byte, bsoncore.Type, bool) {
		p, err := jsontext.Lookup(value, "pattern")
		pattern, okP := textOf(p)
		o, bad := jsontext.Lookup(value, "options")
		options, okO := textOf(o)
		zero := strings.ContainsRune(pattern+options, 0)
		return bsoncore.AppendRegex(dst, pattern, options), bsoncore.TypeRegex, err == nil && bad == nil && okP && okO && !zero
	},
	"$minKey":    func(dst, _ []byte) ([]byte, bsoncore.Type, bool) { return dst, bsoncore.TypeMinKey, true },
	"$maxKey":    func(dst, _ []byte) ([]byte, bsoncore.Type, bool) { return dst, bsoncore.TypeMaxKey, true },
	"$undefined": func(dst, _ []byte) ([]byte, bsoncore.Type, bool) { return dst, bsoncore.TypeUndefined, true },
	"$symbol": func(dst, value []byte) ([]byte, bsoncore.Type, bool) {
		s, ok := textOf(value)
		return bsoncore.AppendSymbol(dst, s), bsoncore.TypeSymbol, ok
	},
	"$code": func(dst, value []byte) ([]byte, bsoncore.Type, bool) {
		s, ok := textOf(value)
		return bsoncore.AppendJavaScript(dst, s), bsoncore.TypeJavaScript, ok
	},
}

// textOf returns the text that a JSON string is.
func textOf(value []byte) (string, bool) {
	if len(value) == 0 || value[0] != '"' {
		return "", false
	}
	s, err := jsontext.AppendUnquoted(nil, value)
	return string(s), err == nil
}

// longOf returns the integer that a number is, or {"$numberLong": "1"}.
func longOf(value []byte) (int64, bool) {
	if n, err := jsontext.ParseInt(value); err == nil {
		return n, true
	}
	in, err := jsontext.Lookup(value, "$numberLong")
	if err != nil {
		return 0, false
	}
	s, ok := textOf(in)
	n, err := strconv.ParseInt(s, 10, 64)
	return n, ok && err == nil
}

func uintOf(value []byte, name string) (uint32, bool) {
	in, err := jsontext.Lookup(value, name)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseUint(string(in), 10, 32)
	return uint32(n), err == nil
}
