package mongo

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"slices"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// encoder writes JSON as BSON. It is used by one goroutine at a time.
//
// It refuses what servers refuse, or have no name for: a name twice in an object, a name with a zero byte,
// nesting beyond [deepest], and integers beyond 64 bits. Nothing of a record is ever an operator: that is seen to by
// who puts the documents into commands.
type encoder struct {
	form  form
	types *typeNode // what the fields of records are; nil for nothing

	names []span          // of the objects that are open, in the output
	seen  map[uint64]bool // hashes of the names of objects that have many
	seed  maphash.Seed
}

// span is a part of the output.
type span struct{ from, to int }

// fieldError is what is wrong with a field.
type fieldError struct {
	path string
	err  error
}

func (e *fieldError) Error() string {
	if e.path == "" {
		return "the record " + e.err.Error()
	}
	return "the field " + strconv.Quote(e.path) + " " + e.err.Error()
}

func (e *fieldError) Unwrap() error { return e.err }

// within says that what is wrong is in a field.
func within(name string, err error) error {
	e, ok := errors.AsType[*fieldError](err)
	if !ok {
		return &fieldError{clipped(name), err}
	}
	e.path = clipped(name) + "." + e.path
	return e
}

// clipped bounds what messages repeat of a record.
func clipped(s string) string {
	if len(s) > 100 {
		return s[:100] + "..."
	}
	return s
}

// Errors of records.
var (
	errDepth    = fmt.Errorf("is nested deeper than %d levels, and MongoDB stores no deeper one", deepest)
	errTwice    = errors.New("is in the object twice, and a document has a field once: rename one of them")
	errZero     = errors.New("has a zero byte in its name, and MongoDB has no such names: rename it")
	errNoObject = errors.New("is no object, and documents are made of objects: write body = { ... }")
	errJSON     = errors.New("is not valid JSON")
	errRange    = errors.New("is an integer beyond 64 bits: name it in types as \"decimal\" or \"double\", or write it as a string")
	errHuge     = errors.New("is a number beyond what a double has: name it in types as \"decimal\", or write it as a string")
)

// document appends the document that a JSON object is.
func (e *encoder) document(dst, text []byte) ([]byte, error) {
	p := jsontext.Space(text, 0)
	if p >= len(text) || text[p] != '{' {
		return dst, &fieldError{"", errNoObject}
	}
	e.names = e.names[:0]
	clear(e.seen)
	dst, p, err := e.object(dst, text, p, e.types, 1)
	if err != nil {
		if _, ok := errors.AsType[*fieldError](err); !ok {
			err = &fieldError{"", err}
		}
		return dst, err
	}
	if p = jsontext.Space(text, p); p != len(text) {
		return dst, &fieldError{"", errJSON}
	}
	return dst, nil
}

// object appends the object that starts at p.
func (e *encoder) object(dst, text []byte, p int, t *typeNode, depth int) ([]byte, int, error) {
	if depth > deepest {
		return dst, p, errDepth
	}
	first := len(e.names)
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	p = jsontext.Space(text, p+1)
	if p < len(text) && text[p] == '}' {
		return finish(dst, start), p + 1, nil
	}
	for {
		if p >= len(text) || text[p] != '"' {
			return dst, p, errJSON
		}
		end, err := jsontext.Skip(text, p)
		if err != nil {
			return dst, p, errJSON
		}
		at := len(dst)
		dst = append(dst, 0)
		if dst, err = jsontext.AppendUnquoted(dst, text[p:end]); err != nil {
			return dst, p, errJSON
		}
		if err := e.name(dst, at+1, first); err != nil {
			return dst, p, within(string(dst[at+1:]), err)
		}
		nameEnd := len(dst)
		dst = append(dst, 0)
		if p = jsontext.Space(text, end); p >= len(text) || text[p] != ':' {
			return dst, p, errJSON
		}
		p = jsontext.Space(text, p+1)
		var kind bsoncore.Type
		if dst, kind, p, err = e.value(dst, text, p, t.field(dst[at+1:nameEnd]), depth); err != nil {
			return dst, p, within(string(dst[at+1:nameEnd]), err)
		}
		dst[at] = byte(kind)
		p = jsontext.Space(text, p)
		switch {
		case p < len(text) && text[p] == ',':
			p = jsontext.Space(text, p+1)
		case p < len(text) && text[p] == '}':
			e.names = e.names[:first]
			return finish(dst, start), p + 1, nil
		default:
			return dst, p, errJSON
		}
	}
}

// finish ends a document.
func finish(dst []byte, start int) []byte {
	dst = append(dst, 0)
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(dst)-start))
	return dst
}

// few is how many names are compared one by one.
const few = 24

// name notes the name at the end of the output, which is to be that of no other member.
func (e *encoder) name(dst []byte, from, first int) error {
	name := dst[from:]
	if bytes.IndexByte(name, 0) >= 0 {
		return errZero
	}
	others := e.names[first:]
	if len(others) <= few {
		for _, o := range others {
			if o.to-o.from == len(name) && string(dst[o.from:o.to]) == string(name) {
				return errTwice
			}
		}
	} else {
		if e.seen == nil {
			e.seen = map[uint64]bool{}
			e.seed = maphash.MakeSeed()
		}
		if len(others) == few+1 {
			for _, o := range others {
				e.seen[e.hash(dst[o.from:o.to], others[0].from)] = true
			}
		}
		h := e.hash(name, others[0].from)
		if e.seen[h] && slices.ContainsFunc(others, func(o span) bool { return bytes.Equal(dst[o.from:o.to], name) }) {
			return errTwice
		}
		e.seen[h] = true
	}
	e.names = append(e.names, span{from, len(dst)})
	return nil
}

