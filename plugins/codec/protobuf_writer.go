package codec

import (
	"errors"
	"math"
	"slices"
	"strconv"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// protoWriter writes values as Protocol Buffers.
type protoWriter struct {
	text []byte // strings of JSON, without escapes
}

var (
	errMapKey    = errors.New("has a key that is not of the type in the schema")
	errNegative  = errors.New("is negative, and the schema says unsigned")
	errInnerNull = errors.New("is null in a list or map, where the schema has no null")
)

// appendField appends a field with a value; null is an absent one.
func (w *protoWriter) appendField(dst []byte, f *protoField, x datum) ([]byte, error) {
	anyNull := f.message != nil && f.message.known == protoValue && !f.list && x.inner
	switch {
	case x.kind == plugins.Null && f.required:
		return dst, errNoNull
	case x.kind == plugins.Null && !anyNull:
		return dst, nil
	case f.isMap:
		return w.appendMap(dst, f, x)
	case f.list:
		return w.appendList(dst, f, x)
	}
	start := len(dst)
	dst, err := w.appendTagged(dst, f, x)
	if err == nil && f.message == nil && !f.presence && isPreset(dst[start+protowire.SizeTag(f.number):], f) {
		dst = dst[:start] // as if it were absent
	}
	return dst, err
}

// isPreset reports whether a value is that of an absent field: zero, or nothing.
func isPreset(value []byte, f *protoField) bool {
	if f.wireType() == protowire.BytesType || f.wireType() == protowire.VarintType {
		return len(value) == 1 && value[0] == 0
	}
	return !slices.ContainsFunc(value, func(b byte) bool { return b != 0 })
}

// appendTagged appends a single value with its number in front.
func (w *protoWriter) appendTagged(dst []byte, f *protoField, x datum) ([]byte, error) {
	dst = protowire.AppendTag(dst, f.number, f.wireType())
	if f.message == nil {
		return w.appendScalar(dst, f, x)
	}
	start := len(dst)
	dst, err := w.appendMessage(dst, f.message, x)
	switch {
	case err != nil:
		return dst, err
	case f.kind == protoreflect.GroupKind:
		return protowire.AppendTag(dst, f.number, protowire.EndGroupType), nil
	}
	return insertLength(dst, start), nil
}

// insertLength puts in front of what stands from start on how long that is.
func insertLength(dst []byte, start int) []byte {
	n := len(dst) - start
	size := protowire.SizeVarint(uint64(n))
	dst = append(dst, make([]byte, size)...)
	copy(dst[start+size:], dst[start:start+n])
	protowire.AppendVarint(dst[:start], uint64(n))
	return dst
}

// appendScalar appends a value without its number.
func (w *protoWriter) appendScalar(dst []byte, f *protoField, x datum) (_ []byte, err error) {
	switch f.kind {
	case protoreflect.BoolKind:
		if x.kind != plugins.Bool {
			return dst, x.mismatch(plugins.Bool)
		}
		return append(dst, byte(x.n)), nil
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		v, err := x.float()
		if f.kind == protoreflect.DoubleKind {
			return protowire.AppendFixed64(dst, math.Float64bits(v)), err
		}
		if err == nil && math.IsInf(float64(float32(v)), 0) {
			err = jsontext.ErrRange
		}
		return protowire.AppendFixed32(dst, math.Float32bits(float32(v))), err
	case protoreflect.StringKind, protoreflect.BytesKind:
		start := len(dst)
		if f.kind == protoreflect.StringKind {
			dst, err = x.appendText(dst)
		} else {
			dst, err = x.appendBytes(dst)
		}
		return insertLength(dst, start), err
	case protoreflect.EnumKind:
		return f.appendEnum(dst, x)
	}
	n, err := x.whole()
	if err != nil {
		return dst, err
	}
	return f.appendWhole(dst, n)
}

// appendEnum appends the number of a symbol; a symbol that is a number stands
// for itself.
func (f *protoField) appendEnum(dst []byte, x datum) ([]byte, error) {
	if x.kind != plugins.String {
		return dst, x.mismatch(plugins.String)
	}
	for n, name := range f.symbols {
		if name == string(x.text) {
			return protowire.AppendVarint(dst, uint64(int64(n))), nil
		}
	}
	n, err := strconv.ParseInt(string(x.text), 10, 32)
	if err != nil {
		return dst, errSymbol
	}
	return protowire.AppendVarint(dst, uint64(n)), nil
}

// appendWhole appends a whole number, if it is in the range of the field.
func (f *protoField) appendWhole(dst []byte, n int64) ([]byte, error) {
	switch f.kind {
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		if int64(int32(n)) != n {
			return dst, jsontext.ErrRange
		}
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind, protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		if n < 0 {
			return dst, errNegative
		}
		if n > math.MaxUint32 && (f.kind == protoreflect.Uint32Kind || f.kind == protoreflect.Fixed32Kind) {
			return dst, jsontext.ErrRange
		}
	}
	switch f.kind {
	case protoreflect.Sint32Kind, protoreflect.Sint64Kind:
		return protowire.AppendVarint(dst, protowire.EncodeZigZag(n)), nil
	case protoreflect.Sfixed32Kind, protoreflect.Fixed32Kind:
		return protowire.AppendFixed32(dst, uint32(n)), nil
	case protoreflect.Sfixed64Kind, protoreflect.Fixed64Kind:
		return protowire.AppendFixed64(dst, uint64(n)), nil
	}
	return protowire.AppendVarint(dst, uint64(n)), nil
}

// appendMessage appends the fields of a message.
func (w *protoWriter) appendMessage(dst []byte, m *protoMessage, x datum) ([]byte, error) {
	switch m.known {
	case protoTimestamp, protoDuration:
		want := plugins.Time
		if m.known == protoDuration {
			want = plugins.Duration
		}
		n, err := x.nanos(want)
		return appendSeconds(dst, m, n), err
	case protoWrapper, protoListValue:
		return w.appendField(dst, m.fields[0], x)
	case protoStruct:
		return w.appendMap(dst, m.fields[0], x)
	case protoValue:
		return w.appendValue(dst, m, x)
	}
	if x.kind != plugins.Record && x.kind != plugins.Map {
		return dst, x.mismatch(plugins.Record)
	}
	for _, f := range m.fields {
		text, err := jsontext.Lookup(x.text, f.name)
		if err == nil && text == nil && !f.required {
			continue
		}
		inner := datum{kind: plugins.Null}
		if err == nil && text != nil {
			inner, err = innerDatum(text, &w.text)
		}
		if err == nil {
			dst, err = w.appendField(dst, f, inner)
		}
		if err != nil {
			return dst, inField(f.name, err)
		}
	}
	return dst, nil
}

// appendSeconds appends a Timestamp, whose nanoseconds count upwards always,
// or a Duration, whose nanoseconds have the sign of its seconds.
func appendSeconds(dst []byte, m *protoMessage, n int64) []byte {
	seconds, nanos := n/1e9, n%1e9
	if nanos < 0 && m.known == protoTimestamp {
		seconds, nanos = seconds-1, nanos+1e9
	}
	if seconds != 0 {
		dst = protowire.AppendVarint(protowire.AppendTag(dst, 1, protowire.VarintType), uint64(seconds))
	}
	if nanos != 0 {
		dst = protowire.AppendVarint(protowire.AppendTag(dst, 2, protowire.VarintType), uint64(nanos))
	}
	return dst
}

// appendValue appends the field of a google.protobuf.Value that is for a value.
func (w *protoWriter) appendValue(dst []byte, m *protoMessage, x datum) ([]byte, error) {
	var f *protoField
	switch x.kind {
	case plugins.Null:
		return protowire.AppendVarint(protowire.AppendTag(dst, 1, protowire.VarintType), 0), nil
	case plugins.Int, plugins.Float:
		f = m.field(2)
	case plugins.Bool:
		f = m.field(4)
	case plugins.Record, plugins.Map:
		f = m.field(5)
	case plugins.List:
		f = m.field(6)
	default:
		f = m.field(3)
	}
	return w.appendTagged(dst, f, x)
}

func (w *protoWriter) appendList(dst []byte, f *protoField, x datum) ([]byte, error) {
	if x.kind != plugins.List {
		return dst, x.mismatch(plugins.List)
	}
	start := len(dst)
	if f.packed {
		dst = protowire.AppendTag(dst, f.number, protowire.BytesType)
	}
	first := len(dst)
	it := jsontext.Elements(x.text)
	for it.Next() {
		inner, err := innerDatum(it.Value(), &w.text)
		switch {
		case err != nil:
		case inner.kind == plugins.Null && (f.message == nil || f.message.known != protoValue):
			err = errInnerNull
		case f.packed:
			dst, err = w.appendScalar(dst, f, inner)
		default:
			dst, err = w.appendTagged(dst, f, inner)
		}
		if err != nil {
			return dst, err
		}
	}
	switch {
	case f.packed && len(dst) == first:
		return dst[:start], it.Err()
	case f.packed:
		dst = insertLength(dst, first)
	}
	return dst, it.Err()
}

func (w *protoWriter) appendMap(dst []byte, f *protoField, x datum) ([]byte, error) {
	if x.kind != plugins.Record && x.kind != plugins.Map {
		return dst, x.mismatch(plugins.Map)
	}
	key, value := f.message.fields[0], f.message.fields[1]
	it := jsontext.Members(x.text)
	for it.Next() {
		dst = protowire.AppendTag(dst, f.number, protowire.BytesType)
		start := len(dst)
		name, err := keyDatum(key, it.Key())
		if err == nil {
			dst, err = w.appendTagged(dst, key, name)
		}
		var inner datum
		if err == nil {
			inner, err = innerDatum(it.Value(), &w.text)
		}
		if err == nil && inner.kind == plugins.Null && (value.message == nil || value.message.known != protoValue) {
			err = errInnerNull
		}
		if err == nil {
			dst, err = w.appendTagged(dst, value, inner)
		}
		if err != nil {
			return dst, err
		}
		dst = insertLength(dst, start)
	}
	return dst, it.Err()
}

// keyDatum is the key of a map, given as text.
func keyDatum(f *protoField, text []byte) (datum, error) {
	switch f.scalarKind() {
	case plugins.Bool:
		if s := string(text); s != "true" && s != "false" {
			return datum{}, errMapKey
		}
		return datum{kind: plugins.Bool, n: int64(len("false") - len(text))}, nil
	case plugins.Int:
		n, err := strconv.ParseInt(string(text), 10, 64)
		if err != nil {
			return datum{}, errMapKey
		}
		return datum{kind: plugins.Int, n: n}, nil
	}
	return datum{kind: plugins.String, text: text}, nil
}
