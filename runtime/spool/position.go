package spool

import (
	"encoding/binary"
	"errors"

	"github.com/onstream/onstream/plugins"
)

// positionVersion is the first byte of a position: then come the identity of
// the log and the numbers of the next entry and its first record.
const positionVersion = 1

const positionBytes = 1 + len(identity{}) + 16

func encodePosition(id identity, at sequence) plugins.Position {
	p := make(plugins.Position, 0, positionBytes)
	p = append(append(p, positionVersion), id[:]...)
	p = binary.LittleEndian.AppendUint64(p, at.entry)
	return binary.LittleEndian.AppendUint64(p, at.record)
}

func decodePosition(p plugins.Position) (id identity, at sequence, err error) {
	switch {
	case len(p) == 0 || p[0] != positionVersion:
		return id, at, errors.New("it was made by another version")
	case len(p) != positionBytes:
		return id, at, errors.New("it is damaged")
	}
	copy(id[:], p[1:])
	rest := p[1+len(id):]
	return id, sequence{binary.LittleEndian.Uint64(rest), binary.LittleEndian.Uint64(rest[8:])}, nil
}
