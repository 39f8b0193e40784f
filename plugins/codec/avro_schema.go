package codec

import "fmt"

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

// avroType is a type of a schema. It is made once and then walked for each record.
type avroType struct {
	kind     avroKind
	logical  avroLogical
	name     string // of a record, enum or fixed; else what the schema calls the type
	size     int    // of a fixed
	scale    int    // of a decimal
	digits   int    // of a decimal at most
	symbols  []string
	ranks    map[string]int // the indexes of the symbols
	other    string         // of an enum: the symbol for those that it lacks, "" for none
	elem     *avroType
	fields   []avroField
	extras   []avroExtra
	branches []*avroType
	empty    bool // a value may take no bytes
	open     bool // of a record: its fields are being read
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

// parseAvro reads a schema and what it refers to.
func parseAvro(s *registrySchema) (*avroType, error) {
	if s.SchemaType != "" && s.SchemaType != "AVRO" {
		return nil, fmt.Errorf("it is of type %s, not AVRO", s.SchemaType)
	}
	p := newAvroParser()
	for _, r := range s.References {
		if _, err := p.text(r.text); err != nil {
			return nil, avroIn(err, cutMiddle(r.Name, maxAvroError)+", which it refers to: ", "")
		}
	}
	t, err := p.text(s.Schema)
	if err != nil {
		return nil, avroIn(err, "", "")
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

// unnamed reports whether the type is one that each place has of its own.
func (t *avroType) unnamed() bool {
	return t.kind != avroRecord && t.kind != avroEnum && t.kind != avroFixed
}
