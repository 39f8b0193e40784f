package codec

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

func avroAppendLong(dst []byte, n int64) []byte {
	return binary.AppendUvarint(dst, uint64(n<<1)^uint64(n>>63))
}

func avroAppendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, 1)
	}
	return append(dst, 0)
}

func avroAppendFloat32(dst []byte, f float32) []byte {
	return binary.LittleEndian.AppendUint32(dst, math.Float32bits(f))
}

func avroAppendFloat64(dst []byte, f float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(f))
}

func avroAppendText(dst, s []byte) []byte {
	return append(avroAppendLong(dst, int64(len(s))), s...)
}

// avroWriter writes values as Avro.
type avroWriter struct {
	buf  []byte // text before its length is known
	text []byte // strings of JSON, without escapes
}

var (
	errNoBranch = errors.New("is of none of the types that the union in the schema has")
	errSymbol   = errors.New("is none of the symbols of the enum")
	errSize     = errors.New("is not as many bytes as the schema says")
)

// append appends a value as the type says.
func (w *avroWriter) append(dst []byte, t *avroType, x datum) (_ []byte, err error) {
	switch {
	case t.kind == avroUnion:
		i := t.branchOf(x)
		if i < 0 && x.kind == plugins.Null {
			return dst, errNoNull
		}
		if i < 0 {
			return dst, errNoBranch
		}
		return w.append(avroAppendLong(dst, int64(i)), t.branches[i], x)
	case t.kind == avroRecord || t.kind == avroArray || t.kind == avroMap:
		return w.appendNested(dst, t, x)
	case t.logical == avroDecimal:
		return w.appendDecimal(dst, t, x)
	case t.unit() > 0:
		return t.appendUnits(dst, x)
	}
	switch t.kind {
	case avroNull:
		if x.kind != plugins.Null {
			return dst, x.mismatch(plugins.Null)
		}
		return dst, nil
	case avroBool:
		if x.kind != plugins.Bool {
			return dst, x.mismatch(plugins.Bool)
		}
		return append(dst, byte(x.n)), nil
	case avroInt, avroLong:
		n, err := x.whole()
		if err == nil && t.kind == avroInt && int64(int32(n)) != n {
			err = jsontext.ErrRange
		}
		return avroAppendLong(dst, n), err
	case avroFloat:
		f, err := x.float()
		if err == nil && math.IsInf(float64(float32(f)), 0) {
			err = jsontext.ErrRange
		}
		return avroAppendFloat32(dst, float32(f)), err
	case avroDouble:
		f, err := x.float()
		return avroAppendFloat64(dst, f), err
	}
	if t.kind == avroBytes || t.kind == avroFixed && t.logical != avroUUID {
		w.buf, err = x.appendBytes(w.buf[:0])
	} else {
		w.buf, err = x.appendText(w.buf[:0])
	}
	switch {
	case err != nil:
		return dst, err
	case t.kind == avroEnum:
		return t.appendSymbol(dst, w.buf)
	case t.logical == avroUUID && t.kind == avroFixed:
		return appendUUIDBytes(dst, w.buf)
	case t.kind == avroFixed && len(w.buf) != t.size:
		return dst, errSize
	case t.kind == avroFixed:
		return append(dst, w.buf...), nil
	}
	return avroAppendText(dst, w.buf), nil
}

func (t *avroType) appendSymbol(dst, text []byte) ([]byte, error) {
	i, ok := t.ranks[string(text)]
	if !ok {
		return dst, errSymbol
	}
	return avroAppendLong(dst, int64(i)), nil
}

// appendUnits appends a time or duration as a number.
func (t *avroType) appendUnits(dst []byte, x datum) ([]byte, error) {
	n, err := x.nanos(t.scalarKind())
	if err != nil {
		return dst, err
	}
	unit := t.unit()
	units := n / unit
	if n%unit < 0 {
		units--
	}
	if t.kind == avroInt && int64(int32(units)) != units {
		return dst, jsontext.ErrRange
	}
	return avroAppendLong(dst, units), nil
}

