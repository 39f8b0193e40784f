package nats

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/minio/highwayhash"
	"github.com/nats-io/nats-server/v2/server"
)

// A block is a file in which the server keeps records, one behind the other:
//
//	length of all this (4 bytes; the highest bit: with headers)
//	number (8 bytes; the two highest bits: erased, or a tombstone of another record)
//	time (8 bytes), length of the subject (2 bytes), subject
//	with headers: their length (4 bytes), headers
//	value
//	HighwayHash of number, time, subject, headers and value (8 bytes)
//
// The hash covers no length: where those of the subject and the headers lead is looked at
// besides. See server/filestore.go of nats-server.
const (
	recordHead    = 22
	recordSum     = 8
	recordMost    = 32 << 20 // the server stores none that is larger
	withHeaders   = 1 << 31
	numberErased  = 1 << 63
	numberRemoves = 1 << 62
)

// survey says how far a block is whole.
type survey struct {
	whole       int64  // bytes of whole records
	fault       string // what is wrong with the next one, "" where the block ends
	more        bool   // whole records follow behind that, or
	unknown     bool   // it would take too long to look for such
	packed      bool   // the block is compressed: whole counts what is unpacked
	first, last int64  // times of the first record and of the newest, ns since 1970; 0 where there is none
}

// surveyor reads blocks of one stream.
type surveyor struct {
	stream string
	index  *index // nil for none
	number uint32 // of the block
	hash   *highwayhash.Digest64
	sum    [recordSum]byte
}

// block looks at the block of a number.
func (s *surveyor) block(number uint32, b []byte) (survey, error) {
	s.number = number
	key := sha256.Sum256(fmt.Appendf(nil, "%s-%d", s.stream, number))
	var err error
	if s.hash, err = highwayhash.NewDigest64(key[:]); err != nil {
		return survey{}, fmt.Errorf("make a hash: %w", err)
	}
	plain, err := s.unpacked(b)
	if err != nil {
		return survey{fault: err.Error(), packed: true}, nil
	}
	v := s.records(plain)
	v.packed = len(plain) > 0 && &plain[0] != &b[0]
	return v, nil
}

// packing is what stands at the beginning of what is compressed, behind a mark of a few bytes.
var packing = []byte("\xff\x06\x00\x00S2sTwO")

// unpacked returns the records of a block, which may be compressed as a whole.
func (s *surveyor) unpacked(b []byte) ([]byte, error) {
	var about server.CompressionInfo
	n, err := about.UnmarshalMetadata(b)
	if n == 0 && err == nil {
		if i := bytes.Index(b[:min(len(b), 32)], packing); i > 0 && s.record(b) != "" {
			return nil, errors.New("it is compressed, and the mark of that is damaged")
		}
		return b, nil
	}
	if err == nil {
		var plain []byte
		if plain, err = about.Algorithm.Decompress(b[n:]); err == nil {
			return plain, nil
		}
	}
	if s.record(b) == "" { // a record of a length that looks like the mark
		return b, nil
	}
	return nil, fmt.Errorf("it is compressed, and cannot be unpacked (%w)", err)
}

// records walks over records until the end, or one that is not whole.
func (s *surveyor) records(b []byte) survey {
	var v survey
	for rest := b; len(rest) > 0; rest = b[v.whole:] {
		if v.fault = s.record(rest); v.fault != "" {
			v.more, v.unknown = s.wholeBehind(rest)
			return v
		}
		if isRecord(rest) {
			at := int64(binary.LittleEndian.Uint64(rest[12:]))
			if v.first == 0 {
				v.first = at
			}
			v.last = max(v.last, at)
		}
		v.whole += int64(lengthOf(rest))
	}
	return v
}

// isRecord reports whether what b begins with is a record that was published, and neither
// erased nor a tombstone, which has the time of the record that was removed.
func isRecord(b []byte) bool {
	number := binary.LittleEndian.Uint64(b[4:])
	return number != 0 && number&(numberErased|numberRemoves) == 0
}

func lengthOf(b []byte) uint32 { return binary.LittleEndian.Uint32(b) &^ withHeaders }

// record returns what is wrong with the record that b begins with, "" for nothing.
func (s *surveyor) record(b []byte) string {
	if len(b) < recordHead {
		return fmt.Sprintf("it ends within the head of a record, after %d bytes", len(b))
	}
	length, subject := lengthOf(b), int(binary.LittleEndian.Uint16(b[20:]))
	headers := binary.LittleEndian.Uint32(b)&withHeaders != 0
	least := recordHead + subject + recordSum
	if headers {
		least += 4
	}
	switch {
	case length > recordMost || int(length) < least:
		return "no record has the lengths that stand there"
	case int(length) > len(b):
		return fmt.Sprintf("it ends within a record, after %d of its %d bytes", len(b), length)
	}
	body := b[recordHead : length-recordSum]
	s.hash.Reset()
	_, _ = s.hash.Write(b[4:20]) // it never fails
	_, _ = s.hash.Write(body[:subject])
	rest := body[subject:]
	if headers {
		rest = rest[4:]
	}
	_, _ = s.hash.Write(rest)
	if !bytes.Equal(s.hash.Sum(s.sum[:0]), b[length-recordSum:length]) {
		return "a record's checksum is not that of its bytes"
	}
	if !isRecord(b) {
		return ""
	}
	if subject == 0 || bytes.ContainsAny(body[:subject], " \t\r\n") {
		return "the length of a record's subject is wrong"
	}
	switch {
	case headers && !framed(rest, binary.LittleEndian.Uint32(body[subject:])):
		return "the length of a record's headers is wrong"
	case !headers && !s.index.has(s.number, binary.LittleEndian.Uint64(b[4:]), body[:subject]):
		return "the length of a record's subject is wrong: the server has noted no such subject"
	}
	return ""
}

// headersEnd is an empty line.
var headersEnd = []byte("\r\n\r\n")

// framed reports whether headers have the length that is said of them. Those that are none, as
// some client may have sent them, have any.
func framed(b []byte, length uint32) bool {
	if int64(length) > int64(len(b)) {
		return false
	}
	if !bytes.HasPrefix(b, []byte("NATS/1.0")) {
		return true
	}
	end := bytes.Index(b, headersEnd)
	return end < 0 || end+len(headersEnd) == int(length)
}

// wholeBehind reports whether some record behind the first byte of b is whole: then what is
// wrong with the first one is no write that was cut. It does not look for ever: not for longer
// than it takes to read the block a few times.
func (s *surveyor) wholeBehind(b []byte) (whole, unknown bool) {
	budget := 16*len(b) + 1<<20
	for at := 1; at+recordHead+recordSum <= len(b); at++ {
		x := b[at:]
		length := int(lengthOf(x))
		if length < recordHead+recordSum || length > len(x) || binary.LittleEndian.Uint64(x[4:])&^(numberErased|numberRemoves) > 1<<48 {
			continue
		}
		if s.record(x) == "" {
			return true, false
		}
		if budget -= length; budget < 0 {
			return false, true
		}
	}
	return false, false
}
