package mqtt

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The types of packets.
const (
	typeConnect    = 1
	typeConnack    = 2
	typePublish    = 3
	typePuback     = 4
	typePubrec     = 5
	typePubrel     = 6
	typePubcomp    = 7
	typeSubscribe  = 8
	typeSuback     = 9
	typePingreq    = 12
	typePingresp   = 13
	typeDisconnect = 14
)

// Publications and their acknowledgements are read and written here, because they
// are one for each record; all other packets by the drivers' codecs.

var errMalformed = errors.New("the broker sent a packet that is no MQTT")

// packet is what a broker sent. It is valid until the next is read.
type packet struct {
	kind, flags byte
	body        []byte
	size        int // of the whole body: more than what is in body where that is cut
}

// publication is a PUBLISH packet. Its slices point into the packet.
type publication struct {
	dup, retain    bool
	qos            byte
	id             uint16
	topic, payload []byte
	properties     []byte // as encoded
}

// parsePublish reads a PUBLISH packet. One that was cut has no payload.
func parsePublish(p packet, v5 bool) (publication, error) {
	m := publication{dup: p.flags&8 != 0, retain: p.flags&1 != 0, qos: p.flags >> 1 & 3}
	rest := p.body
	var ok bool
	if m.topic, rest, ok = cutText(rest); !ok || m.qos == 3 || len(m.topic) == 0 {
		return m, errMalformed
	}
	if m.qos > 0 {
		if len(rest) < 2 {
			return m, errMalformed
		}
		m.id, rest = binary.BigEndian.Uint16(rest), rest[2:]
		if m.id == 0 {
			return m, errMalformed
		}
	}
	if v5 {
		n, size := uvarint(rest)
		if size <= 0 || n > len(rest)-size {
			if p.size > len(p.body) {
				return m, nil // the properties alone are too large
			}
			return m, errMalformed
		}
		m.properties, rest = rest[size:size+n], rest[size+n:]
	}
	if p.size == len(p.body) {
		m.payload = rest
	}
	return m, nil
}

// acknowledgement is a PUBACK, PUBREC, PUBREL or PUBCOMP packet.
type acknowledgement struct {
	id     uint16
	reason byte   // 0 for success; always so before MQTT 5
	says   string // why, in the words of the broker; often ""
}

func parseAck(p packet, v5 bool) (acknowledgement, error) {
	if len(p.body) < 2 {
		return acknowledgement{}, errMalformed
	}
	a := acknowledgement{id: binary.BigEndian.Uint16(p.body)}
	if !v5 || len(p.body) < 3 {
		return a, nil
	}
	a.reason = p.body[2]
	if len(p.body) > 3 && a.reason >= 0x80 {
		n, size := uvarint(p.body[3:])
		if size <= 0 || n > len(p.body)-3-size {
			return a, errMalformed
		}
		err := eachProperty(p.body[3+size:3+size+n], func(id byte, value, _ []byte) {
			if id == propertyReason {
				a.says = string(value)
			}
		})
		if err != nil {
			return a, err
		}
	}
	return a, nil
}

// appendAck appends one of the packets that parseAck reads, for success.
func appendAck(b []byte, kind byte, id uint16) []byte {
	first := kind << 4
	if kind == typePubrel {
		first |= 2
	}
	return append(b, first, 2, byte(id>>8), byte(id))
}

func appendPing(b []byte) []byte { return append(b, typePingreq<<4, 0) }

// appendPublish appends a PUBLISH packet. Properties are those of MQTT 5, nil before.
func appendPublish(b []byte, v5 bool, m publication) []byte {
	first := byte(typePublish<<4) | m.qos<<1
	if m.dup {
		first |= 8
	}
	if m.retain {
		first |= 1
	}
	b = append(b, first)
	b = appendUvarint(b, publishSize(v5, m))
	b = appendText(b, m.topic)
	if m.qos > 0 {
		b = binary.BigEndian.AppendUint16(b, m.id)
	}
	if v5 {
		b = appendUvarint(b, len(m.properties))
		b = append(b, m.properties...)
	}
	return append(b, m.payload...)
}

// publishSize returns how many bytes follow the fixed header of a PUBLISH packet.
func publishSize(v5 bool, m publication) int {
	n := 2 + len(m.topic) + len(m.payload)
	if m.qos > 0 {
		n += 2
	}
	if v5 {
		n += uvarintSize(len(m.properties)) + len(m.properties)
	}
	return n
}

// maxRemaining is the largest size that a packet can tell.
const maxRemaining = 1<<28 - 1

// uvarint reads a number of one to four bytes. It returns 0 for the size where there is
// none.
func uvarint(b []byte) (n, size int) {
	for i := range min(len(b), 4) {
		n |= int(b[i]&0x7f) << (7 * i)
		if b[i] < 0x80 {
			return n, i + 1
		}
	}
	return 0, 0
}

func appendUvarint(b []byte, n int) []byte {
	for n >= 0x80 {
		b = append(b, byte(n)|0x80)
		n >>= 7
	}
	return append(b, byte(n))
}

func uvarintSize(n int) int {
	size := 1
	for n >= 0x80 {
		n >>= 7
		size++
	}
	return size
}

// cutText reads a text with its length before it.
func cutText(b []byte) (text, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(b))
	if len(b) < 2+n {
		return nil, nil, false
	}
	return b[2 : 2+n], b[2+n:], true
}

func appendText(b, text []byte) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(text))), text...)
}

// maxText is the most bytes that a text of a packet can have.
const maxText = 1<<16 - 1

func errUnexpected(kind byte) error {
	return fmt.Errorf("%w: one of type %d at a time when there is none", errMalformed, kind)
}