// appendNested appends a list, map or record.
func (w *avroWriter) appendNested(dst []byte, t *avroType, x datum) (_ []byte, err error) {
	if want := nestedKind(t.kind == avroArray); x.kind != want && (want == plugins.List || x.kind != plugins.Map) {
		return dst, x.mismatch(want)
	}
	if t.kind == avroRecord {
		for i := range t.fields {
			f := &t.fields[i]
			inner := datum{kind: plugins.Null}
			text, err := jsontext.Lookup(x.text, f.name)
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
	n, err := jsontext.Len(x.text)
	if err != nil {
		return dst, err
	}
	if n > 0 {
		dst = avroAppendLong(dst, int64(n))
	}
	it := jsontext.Elements(x.text)
	if t.kind == avroMap {
		it = jsontext.Members(x.text)
	}
	for it.Next() {
		if t.kind == avroMap {
			dst = avroAppendText(dst, it.Key())
		}
		inner, err := innerDatum(it.Value(), &w.text)
		if err == nil {
			dst, err = w.append(dst, t.elem, inner)
		}
		if err != nil {
			return dst, err
		}
	}
	return append(dst, 0), it.Err()
}

// appendField appends a field of a record; where there is no value, its default.
func (w *avroWriter) appendField(dst []byte, f *avroField, x datum) ([]byte, error) {
	if x.kind == plugins.Null && f.fallback != nil && !f.t.hasNull() {
		return append(dst, f.fallback...), nil
	}
	return w.append(dst, f.t, x)
}

// inField says in which field of a nested value something is wrong.
func inField(name string, err error) error {
	if inner, ok := errors.AsType[*fieldError](err); ok {
		return &fieldError{plugins.JoinPath(name) + "/" + inner.path, inner.err}
	}
	return &fieldError{plugins.JoinPath(name), err}
}

// hasNull reports whether null is a value of the type.
func (t *avroType) hasNull() bool {
	return t.kind == avroNull || slices.ContainsFunc(t.branches, func(b *avroType) bool { return b.kind == avroNull })
}

// branchOf returns the branch of a union that a value is written as: the one
// that fits best, of these the first; -1 for none.
func (t *avroType) branchOf(x datum) int {
	best, at := 0, -1
	for i, b := range t.branches {
		if n := b.suits(x); n > best {
			best, at = n, i
		}
	}
	return at
}

// suits tells how well a value fits the type: 3 exactly, 0 not at all.
func (t *avroType) suits(x datum) int {
	kind := t.scalarKind()
	switch {
	case t.kind == avroNull || x.kind == plugins.Null:
		if t.kind == avroNull && x.kind == plugins.Null {
			return 3
		}
		return 0
	case t.kind == avroArray:
		if x.kind == plugins.List {
			return 3
		}
		return 0
	case t.kind == avroMap || t.kind == avroRecord:
		return t.suitsObject(x)
	case t.kind == avroEnum:
		if _, ok := t.ranks[string(x.text)]; ok && x.kind == plugins.String {
			return 3
		}
		return 0
	case t.kind == avroFixed && kind == plugins.Bytes && len(x.text) != t.size && !x.inner,
		t.kind == avroInt && x.kind == plugins.Int && int64(int32(x.n)) != x.n:
		return 0
	case x.kind == kind && t.kind == avroFloat:
		return 2 // a double holds more
	case x.kind == kind:
		return 3
	case kind == plugins.Float && x.kind == plugins.Int:
		return 2
	case x.inner && x.kind == plugins.String && kind != plugins.Bool && kind != plugins.Int,
		kind == plugins.Bytes && x.kind == plugins.String,
		kind == plugins.String && (x.kind == plugins.Time || x.kind == plugins.Duration),
		kind == plugins.Int && x.kind == plugins.Time && jsontext.IsEpoch(x.layout):
		return 1
	}
	return 0
}

// suitsObject is suits for maps and records: a record is exact where it has
// all that the value has.
func (t *avroType) suitsObject(x datum) int {
	if x.kind != plugins.Record && x.kind != plugins.Map {
		return 0
	}
	if t.kind == avroMap {
		return 2
	}
	it := jsontext.Members(x.text)
	for it.Next() {
		if !slices.ContainsFunc(t.fields, func(f avroField) bool { return f.name == string(it.Key()) }) {
			return 1
		}
	}
	return 3
}
