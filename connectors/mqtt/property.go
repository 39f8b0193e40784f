package mqtt

import (
	"unicode/utf8"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// Properties of publications, of MQTT 5, that are headers of records, and that
// of acknowledgements that says why.
const (
	propertyContentType = 0x03
	propertyResponse    = 0x08
	propertyCorrelation = 0x09
	propertyReason      = 0x1f
	propertyUser        = 0x26
)

// headerKey is the user property that is the key of a record, which MQTT does not have.
const headerKey = "Onstream-Key"

// The names of headers that are no user properties.
const (
	headerContentType = "content-type"
	headerResponse    = "mqtt-response-topic"
	headerCorrelation = "mqtt-correlation-data"
	headerRetain      = "mqtt-retain"
)

// eachProperty calls f with each property. Numbers have nil for their value; only
// user properties have a second.
func eachProperty(b []byte, f func(id byte, value, second []byte)) error {
	for len(b) > 0 {
		id := b[0]
		b = b[1:]
		var value, second []byte
		var ok bool
		switch id {
		case 0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2a: // a byte
			b, ok = skip(b, 1)
		case 0x13, 0x21, 0x22, 0x23: // two
			b, ok = skip(b, 2)
		case 0x02, 0x11, 0x18, 0x27: // four
			b, ok = skip(b, 4)
		case 0x0b:
			_, size := uvarint(b)
			ok = size > 0
			b = b[size:]
		case propertyUser:
			if value, b, ok = cutText(b); ok {
				second, b, ok = cutText(b)
			}
		case propertyContentType, propertyResponse, propertyCorrelation, 0x12, 0x15, 0x16, 0x1a, 0x1c, propertyReason:
			value, b, ok = cutText(b)
		}
		if !ok {
			return errMalformed
		}
		f(id, value, second)
	}
	return nil
}

func skip(b []byte, n int) ([]byte, bool) {
	if len(b) < n {
		return nil, false
	}
	return b[n:], true
}

// appendHeaders appends what a publication says beside its payload as headers, and
// returns the key of the record.
func appendHeaders(headers []connectors.RecordHeader, m publication) (all []connectors.RecordHeader, key []byte, err error) {
	if m.retain {
		headers = append(headers, connectors.RecordHeader{Name: headerRetain, Value: []byte("true")})
	}
	if len(m.properties) == 0 {
		return headers, nil, nil
	}
	err = eachProperty(m.properties, func(id byte, value, second []byte) {
		switch id {
		case propertyContentType:
			headers = append(headers, connectors.RecordHeader{Name: headerContentType, Value: value})
		case propertyResponse:
			headers = append(headers, connectors.RecordHeader{Name: headerResponse, Value: value})
		case propertyCorrelation:
			headers = append(headers, connectors.RecordHeader{Name: headerCorrelation, Value: value})
		case propertyUser:
			if string(value) == headerKey {
				key = second
				return
			}
			headers = append(headers, connectors.RecordHeader{Name: string(value), Value: second})
		}
	})
	return headers, key, err
}

// appendProperties appends the headers of a row as properties. Where one of them
// cannot be one, it returns why.
func appendProperties(to []byte, b *plugins.Batch, row uint32) (properties []byte, refused string) {
	if key := b.Key(row); len(key) > 0 {
		if len(key) > maxText || !isText(key) {
			return nil, "the key is no text of up to 65,535 bytes, and MQTT carries only such: make it one"
		}
		to = appendText(appendText(append(to, propertyUser), []byte(headerKey)), key)
	}
	var once [3]bool // a property may be there once; what repeats is a user property
	for _, h := range b.HeadersOf(row) {
		name, value := h.Name.Of(b.Data), h.Value.Of(b.Data)
		if len(name) > maxText || len(value) > maxText {
			return nil, "a header is larger than 65,535 bytes, the most that MQTT can carry: drop it"
		}
		switch string(name) {
		case headerRetain, headerKey:
			continue // they say how the record came, not how it is to go
		case headerCorrelation:
			if !once[0] {
				once[0] = true
				to = appendText(append(to, propertyCorrelation), value)
				continue
			}
		case headerContentType:
			if !once[1] && utf8.Valid(value) {
				once[1] = true
				to = appendText(append(to, propertyContentType), value)
				continue
			}
		case headerResponse:
			if !once[2] && checkName(value) == nil {
				once[2] = true
				to = appendText(append(to, propertyResponse), value)
				continue
			}
		}
		if !isText(name) || !isText(value) {
			return nil, "the header " + string(name) + " is no text, and MQTT has only such: drop it, or encode it"
		}
		to = appendText(appendText(append(to, propertyUser), name), value)
	}
	return to, ""
}

// isText reports whether MQTT takes bytes for a text.
func isText(b []byte) bool {
	for _, c := range b {
		if c == 0 {
			return false
		}
	}
	return utf8.Valid(b)
}