// hash is that of a name in the object whose first name is at a place.
func (e *encoder) hash(name []byte, object int) uint64 {
	return maphash.Bytes(e.seed, name) + uint64(object)*0x9e3779b97f4a7c15
}

// array appends the array that starts at p.
func (e *encoder) array(dst, text []byte, p int, t *typeNode, depth int) ([]byte, int, error) {
	if depth > deepest {
		return dst, p, errDepth
	}
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	p = jsontext.Space(text, p+1)
	if p < len(text) && text[p] == ']' {
		return finish(dst, start), p + 1, nil
	}
	for i := 0; ; i++ {
		at := len(dst)
		dst = append(strconv.AppendInt(append(dst, 0), int64(i), 10), 0)
		var kind bsoncore.Type
		var err error
		if dst, kind, p, err = e.value(dst, text, p, t, depth); err != nil {
			return dst, p, within(strconv.Itoa(i), err)
		}
		dst[at] = byte(kind)
		p = jsontext.Space(text, p)
		switch {
		case p < len(text) && text[p] == ',':
			p = jsontext.Space(text, p+1)
		case p < len(text) && text[p] == ']':
			return finish(dst, start), p + 1, nil
		default:
			return dst, p, errJSON
		}
	}
}

// value appends the value that starts at p, and returns its type.
func (e *encoder) value(dst, text []byte, p int, t *typeNode, depth int) ([]byte, bsoncore.Type, int, error) {
	if p >= len(text) {
		return dst, 0, p, errJSON
	}
	if want := t.want(); want != "" && text[p] != '{' && text[p] != '[' && text[p] != 'n' {
		return e.as(dst, text, p, want)
	}
	switch c := text[p]; c {
	case '{':
		if e.form == extended {
			if out, kind, end, ok, err := e.wrapper(dst, text, p); ok || err != nil {
				return out, kind, end, err
			}
		}
		dst, p, err := e.object(dst, text, p, t, depth+1)
		return dst, bsoncore.TypeEmbeddedDocument, p, err
	case '[':
		dst, p, err := e.array(dst, text, p, t, depth+1)
		return dst, bsoncore.TypeArray, p, err
	case '"':
		end, err := jsontext.Skip(text, p)
		if err != nil {
			return dst, 0, p, errJSON
		}
		dst, err = appendText(dst, text[p:end])
		return dst, bsoncore.TypeString, end, err
	case 't', 'f', 'n':
		for _, w := range words {
			if bytes.HasPrefix(text[p:], w.text) {
				return append(dst, w.bson...), w.kind, p + len(w.text), nil
			}
		}
		return dst, 0, p, errJSON
	}
	end, err := jsontext.Skip(text, p)
	if err != nil {
		return dst, 0, p, errJSON
	}
	dst, kind, err := appendNumber(dst, text[p:end])
	return dst, kind, end, err
}

// words are the values of JSON that are words.
var words = [...]struct {
	text []byte
	kind bsoncore.Type
	bson []byte
}{
	{[]byte("true"), bsoncore.TypeBoolean, []byte{1}},
	{[]byte("false"), bsoncore.TypeBoolean, []byte{0}},
	{[]byte("null"), bsoncore.TypeNull, nil},
}

// appendText appends the string that a JSON string is.
func appendText(dst, text []byte) ([]byte, error) {
	start := len(dst)
	dst, err := jsontext.AppendUnquoted(append(dst, 0, 0, 0, 0), text)
	if err != nil {
		return dst, errJSON
	}
	dst = append(dst, 0)
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst, nil
}

// appendNumber appends a number: an integer as int64, one with a fraction or an exponent as double.
func appendNumber(dst, text []byte) ([]byte, bsoncore.Type, error) {
	if !bytes.ContainsAny(text, ".eE") {
		n, err := jsontext.ParseInt(text)
		switch {
		case errors.Is(err, jsontext.ErrRange):
			return dst, 0, errRange
		case err != nil:
			return dst, 0, errJSON
		}
		return binary.LittleEndian.AppendUint64(dst, uint64(n)), bsoncore.TypeInt64, nil
	}
	f, err := jsontext.ParseFloat(text)
	switch {
	case errors.Is(err, jsontext.ErrRange) || err == nil && !isFinite(f):
		return dst, 0, errHuge
	case err != nil:
		return dst, 0, errJSON
	}
	return appendFloat(dst, f), bsoncore.TypeDouble, nil
}

func appendFloat(dst []byte, f float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(f))
}

// appendValue appends an element with a value of the language: an Int is an int64, a Float a double, a Time a date, Bytes
// are binary, and what is nested is as its JSON.
func appendValue(dst []byte, name string, v plugins.Value) ([]byte, error) {
	switch v.Kind {
	case plugins.Null, plugins.Any:
		return bsoncore.AppendNullElement(dst, name), nil
	case plugins.Bool:
		return bsoncore.AppendBooleanElement(dst, name, v.Int != 0), nil
	case plugins.Int, plugins.Duration:
		return bsoncore.AppendInt64Element(dst, name, v.Int), nil
	case plugins.Float:
		return bsoncore.AppendDoubleElement(dst, name, v.Float), nil
	case plugins.Time:
		return bsoncore.AppendDateTimeElement(dst, name, datedNanos(v.Int)), nil
	case plugins.String:
		return bsoncore.AppendStringElement(dst, name, v.Text), nil
	case plugins.Bytes:
		return bsoncore.AppendBinaryElement(dst, name, 0, []byte(v.Text)), nil
	default:
		at := len(dst)
		dst = append(append(append(dst, 0), name...), 0)
		dst, kind, p, err := new(encoder).value(dst, []byte(v.Text), 0, nil, 1)
		if err == nil && p != len(v.Text) {
			err = errJSON
		}
		if err == nil {
			dst[at] = byte(kind)
		}
		return dst, err
	}
}
