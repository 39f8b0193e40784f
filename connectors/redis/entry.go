package redis

import (
	"encoding/json"
	"strings"

	"github.com/onstream/onstream/connectors"
)

// The fields of an entry that is a record: its payload, its key, and its headers in order.
const (
	keyField     = "key"
	headerPrefix = "header:"
)

// entry is one of a stream, as it was read.
type entry struct {
	id     id
	fields reply // a list of names and values
	gone   bool  // it was deleted
}

// entries reads the entries of one stream from the answer of XREADGROUP or XREAD.
func entries(raw []byte, to []entry) ([]entry, error) {
	r := reply{raw}
	streams, err := r.array()
	if err != nil || streams <= 0 {
		return to, err
	}
	if n, err := r.array(); err != nil || n != 2 {
		return to, or(err, errReply)
	}
	if err := r.skip(); err != nil { // its name
		return to, err
	}
	return r.entries(to)
}

// entries reads a list of entries.
func (r *reply) entries(to []entry) ([]entry, error) {
	n, err := r.array()
	if err != nil {
		return to, err
	}
	for range max(n, 0) {
		if parts, err := r.array(); err != nil || parts != 2 {
			return to, or(err, errReply)
		}
		text, err := r.text()
		if err != nil {
			return to, err
		}
		e := entry{}
		if e.id, err = parseID(text); err != nil {
			return to, err
		}
		e.fields = *r
		if err := r.skip(); err != nil {
			return to, err
		}
		e.fields.rest = e.fields.rest[:len(e.fields.rest)-len(r.rest)]
		e.gone = e.fields.rest[1] == '-'
		to = append(to, e)
	}
	return to, nil
}

func or(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// record makes a record of an entry. One without the field of the payload is what somebody else has
// written: its payload is an object of its fields.
func (e entry) record(valueField string, headers []connectors.RecordHeader) (connectors.Record, []connectors.RecordHeader, error) {
	r := connectors.Record{Offset: e.id.offset(), Time: e.id.time()}
	f := e.fields
	n, err := f.array()
	if err != nil {
		return r, headers, err
	}
	found := false
	for range n / 2 {
		name, err := f.text()
		if err != nil {
			return r, headers, err
		}
		value, err := f.text()
		if err != nil {
			return r, headers, err
		}
		switch {
		case string(name) == valueField:
			r.Value, found = value, true
		case string(name) == keyField:
			r.Key = value
		case len(name) > len(headerPrefix) && string(name[:len(headerPrefix)]) == headerPrefix:
			headers = append(headers, connectors.RecordHeader{Name: string(name[len(headerPrefix):]), Value: value})
		}
	}
	r.Headers = headers
	if !found {
		r.Value, err = e.object()
		r.Key, r.Headers = nil, nil
	}
	return r, headers, err
}

// object writes the fields of an entry as a JSON object.
func (e entry) object() ([]byte, error) {
	f := e.fields
	n, err := f.array()
	if err != nil {
		return nil, err
	}
	var text strings.Builder
	text.WriteByte('{')
	for i := range n {
		part, err := f.text()
		if err != nil {
			return nil, err
		}
		quoted, err := json.Marshal(string(part))
		if err != nil {
			return nil, err
		}
		switch {
		case i%2 == 1:
			text.WriteByte(':')
		case i > 0:
			text.WriteByte(',')
		}
		text.Write(quoted)
	}
	text.WriteByte('}')
	return []byte(text.String()), nil
}
