package transforms

import (
	"encoding/binary"

	"github.com/onstream/onstream/plugins/keyed"
)

// fold is the state of a key.
type fold struct {
	row        []byte // the values of its fields, stored; empty before there are some
	keyed.Time        // where keys are forgotten
	turn       turn   // not stored
}

func encodeFold(dst []byte, v *fold) []byte {
	dst = binary.AppendVarint(dst, v.Own)
	dst = binary.AppendVarint(dst, v.Lane)
	dst = binary.AppendUvarint(dst, uint64(len(v.row)))
	return append(dst, v.row...)
}

func decodeFold(src []byte, v *fold) error {
	r := &stateReader{rest: src}
	v.Own, v.Lane, v.row = r.varint(), r.varint(), r.bytes()
	return r.end()
}
