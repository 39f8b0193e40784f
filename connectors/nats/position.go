package nats

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/onstream/onstream/plugins"
)

// place is a position: after a record of a stream.
type place struct {
	created    int64  // when the stream was made, ns since 1970: its identity
	partitions int    // that the stream had
	seq        uint64 // of the record; 0 before the first
	time       int64  // when the record was stored, ns since 1970; 0 where there is none
}

const positionVersion = 1

var errPosition = errors.New("the stored position is not one of a stream of NATS: it was written by another version, or is damaged")

func (p place) encode() plugins.Position {
	b := make([]byte, 0, 32)
	b = append(b, positionVersion)
	b = binary.AppendVarint(b, p.created)
	b = binary.AppendUvarint(b, uint64(p.partitions))
	b = binary.AppendUvarint(b, p.seq)
	return binary.AppendVarint(b, p.time)
}

func decodePlace(b plugins.Position) (place, error) {
	var p place
	if len(b) == 0 || b[0] != positionVersion {
		return p, errPosition
	}
	rest := []byte(b[1:])
	var ok [4]bool
	var n uint64
	p.created, rest, ok[0] = varint(rest)
	n, rest, ok[1] = uvarint(rest)
	p.seq, rest, ok[2] = uvarint(rest)
	p.time, rest, ok[3] = varint(rest)
	if ok != [4]bool{true, true, true, true} || len(rest) > 0 || n < 1 || n > maxPartitions {
		return place{}, errPosition
	}
	p.partitions = int(n)
	return p, nil
}

func varint(b []byte) (int64, []byte, bool) {
	v, n := binary.Varint(b)
	return v, b[max(n, 0):], n > 0
}

func uvarint(b []byte) (uint64, []byte, bool) {
	v, n := binary.Uvarint(b)
	return v, b[max(n, 0):], n > 0
}

// at returns the time of the record, for messages.
func (p place) at() time.Time { return time.Unix(0, p.time).UTC() }
