package mongo

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/onstream/onstream/plugins/jsontext"
)

// errTorn says that bytes are not a document.
var errTorn = errors.New("the server has sent what is no BSON document")

// deepest is how deep a document may be nested: MongoDB stores no deeper one.
const deepest = 100

// appendDocument appends a document as a JSON object.
func appendDocument(dst []byte, doc bson.Raw, f form) ([]byte, error) {
	return appendMembers(dst, bsoncore.Document(doc), f, '{', 0)
}

// appendJSON appends a value as JSON.
func appendJSON(dst []byte, v bson.RawValue, f form) ([]byte, error) {
	return appendAny(dst, bsoncore.Value{Type: bsoncore.Type(v.Type), Data: v.Value}, f, 0)
}

// appendMembers appends an object or, where it is opened by a [, an array.
func appendMembers(dst []byte, doc bsoncore.Document, f form, open byte, depth int) ([]byte, error) {
	if depth >= 2*deepest {
		return dst, fmt.Errorf("a document is nested deeper than %d levels", 2*deepest)
	}
	length, rest, ok := bsoncore.ReadLength(doc)
	if !ok || int(length) != len(doc) || length < 5 {
		return dst, errTorn
	}
	rest = rest[:length-5]
	dst = append(dst, open)
	for first := true; len(rest) > 0; first = false {
		e, left, ok := bsoncore.ReadElement(rest)
		if !ok {
			return dst, errTorn
		}
		rest = left
		end := bytes.IndexByte(e[1:], 0)
		if end < 0 {
			return dst, errTorn
		}
		if !first {
			dst = append(dst, ',')
		}
		if open == '{' {
			dst = append(jsontext.AppendQuoted(dst, e[1:1+end]), ':')
		}
		var err error
		if dst, err = appendAny(dst, bsoncore.Value{Type: bsoncore.Type(e[0]), Data: e[end+2:]}, f, depth+1); err != nil {
			return dst, err
		}
	}
	return append(dst, open+2), nil // ] follows [ by two, and } follows {
}

func appendAny(dst []byte, v bsoncore.Value, f form, depth int) ([]byte, error) {
	if err := v.Validate(); v.Type != bsoncore.TypeEmbeddedDocument && v.Type != bsoncore.TypeArray && err != nil {
		return dst, errTorn
	}
	switch v.Type {
	case bsoncore.TypeDouble:
		return appendDouble(dst, v.Double(), f), nil
	case bsoncore.TypeString:
		return jsontext.AppendQuoted(dst, v.Data[4:len(v.Data)-1]), nil
	case bsoncore.TypeEmbeddedDocument:
		return appendMembers(dst, bsoncore.Document(v.Data), f, '{', depth)
	case bsoncore.TypeArray:
		return appendMembers(dst, bsoncore.Document(v.Data), f, '[', depth)
	case bsoncore.TypeBoolean:
		return strconv.AppendBool(dst, v.Boolean()), nil
	case bsoncore.TypeNull:
		return append(dst, "null"...), nil
	case bsoncore.TypeInt32:
		return strconv.AppendInt(dst, int64(v.Int32()), 10), nil
	case bsoncore.TypeInt64:
		return strconv.AppendInt(dst, v.Int64(), 10), nil
	}
	return appendTyped(dst, v, f, depth)
}

// appendDouble appends a number that reads back as a float. What is not finite has no JSON, and is null in
// the plain form.
func appendDouble(dst []byte, d float64, f form) []byte {
	switch {
	case isFinite(d):
		from := len(dst)
		dst = strconv.AppendFloat(dst, d, 'g', -1, 64)
		if !bytes.ContainsAny(dst[from:], ".e") {
			dst = append(dst, ".0"...)
		}
		return dst
	case f == plain:
		return append(dst, "null"...)
	}
	name := "NaN"
	if math.IsInf(d, 0) {
		name = "Infinity"
		if d < 0 {
			name = "-Infinity"
		}
	}
	return wrapped(dst, "$numberDouble", name)
}

