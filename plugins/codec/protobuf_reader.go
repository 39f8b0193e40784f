package codec

import (
	"errors"
	"io"
	"math"
	"strconv"

	"github.com/onstream/onstream/plugins"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// protoEntry is a field as it stands in a record.
type protoEntry struct {
	field *protoField
	wire  protowire.Type
	// p and end are where its value is: without length or mark of the end.
	p, end int
	seq    int // of the entries of its message
}

// wireError says what is wrong with bytes that the library could not read.
func wireError(n int) error {
	if errors.Is(protowire.ParseError(n), io.ErrUnexpectedEOF) {
		return errTruncated
	}
	return errMalformed
}

// nextProtoField reads the field at p, of any message, and returns the index behind it.
func nextProtoField(text []byte, p int) (n protowire.Number, e protoEntry, next int, err error) {
	var size int
	n, e.wire, size = protowire.ConsumeTag(text[p:])
	if size < 0 {
		return 0, e, p, wireError(size)
	}
	p += size
	e.p = p
	switch e.wire {
	case protowire.BytesType:
		length, size := protowire.ConsumeVarint(text[p:])
		if size < 0 {
			return 0, e, p, wireError(size)
		}
		e.p = p + size
		if length > uint64(len(text)-e.p) {
			return 0, e, p, errTruncated
		}
		e.end = e.p + int(length)
		return n, e, e.end, nil
	case protowire.StartGroupType:
		body, size := protowire.ConsumeGroup(n, text[p:])
		if size < 0 {
			return 0, e, p, wireError(size)
		}
		e.end = p + len(body)
		return n, e, p + size, nil
	case protowire.EndGroupType:
		return 0, e, p, errMalformed
	}
	size = protowire.ConsumeFieldValue(n, e.wire, text[p:])
	if size < 0 {
		return 0, e, p, wireError(size)
	}
	e.end = p + size
	return n, e, e.end, nil
}

// wireType is how a single value of the field is written.
func (f *protoField) wireType() protowire.Type {
	switch f.kind {
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind, protoreflect.FloatKind:
		return protowire.Fixed32Type
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind, protoreflect.DoubleKind:
		return protowire.Fixed64Type
	case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind:
		return protowire.BytesType
	case protoreflect.GroupKind:
		return protowire.StartGroupType
	}
	return protowire.VarintType
}

// takes reports whether the field may be written so. Otherwise it is not this
// field: that is how readers treat what they do not know.
func (f *protoField) takes(wire protowire.Type) bool {
	return wire == f.wireType() || f.list && wire == protowire.BytesType && f.message == nil
}

// token reads the scalar in text[p:end], of a field that is no message. A list
// may have several in it: next is behind the first one. Of an enum it is the
// number.
func (f *protoField) token(text []byte, p, end int) (t token, next int, err error) {
	switch f.wireType() {
	case protowire.BytesType:
		t = token{kind: plugins.String, p: p, end: end}
		if f.kind == protoreflect.BytesKind {
			t.kind = plugins.Bytes
		}
		return t, end, nil
	case protowire.Fixed32Type:
		v, n := protowire.ConsumeFixed32(text[p:end])
		if n < 0 {
			return t, p, wireError(n)
		}
		switch f.kind {
		case protoreflect.FloatKind:
			return floatToken(float64(math.Float32frombits(v))), p + n, nil
		case protoreflect.Sfixed32Kind:
			return token{kind: plugins.Int, n: int64(int32(v))}, p + n, nil
		}
		return token{kind: plugins.Int, n: int64(v)}, p + n, nil
	case protowire.Fixed64Type:
		v, n := protowire.ConsumeFixed64(text[p:end])
		if n < 0 {
			return t, p, wireError(n)
		}
		switch f.kind {
		case protoreflect.DoubleKind:
			return floatToken(math.Float64frombits(v)), p + n, nil
		case protoreflect.Sfixed64Kind:
			return token{kind: plugins.Int, n: int64(v)}, p + n, nil
		}
		return unsignedToken(v), p + n, nil
	}
	v, n := protowire.ConsumeVarint(text[p:end])
	if n < 0 {
		return t, p, wireError(n)
	}
	return f.varint(v), p + n, nil
}

// varint is what a number of seven bits a byte stands for.
func (f *protoField) varint(v uint64) token {
	switch f.kind {
	case protoreflect.BoolKind:
		if v != 0 {
			v = 1
		}
		return token{kind: plugins.Bool, n: int64(v)}
	case protoreflect.Int32Kind, protoreflect.EnumKind:
		return token{kind: plugins.Int, n: int64(int32(v))}
	case protoreflect.Uint32Kind:
		return token{kind: plugins.Int, n: int64(uint32(v))}
	case protoreflect.Sint32Kind:
		return token{kind: plugins.Int, n: protowire.DecodeZigZag(v & math.MaxUint32)}
	case protoreflect.Sint64Kind:
		return token{kind: plugins.Int, n: protowire.DecodeZigZag(v)}
	case protoreflect.Uint64Kind:
		return unsignedToken(v)
	}
	return token{kind: plugins.Int, n: int64(v)}
}

// appendSymbol appends the name of an enum's number: one that is not known is
// the number itself.
func (f *protoField) appendSymbol(dst []byte, n int64) []byte {
	if name, ok := f.symbols[int32(n)]; ok {
		return append(dst, name...)
	}
	return strconv.AppendInt(dst, n, 10)
}

// secondsOf reads seconds and nanoseconds out of the pieces of a Timestamp or
// Duration.
func (m *protoMessage) secondsOf(text []byte, pieces []protoEntry) (t token, err error) {
	var seconds, nanos int64
	for _, piece := range pieces {
		for p := piece.p; p < piece.end; {
			n, e, next, err := nextProtoField(text[:piece.end], p)
			if err != nil {
				return t, err
			}
			p = next
			f := m.field(n)
			if f == nil || !f.takes(e.wire) {
				continue
			}
			v, _, err := f.token(text, e.p, e.end)
			if err != nil {
				return t, err
			}
			if n == 1 {
				seconds = v.n
			} else {
				nanos = v.n
			}
		}
	}
	t = timeToken(float64(seconds), seconds, nanos)
	if m.known == protoDuration {
		t.kind = plugins.Duration
	}
	return t, nil
}
