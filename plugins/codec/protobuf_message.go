package codec

import (
	"math"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// protoKnown is a message that stands for something else than its fields.
type protoKnown uint8

const (
	protoPlain protoKnown = iota
	protoTimestamp
	protoDuration
	protoWrapper // of a scalar, its only field
	protoStruct
	protoValue
	protoListValue
)

// protoMessage is a message of a schema. The descriptors of the library answer
// through interfaces; these are made once and then walked for each record.
type protoMessage struct {
	name   string
	known  protoKnown
	fields []*protoField // as declared
	low    []*protoField // by number, as far as these are small
	high   map[protowire.Number]*protoField
	oneofs int
}

// protoField is a field of a message.
type protoField struct {
	index   int // in fields
	number  protowire.Number
	name    string
	key     []byte // "name": as JSON
	kind    protoreflect.Kind
	message *protoMessage // of a message or group, and of the entries of a map
	symbols map[int32]string
	list    bool
	isMap   bool
	packed  bool // as it is written
	oneof   int  // -1 for none
	// presence says that an absent field differs from one with the default;
	// fallback, that it is nevertheless taken for that.
	presence, fallback, required bool
	preset                       token  // the default of a scalar
	presetText                   []byte // of a string, of bytes or of an enum
}

// smallNumbers is how many numbers of fields are looked up by index.
const smallNumbers = 128

// protoCompiler turns descriptors into messages.
type protoCompiler map[protoreflect.FullName]*protoMessage

func (c protoCompiler) message(d protoreflect.MessageDescriptor) *protoMessage {
	if m := c[d.FullName()]; m != nil {
		return m
	}
	m := &protoMessage{name: string(d.FullName()), known: knownMessage(d.FullName()), high: map[protowire.Number]*protoField{}, oneofs: d.Oneofs().Len()}
	c[d.FullName()] = m // before its fields, which may be of the message itself
	for i := range d.Fields().Len() {
		f := c.field(d.Fields().Get(i))
		f.index = i
		m.fields = append(m.fields, f)
		if f.number >= smallNumbers {
			m.high[f.number] = f
			continue
		}
		for len(m.low) <= int(f.number) {
			m.low = append(m.low, nil)
		}
		m.low[f.number] = f
	}
	return m
}

// field returns the field of a number, nil for one that is not known.
func (m *protoMessage) field(n protowire.Number) *protoField {
	if int(n) < len(m.low) {
		return m.low[n]
	}
	return m.high[n]
}

func (c protoCompiler) field(d protoreflect.FieldDescriptor) *protoField {
	f := &protoField{
		number: d.Number(), name: string(d.Name()), key: memberKey(string(d.Name())), kind: d.Kind(),
		list: d.IsList(), isMap: d.IsMap(), packed: d.IsPacked(), oneof: -1,
		presence: d.HasPresence(), fallback: !d.HasPresence() || d.HasDefault(), required: d.Cardinality() == protoreflect.Required,
	}
	if o := d.ContainingOneof(); o != nil {
		f.oneof = o.Index()
	}
	if m := d.Message(); m != nil {
		f.message = c.message(m)
		return f
	}
	if e := d.Enum(); e != nil {
		f.symbols = map[int32]string{}
		for i := range e.Values().Len() {
			v := e.Values().Get(i)
			if _, alias := f.symbols[int32(v.Number())]; !alias {
				f.symbols[int32(v.Number())] = string(v.Name())
			}
		}
	}
	if !f.list {
		f.setPreset(d.Default())
	}
	return f
}

// setPreset keeps the default of a scalar.
func (f *protoField) setPreset(v protoreflect.Value) {
	switch x := v.Interface().(type) {
	case bool:
		f.preset.kind = plugins.Bool
		if x {
			f.preset.n = 1
		}
	case protoreflect.EnumNumber:
		f.preset.kind, f.presetText = plugins.String, f.appendSymbol(nil, int64(x))
	case int32, int64:
		f.preset = token{kind: plugins.Int, n: v.Int()}
	case uint32, uint64:
		f.preset = unsignedToken(v.Uint())
	case float32, float64:
		f.preset = floatToken(v.Float())
	case string:
		f.preset.kind, f.presetText = plugins.String, []byte(x)
	case []byte:
		f.preset.kind, f.presetText = plugins.Bytes, x
	}
}

// unsignedToken is a whole number that may be too large.
func unsignedToken(u uint64) token {
	if u > math.MaxInt64 {
		return token{kind: plugins.Int, f: float64(u), err: jsontext.ErrRange}
	}
	return token{kind: plugins.Int, n: int64(u)}
}

// nested reports whether the values of the field are held as JSON text.
func (f *protoField) nested() bool {
	return f.list || f.isMap || f.message != nil && f.message.nested()
}

func (m *protoMessage) nested() bool {
	return m.known == protoPlain || m.known >= protoStruct
}

func knownMessage(name protoreflect.FullName) protoKnown {
	if name.Parent() != "google.protobuf" {
		return protoPlain
	}
	switch name.Name() {
	case "Timestamp":
		return protoTimestamp
	case "Duration":
		return protoDuration
	case "DoubleValue", "FloatValue", "Int64Value", "UInt64Value", "Int32Value", "UInt32Value", "BoolValue", "StringValue", "BytesValue":
		return protoWrapper
	case "Struct":
		return protoStruct
	case "Value":
		return protoValue
	case "ListValue":
		return protoListValue
	}
	return protoPlain
}
