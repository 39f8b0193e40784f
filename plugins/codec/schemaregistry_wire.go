package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The ways in which a record of a format with schemas stands in a message.
const (
	wireNone      = "none"      // nothing but the record
	wireConfluent = "confluent" // behind the id of its schema
	wireDelimited = "delimited" // behind its length
)

// idBytes is how many bytes stand in front of a record with an id: a zero and
// the id in four bytes, the first one first.
const idBytes = 5

// idOf returns the id that stands in front of a record.
func idOf(record []byte) (id uint32, ok bool) {
	if len(record) < idBytes || record[0] != 0 {
		return 0, false
	}
	return binary.BigEndian.Uint32(record[1:]), true
}

// appendID appends what stands in front of a record with an id.
func appendID(dst []byte, id uint32) []byte {
	return binary.BigEndian.AppendUint32(append(dst, 0), id)
}

var errNoID = &rowError{`record does not begin with the id of its schema (a zero byte and four more): set wire = "none" and schema_file to read records without one`}

// hintAtID adds to an error what may be behind it: the record has an id.
func hintAtID(err error, record []byte) error {
	id, ok := idOf(record)
	if !ok {
		return err
	}
	return &rowError{fmt.Sprintf(`%s; it begins as records of a schema registry do, with the id %d: then set registry = "URL" and wire = "confluent"`, rowMessage(err), id)}
}

// lookups finds the schemas of records by their ids, for one decoder.
type lookups[T any] struct {
	from  *registry[T]
	o     registryOptions
	known map[uint32]T
	// failed are the ids that cannot be had in this batch, and away says that
	// the registry did not answer: then nothing waits for it again.
	failed map[uint32]error
	away   error
}

// begin begins a batch: what failed is asked for again.
func (l *lookups[T]) begin() {
	clear(l.failed)
	l.away = nil
}

// schema returns the schema of an id, and fetches it where it is not known.
func (l *lookups[T]) schema(id uint32) (T, error) {
	if s, ok := l.known[id]; ok {
		return s, nil
	}
	var none T
	if err := l.failed[id]; err != nil {
		return none, err
	}
	if l.away != nil {
		return none, l.away
	}
	s, err := l.from.schema(id, l.o.wait)
	if err != nil {
		if l.failed == nil {
			l.failed = map[uint32]error{}
		}
		l.failed[id] = err
		if e, ok := errors.AsType[*codedError](err); ok && e.code == codeSchemaUnavailable {
			l.away = err
		}
		return none, err
	}
	if l.known == nil || len(l.known) >= maxSchemas {
		l.known = map[uint32]T{}
	}
	l.known[id] = s
	return s, nil
}
