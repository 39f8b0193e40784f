package transforms

import "encoding/binary"

// fold is the state of a key.
type fold struct {
	row  []byte // the values of its fields, stored; empty before there are some
	at   int64  // the time of its last record, where keys are forgotten
	seen int64  // and the lane's time then
	turn turn   // not stored
}

func encodeFold(dst []byte, v *fold) []byte {
	dst = binary.AppendVarint(dst, v.at)
	dst = binary.AppendVarint(dst, v.seen)
	dst = binary.AppendUvarint(dst, uint64(len(v.row)))
	return append(dst, v.row...)
}

func decodeFold(src []byte, v *fold) error {
	r := &stateReader{rest: src}
	v.at, v.seen, v.row = r.varint(), r.varint(), r.bytes()
	return r.end()
}
