package cli

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/onstream/onstream/plugins"
)

// appendRecord appends a record, with what is known about it, as a JSON object.
func appendRecord(dst []byte, b *plugins.Batch, row uint32) []byte {
	topic := b.Part.Name
	if b.OneTopic != "" {
		topic = b.OneTopic
	}
	if own := b.Topic(row); own != nil {
		topic = string(own)
	}
	dst = appendText(append(dst, '{'), "topic", []byte(topic))
	dst = append(dst, `,"partition":`...)
	dst = strconv.AppendInt(dst, int64(b.Part.ID), 10)
	if b.Offsets != nil {
		dst = append(dst, `,"offset":`...)
		dst = strconv.AppendInt(dst, b.Offsets[row], 10)
	}
	if b.Times != nil {
		dst = append(dst, `,"time":"`...)
		dst = time.Unix(0, b.Times[row]).UTC().AppendFormat(dst, time.RFC3339Nano)
		dst = append(dst, '"')
	}
	if key := b.Key(row); len(key) > 0 {
		dst = appendText(append(dst, ','), "key", key)
	}
	if headers := b.HeadersOf(row); len(headers) > 0 {
		dst = append(dst, `,"headers":[`...)
		for i, h := range headers {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendText(append(dst, '{'), "name", h.Name.Of(b.Data))
			dst = append(appendText(append(dst, ','), "value", h.Value.Of(b.Data)), '}')
		}
		dst = append(dst, ']')
	}
	value := b.Value(row)
	if utf8.Valid(value) && json.Valid(value) {
		var line bytes.Buffer
		_ = json.Compact(&line, value) // it is valid
		dst = append(append(dst, `,"value":`...), line.Bytes()...)
	} else {
		dst = appendText(append(dst, ','), "value", value)
	}
	return append(dst, '}')
}

// appendText appends a name and a text, or, where it is none, its bytes.
func appendText(dst []byte, name string, text []byte) []byte {
	var v any = string(text)
	if !utf8.Valid(text) {
		name, v = name+"_base64", base64.StdEncoding.EncodeToString(text)
	}
	encoded, _ := json.Marshal(v) // a string can always be encoded
	dst = strconv.AppendQuote(dst, name)
	return append(append(dst, ':'), encoded...)
}
