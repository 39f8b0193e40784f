package codec

import (
	"fmt"

	"github.com/hamba/avro/v2"
)

// avroKind is how the values of an Avro type are written.
type avroKind uint8

const (
	avroNull avroKind = iota
	avroBool
	avroInt
	avroLong
	avroFloat
	avroDouble
	avroBytes
	avroString
	avroFixed
	avroEnum
	avroArray
	avroMap
	avroRecord
	avroUnion
)

// avroLogical is what the values stand for.
type avroLogical uint8

const (
	avroPlain avroLogical = iota
	avroDate
	avroTimeMillis
	avroTimeMicros
	avroMillis
	avroMicros
	avroNanos
	avroDecimal
	avroUUID
)

// avroType is a type of a schema. The library's own types answer through
// interfaces and look references up; these are made once and then walked for
// each record.
type avroType struct {
	kind     avroKind
	logical  avroLogical
	name     string // of a record, enum or fixed; else what the schema calls the type
	size     int    // of a fixed
	scale    int    // of a decimal
	digits   int    // of a decimal at most
	symbols  []string
	elem     *avroType
	fields   []avroField
	extras   []avroExtra
	branches []*avroType
	empty    bool // a value may take no bytes
}

// avroField is a field of a record.
type avroField struct {
	name     string
	key      []byte // "name": as JSON
	aliases  []string
	t        *avroType
	fallback []byte // the default as Avro, nil for none
	hidden   bool   // whoever reads does not have it
}

// avroExtra is a field that whoever reads has and who wrote has not.
type avroExtra struct {
	name string
	key  []byte
	t    *avroType
	data []byte // its value
}

// maxScale is how many places after the point a decimal may have.
const maxScale = 1000

// parseAvro reads a schema and what it refers to.
func parseAvro(s *registrySchema) (*avroType, error) {
	if s.SchemaType != "" && s.SchemaType != "AVRO" {
		return nil, fmt.Errorf("it is of type %s, not AVRO", s.SchemaType)
	}
	cache := new(avro.SchemaCache)
	for _, r := range s.References {
		if _, err := avro.ParseBytesWithCache([]byte(r.text), "", cache); err != nil {
			return nil, fmt.Errorf("%s, which it refers to: %w", r.Name, err)
		}
	}
	parsed, err := avro.ParseBytesWithCache([]byte(s.Schema), "", cache)
	if err != nil {
		return nil, err
	}
	t, err := (&avroCompiler{named: map[string]*avroType{}}).compile(parsed)
	if err != nil {
		return nil, err
	}
	if !t.isRecord() {
		return nil, fmt.Errorf("it is of type %s, and records are of type record", t.name)
	}
	return t, nil
}

// isRecord reports whether all values of the type are records.
func (t *avroType) isRecord() bool {
	if t.kind != avroUnion {
		return t.kind == avroRecord
	}
	for _, b := range t.branches {
		if b.kind != avroRecord {
			return false
		}
	}
	return len(t.branches) > 0
}

// avroCompiler turns the library's schema into types.
type avroCompiler struct{ named map[string]*avroType }

func (c *avroCompiler) compile(s avro.Schema) (t *avroType, err error) {
	switch s := s.(type) {
	case *avro.RefSchema:
		return c.compile(s.Schema())
	case *avro.NullSchema:
		return &avroType{kind: avroNull, name: "null", empty: true}, nil
	case *avro.PrimitiveSchema:
		return avroPrimitive(s)
	case *avro.FixedSchema:
		t = &avroType{kind: avroFixed, name: s.FullName(), size: s.Size(), empty: s.Size() == 0}
		if s.Size() < 0 || s.Size() > maxItem {
			return nil, fmt.Errorf("%s has a size of %d bytes", s.FullName(), s.Size())
		}
		t.logically(s.Logical(), s.Props())
		return t, nil
	case *avro.EnumSchema:
		return &avroType{kind: avroEnum, name: s.FullName(), symbols: s.Symbols()}, nil
	case *avro.ArraySchema:
		t = &avroType{kind: avroArray, name: "array"}
		t.elem, err = c.compile(s.Items())
		return t, err
	case *avro.MapSchema:
		t = &avroType{kind: avroMap, name: "map"}
		t.elem, err = c.compile(s.Values())
		return t, err
	case *avro.UnionSchema:
		t = &avroType{kind: avroUnion, name: "union"}
		for _, b := range s.Types() {
			branch, err := c.compile(b)
			if err != nil {
				return nil, err
			}
			t.branches = append(t.branches, branch)
		}
		return t, nil
	case *avro.RecordSchema:
		return c.record(s)
	}
	return nil, fmt.Errorf("it has a type that is not known here: %s", s.Type())
}