// wrapped appends an object that tells the type of a text without escapes.
func wrapped(dst []byte, name, text string) []byte {
	dst = append(append(append(dst, `{"`...), name...), `":"`...)
	return append(append(dst, text...), `"}`...)
}

// appendTyped appends values of the types that JSON does not have. What has no plain form has the
// extended one in both.
func appendTyped(dst []byte, v bsoncore.Value, f form, depth int) ([]byte, error) {
	switch v.Type {
	case bsoncore.TypeDateTime:
		return appendDateTime(dst, v.DateTime(), f), nil
	case bsoncore.TypeObjectID:
		id := v.ObjectID()
		text := hex.EncodeToString(id[:])
		if f == plain {
			return jsontext.AppendQuotedString(dst, text), nil
		}
		return wrapped(dst, "$oid", text), nil
	case bsoncore.TypeDecimal128:
		high, low := v.Decimal128()
		text := bson.NewDecimal128(high, low).String()
		if f == plain {
			return jsontext.AppendQuotedString(dst, text), nil
		}
		return wrapped(dst, "$numberDecimal", text), nil
	case bsoncore.TypeBinary:
		subtype, data := v.Binary()
		text := base64.StdEncoding.EncodeToString(data)
		if f == plain {
			return jsontext.AppendQuotedString(dst, text), nil
		}
		return fmt.Appendf(dst, `{"$binary":{"base64":"%s","subType":"%02x"}}`, text, subtype), nil
	case bsoncore.TypeTimestamp:
		t, i := v.Timestamp()
		return fmt.Appendf(dst, `{"$timestamp":{"t":%d,"i":%d}}`, t, i), nil
	case bsoncore.TypeRegex:
		pattern, options := v.Regex()
		dst = jsontext.AppendQuotedString(append(dst, `{"$regularExpression":{"pattern":`...), pattern)
		return append(jsontext.AppendQuotedString(append(dst, `,"options":`...), options), "}}"...), nil
	case bsoncore.TypeMinKey:
		return append(dst, `{"$minKey":1}`...), nil
	case bsoncore.TypeMaxKey:
		return append(dst, `{"$maxKey":1}`...), nil
	case bsoncore.TypeUndefined:
		return append(dst, `{"$undefined":true}`...), nil
	case bsoncore.TypeSymbol:
		return append(jsontext.AppendQuotedString(append(dst, `{"$symbol":`...), v.Symbol()), '}'), nil
	case bsoncore.TypeJavaScript:
		return append(jsontext.AppendQuotedString(append(dst, `{"$code":`...), v.JavaScript()), '}'), nil
	case bsoncore.TypeCodeWithScope:
		code, scope := v.CodeWithScope()
		dst = append(jsontext.AppendQuotedString(append(dst, `{"$code":`...), code), `,"$scope":`...)
		dst, err := appendMembers(dst, scope, f, '{', depth)
		return append(dst, '}'), err
	case bsoncore.TypeDBPointer:
		ns, id := v.DBPointer()
		dst = jsontext.AppendQuotedString(append(dst, `{"$dbPointer":{"$ref":`...), ns)
		return append(wrapped(append(dst, `,"$id":`...), "$oid", hex.EncodeToString(id[:])), "}}"...), nil
	default:
		return dst, errTorn
	}
}

// appendDateTime appends a date. One in no year of four digits has no text, and is told in ms.
func appendDateTime(dst []byte, ms int64, f form) []byte {
	if !isDate(ms) {
		dst = append(dst, `{"$date":{"$numberLong":"`...)
		return append(strconv.AppendInt(dst, ms, 10), `"}}`...)
	}
	if f == extended {
		dst = append(dst, `{"$date":`...)
	}
	dst = append(appendDate(append(dst, '"'), ms), '"')
	if f == extended {
		dst = append(dst, '}')
	}
	return dst
}
