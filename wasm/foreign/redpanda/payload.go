package redpanda

import (
	"encoding/binary"
	"math"

	"github.com/onstream/onstream/wasm/abi"
)

// payload is a record as it is encoded: what a transform reads and writes.
type payload struct {
	key, value []byte // nil for none
	headers    []abi.Pair
}

// maxPayload is how long the encoding of something with so many bytes and headers is at most.
func maxPayload(bytes, headers int) int { return bytes + (3+2*headers)*binary.MaxVarintLen64 }

func appendSized(dst, text []byte) []byte {
	return append(binary.AppendVarint(dst, int64(len(text))), text...)
}

// appendTo encodes the record.
func (p *payload) appendTo(dst []byte) []byte {
	if p.key == nil {
		dst = binary.AppendVarint(dst, -1)
	} else {
		dst = appendSized(dst, p.key)
	}
	dst = binary.AppendVarint(appendSized(dst, p.value), int64(len(p.headers)))
	for _, h := range p.headers {
		dst = appendSized(appendSized(dst, h.Name), h.Value)
	}
	return dst
}

// decode reads a record, which points into src. It reports whether that is one, from the first byte to the last.
func (p *payload) decode(src []byte) bool {
	r := reader{src: src}
	p.key, p.value, p.headers = r.sized(), r.sized(), p.headers[:0]
	count := r.varint()
	if count < 0 || count > math.MaxUint16 || count > int64(len(r.src)/2) {
		return false
	}
	for range count {
		p.headers = append(p.headers, abi.Pair{Name: r.sized(), Value: r.sized()})
	}
	return !r.broken && len(r.src) == 0
}

// reader reads varints and what is as long as they say. After what cannot be read all is zero.
type reader struct {
	src    []byte
	broken bool
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.src)
	if n <= 0 {
		r.src, r.broken = nil, true
		return 0
	}
	r.src = r.src[n:]
	return v
}

// sized returns bytes, nil where their length is -1.
func (r *reader) sized() []byte {
	n := r.varint()
	switch {
	case n == -1 || r.broken:
		return nil
	case n < -1 || n > int64(len(r.src)):
		r.src, r.broken = nil, true
		return nil
	}
	text := r.src[:n:n]
	r.src = r.src[n:]
	return text
}

// topicOption says that the name of a topic follows.
const topicOption = 1

// topicOf reads the options of a write: the topic of it, "" for the first.
func topicOf(options []byte) (topic string, ok bool) {
	for r := (reader{src: options}); ; {
		switch {
		case r.broken:
			return "", false
		case len(r.src) == 0:
			return topic, true
		case r.src[0] != topicOption:
			return "", false
		}
		r.src = r.src[1:]
		topic = string(r.sized())
	}
}
