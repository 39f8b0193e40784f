package connectors

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/onstream/onstream/plugins"
)

// The metadata of a Watermill message are the headers of a record, but for these.
// As metadata are a map, of headers with the same name the last one counts, and headers
// that are made of metadata come in the order of their names.
const (
	// MetadataKey is the key of the record, in both directions.
	MetadataKey = reserved + "key"
	// MetadataTopic, MetadataPartition, MetadataOffset and MetadataTime (RFC 3339) tell
	// where a record came from, as far as the bus knows. They are not written.
	MetadataTopic     = reserved + "topic"
	MetadataPartition = reserved + "partition"
	MetadataOffset    = reserved + "offset"
	MetadataTime      = reserved + "time"
	// HeaderUUID is the header that carries the UUID of a message: the one that
	// Watermill's own connectors to buses with headers use.
	HeaderUUID = "_watermill_message_uuid"

	reserved = "onstream_"
)

// messageOf makes a message of row i of a batch; the bytes are copied. A record that was not
// written as a message gets a UUID that is the same whenever it comes.
func messageOf(b *plugins.Batch, i uint32) *message.Message {
	metadata := message.Metadata{}
	uuid := ""
	for _, h := range b.HeadersOf(i) {
		name := string(h.Name.Of(b.Data))
		if name == HeaderUUID {
			uuid = string(h.Value.Of(b.Data))
			continue
		}
		metadata[name] = string(h.Value.Of(b.Data))
	}
	if key := b.Key(i); len(key) > 0 {
		metadata[MetadataKey] = string(key)
	}
	metadata[MetadataTopic] = b.Part.Name
	if topic := b.Topic(i); len(topic) > 0 {
		metadata[MetadataTopic] = string(topic)
	}
	if b.Times != nil {
		metadata[MetadataTime] = time.Unix(0, b.Times[i]).UTC().Format(time.RFC3339Nano)
	}
	metadata[MetadataPartition] = strconv.Itoa(int(b.Part.ID))
	if b.Offsets != nil {
		metadata[MetadataOffset] = strconv.FormatInt(b.Offsets[i], 10)
		if uuid == "" {
			uuid = fmt.Sprintf("%s/%d/%d", metadata[MetadataTopic], b.Part.ID, b.Offsets[i])
		}
	}
	if uuid == "" {
		uuid = watermill.NewUUID()
	}
	m := message.NewMessage(uuid, append([]byte{}, b.Value(i)...))
	m.Metadata = metadata
	return m
}

// recordOf makes a record of a message.
func recordOf(m *message.Message) Record {
	r := Record{Value: m.Payload}
	for _, name := range slices.Sorted(maps.Keys(m.Metadata)) {
		value := m.Metadata[name]
		switch {
		case name == MetadataKey:
			r.Key = []byte(value)
		case !strings.HasPrefix(name, reserved):
			r.Headers = append(r.Headers, RecordHeader{Name: name, Value: []byte(value)})
		}
	}
	if m.UUID != "" {
		r.Headers = append(r.Headers, RecordHeader{Name: HeaderUUID, Value: []byte(m.UUID)})
	}
	return r
}