func (c *avroCompiler) record(s *avro.RecordSchema) (*avroType, error) {
	if t := c.named[s.FullName()]; t != nil {
		return t, nil
	}
	t := &avroType{kind: avroRecord, name: s.FullName()}
	c.named[t.name] = t // before its fields, which may be of the type itself
	empty := true
	for _, f := range s.Fields() {
		ft, err := c.compile(f.Type())
		if err != nil {
			return nil, err
		}
		x := avroField{name: f.Name(), key: memberKey(f.Name()), aliases: f.Aliases(), t: ft}
		if f.HasDefault() {
			if x.fallback, err = ft.appendDefault([]byte{}, f.Default()); err != nil {
				return nil, fmt.Errorf("the default of field %s of %s: %w", x.name, t.name, err)
			}
		}
		empty = empty && ft.empty
		t.fields = append(t.fields, x)
	}
	t.empty = empty
	return t, nil
}

func avroPrimitive(s *avro.PrimitiveSchema) (*avroType, error) {
	t := &avroType{name: string(s.Type())}
	switch s.Type() {
	case avro.Boolean:
		t.kind = avroBool
	case avro.Int:
		t.kind = avroInt
	case avro.Long:
		t.kind = avroLong
	case avro.Float:
		t.kind = avroFloat
	case avro.Double:
		t.kind = avroDouble
	case avro.Bytes:
		t.kind = avroBytes
	case avro.String:
		t.kind = avroString
	default:
		return nil, fmt.Errorf("it has a type that is not known here: %s", s.Type())
	}
	t.logically(s.Logical(), s.Props())
	return t, nil
}

// logically sets the logical type. One that does not go with the type, or is
// not known, is passed over, as the specification wants.
func (t *avroType) logically(l avro.LogicalSchema, props map[string]any) {
	if l == nil {
		switch name, _ := props["logicalType"].(string); {
		case t.kind == avroLong && (name == "timestamp-nanos" || name == "local-timestamp-nanos"):
			t.logical = avroNanos
		case t.kind == avroFixed && t.size == 16 && name == "uuid":
			t.logical = avroUUID
		}
		return
	}
	switch l.Type() {
	case avro.Date:
		t.logical = avroDate
	case avro.TimeMillis:
		t.logical = avroTimeMillis
	case avro.TimeMicros:
		t.logical = avroTimeMicros
	case avro.TimestampMillis, avro.LocalTimestampMillis:
		t.logical = avroMillis
	case avro.TimestampMicros, avro.LocalTimestampMicros:
		t.logical = avroMicros
	case avro.Decimal:
		d, ok := l.(*avro.DecimalLogicalSchema)
		if ok && d.Scale() >= 0 && d.Scale() <= maxScale {
			t.logical, t.scale, t.digits = avroDecimal, d.Scale(), d.Precision()
		}
	}
}

// unit is how many nanoseconds a number of a type is that stands for a time or
// a duration, 0 for other types.
func (t *avroType) unit() int64 {
	switch t.logical {
	case avroDate:
		return 86400e9
	case avroTimeMillis, avroMillis:
		return 1e6
	case avroTimeMicros, avroMicros:
		return 1e3
	case avroNanos:
		return 1
	}
	return 0
}
