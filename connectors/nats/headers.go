package nats

import (
	"encoding/base64"
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	natsgo "github.com/nats-io/nats.go"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// The headers of NATS are text, and their order across names is not kept by its
// clients. What they cannot carry goes, whole, into a header of ours beside those
// that others can read.
const (
	keyHeader    = "Onstream-Key"
	key64Header  = "Onstream-Key-Base64"
	msgIDHeader  = "Nats-Msg-Id"
	exactHeader  = "Onstream-Headers" // all headers of the record, in order, in base64
	serverPrefix = "Nats-"            // of headers that tell the server what to do
)

// headersOf returns the headers of a message for a row; nil for none.
func headersOf(b *plugins.Batch, row uint32) natsgo.Header {
	key, headers := b.Key(row), b.HeadersOf(row)
	if len(key) == 0 && len(headers) == 0 {
		return nil
	}
	made := natsgo.Header{}
	if plain(key) {
		if len(key) > 0 {
			made[keyHeader] = []string{string(key)}
		}
	} else {
		made[key64Header] = []string{base64.RawStdEncoding.EncodeToString(key)}
	}
	exact := true
	last := ""
	for _, h := range headers {
		name, value := string(h.Name.Of(b.Data)), h.Value.Of(b.Data)
		if reserved(name) {
			continue // what came from a server must not tell another one what to do
		}
		if !validName(name) || !plain(value) || name < last {
			exact = false
		}
		last = name
		if validName(name) && plain(value) {
			made[name] = append(made[name], string(value))
		}
	}
	if !exact {
		made[exactHeader] = []string{encodeHeaders(b, headers)}
	}
	return made
}

// keyText returns the key of a message as text; none where it has no key.
func keyText(h natsgo.Header) []string {
	if v, ok := h[key64Header]; ok {
		return v
	}
	return h[keyHeader]
}

// reserved reports whether a header is between us and the server.
func reserved(name string) bool {
	return len(name) >= len(serverPrefix) && strings.EqualFold(name[:len(serverPrefix)], serverPrefix) ||
		name == keyHeader || name == key64Header || name == exactHeader || name == "Status" || name == "Description"
}

// validName reports whether a name can be that of a header.
func validName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == ':' || r > '~' })
}

// plain reports whether a value comes through as it is: printable text without
// space at its ends.
func plain(value []byte) bool {
	for _, c := range value {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return len(value) == 0 || value[0] != ' ' && value[len(value)-1] != ' '
}

func encodeHeaders(b *plugins.Batch, headers []plugins.Header) string {
	var all []byte
	for _, h := range headers {
		name, value := h.Name.Of(b.Data), h.Value.Of(b.Data)
		if reserved(string(name)) {
			continue
		}
		all = binary.AppendUvarint(all, uint64(len(name)))
		all = append(all, name...)
		all = binary.AppendUvarint(all, uint64(len(value)))
		all = append(all, value...)
	}
	return base64.RawStdEncoding.EncodeToString(all)
}

// decodeHeaders reads what encodeHeaders wrote. It is not ok for anything else.
func decodeHeaders(text string) (headers []connectors.RecordHeader, ok bool) {
	all, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, false
	}
	take := func() (part []byte, ok bool) {
		n, rest, ok := uvarint(all)
		if !ok || n > uint64(len(rest)) {
			return nil, false
		}
		part, all = rest[:n], rest[n:]
		return part, true
	}
	for len(all) > 0 {
		name, ok := take()
		if !ok {
			return nil, false
		}
		value, ok := take()
		if !ok {
			return nil, false
		}
		headers = append(headers, connectors.RecordHeader{Name: string(name), Value: value})
	}
	return headers, true
}

// describe gives a record the key and the headers of a message. What is not in the
// form that headersOf writes is taken as headers like others.
func describe(r *connectors.Record, h natsgo.Header) {
	if v := h[keyHeader]; len(v) == 1 {
		r.Key = []byte(v[0])
	} else if v := h[key64Header]; len(v) == 1 {
		if key, err := base64.RawStdEncoding.DecodeString(v[0]); err == nil {
			r.Key = key
		}
	}
	if v := h[exactHeader]; len(v) == 1 {
		if headers, ok := decodeHeaders(v[0]); ok {
			r.Headers = headers
			return
		}
	}
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if name == keyHeader || name == key64Header || name == exactHeader {
			continue
		}
		for _, value := range h[name] {
			r.Headers = append(r.Headers, connectors.RecordHeader{Name: name, Value: []byte(value)})
		}
	}
}
