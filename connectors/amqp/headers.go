package amqp

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// A message has a table of headers: each name once, in no order. So a name that
// repeats has a list for its value, and where the order of a record's headers is not that
// of their names, a header of ours tells it.
const (
	keyHeader   = "Onstream-Key"
	orderHeader = "Onstream-Headers" // the names, in order

	redeliveredHeader = "amqp-redelivered" // of records that are read
)

// The properties of messages that are headers of records.
const (
	contentTypeHeader     = "content-type"
	contentEncodingHeader = "content-encoding"
	correlationHeader     = "amqp-correlation-id"
	replyHeader           = "amqp-reply-to"
	messageHeader         = "amqp-message-id"
	typeHeader            = "amqp-type"
)

// property returns the field of a message that a header stands for, nil for none.
func property(m *amqp091.Publishing, name string) *string {
	switch name {
	case contentTypeHeader:
		return &m.ContentType
	case contentEncodingHeader:
		return &m.ContentEncoding
	case correlationHeader:
		return &m.CorrelationId
	case replyHeader:
		return &m.ReplyTo
	case messageHeader:
		return &m.MessageId
	case typeHeader:
		return &m.Type
	}
	return nil
}

// ours reports whether a header means something to us, or to the server: it is not passed
// on as it is.
func ours(name string) bool {
	switch name {
	case keyHeader, orderHeader, redeliveredHeader, "CC", "BCC": // the last two make the server send it elsewhere
		return true
	}
	return false
}

// describe gives a message the key and the headers of a row. Where one of them cannot be
// one, it returns why.
func describe(m *amqp091.Publishing, b *plugins.Batch, row uint32) (refused string) {
	key, headers := b.Key(row), b.HeadersOf(row)
	if len(key) == 0 && len(headers) == 0 {
		return ""
	}
	m.Headers = make(amqp091.Table, len(headers)+2)
	if len(key) > 0 {
		m.Headers[keyHeader] = string(key)
	}
	var names []string
	for _, h := range headers {
		name, value := string(h.Name.Of(b.Data)), string(h.Value.Of(b.Data))
		if ours(name) {
			continue
		}
		if p := property(m, name); p != nil && *p == "" && value != "" && len(value) <= maxShort {
			*p = value
			continue
		}
		if len(name) > maxShort {
			return fmt.Sprintf("the name of a header has %d bytes, and AMQP takes %d at most: drop it", len(name), maxShort)
		}
		names = append(names, name)
		switch before := m.Headers[name].(type) {
		case nil:
			m.Headers[name] = value
		case string:
			m.Headers[name] = []any{before, value}
		case []any:
			m.Headers[name] = append(before, value)
		}
	}
	if !slices.IsSorted(names) {
		order := make([]any, len(names))
		for i, name := range names {
			order[i] = name
		}
		m.Headers[orderHeader] = order
	}
	return ""
}

// appendHeaders returns the key of a message, and appends its headers.
func appendHeaders(to []connectors.RecordHeader, d *amqp091.Delivery) (key []byte, headers []connectors.RecordHeader) {
	add := func(name string, value []byte) {
		to = append(to, connectors.RecordHeader{Name: name, Value: value})
	}
	if d.Redelivered {
		add(redeliveredHeader, []byte("true"))
	}
	for _, p := range [...]struct{ name, value string }{
		{contentTypeHeader, d.ContentType}, {contentEncodingHeader, d.ContentEncoding}, {correlationHeader, d.CorrelationId},
		{replyHeader, d.ReplyTo}, {messageHeader, d.MessageId}, {typeHeader, d.Type},
	} {
		if p.value != "" {
			add(p.name, []byte(p.value))
		}
	}
	if len(d.Headers) == 0 {
		return nil, to
	}
	if k, ok := d.Headers[keyHeader]; ok {
		key = textOf(k)
	}
	order, ok := orderOf(d.Headers)
	if !ok {
		order = nil
		for _, name := range slices.Sorted(maps.Keys(d.Headers)) {
			if !ours(name) {
				for range valuesOf(d.Headers[name]) {
					order = append(order, name)
				}
			}
		}
	}
	var taken map[string]int // how many values of a name that repeats
	for _, name := range order {
		values := valuesOf(d.Headers[name])
		i := 0
		if len(values) > 1 {
			if taken == nil {
				taken = map[string]int{}
			}
			i = taken[name]
			taken[name]++
		}
		add(name, textOf(values[i]))
	}
	return key, to
}

// orderOf returns the names of the headers in order, as describe has written it. It is not ok where
// that does not fit what is there.
func orderOf(t amqp091.Table) (names []string, ok bool) {
	list, ok := t[orderHeader].([]any)
	if !ok {
		return nil, false
	}
	left := map[string]int{}
	total := 0
	for name, v := range t {
		if !ours(name) {
			left[name] = len(valuesOf(v))
			total += left[name]
		}
	}
	for _, x := range list {
		name, text := x.(string)
		if !text || left[name] == 0 {
			return nil, false
		}
		left[name]--
		names = append(names, name)
	}
	return names, len(names) == total
}

// valuesOf returns the values of a header: those of a list of texts, or the one that it has.
func valuesOf(v any) []any {
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return []any{v}
	}
	for _, x := range list {
		if _, text := x.(string); !text {
			return []any{v}
		}
	}
	return list
}

// textOf writes a value of a header as text; tables and lists of others become JSON.
func textOf(v any) []byte {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		return []byte(v)
	case []byte:
		return v
	case time.Time:
		return v.UTC().AppendFormat(nil, time.RFC3339Nano)
	case bool:
		return strconv.AppendBool(nil, v)
	case amqp091.Table, []any:
		if text, err := json.Marshal(v); err == nil {
			return text
		}
	}
	return fmt.Append(nil, v)
}
