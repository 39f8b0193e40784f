package transforms

import (
	"encoding/binary"
	"errors"
)

func appendFlag(dst []byte, set bool) []byte {
	if set {
		return append(dst, 1)
	}
	return append(dst, 0)
}

var errStoredState = errors.New("the stored state is damaged")

// stateReader reads what was stored. After an error everything it returns is
// empty, and end tells.
type stateReader struct {
	rest []byte
	bad  bool
}

func (r *stateReader) varint() int64 {
	v, n := binary.Varint(r.rest)
	if !r.skip(n) {
		return 0
	}
	return v
}

func (r *stateReader) flag() bool {
	rest := r.rest
	return r.skip(min(1, len(rest))) && rest[0] != 0
}

// size reads the number of things that follow, each of at least a byte.
func (r *stateReader) size() int {
	v, n := binary.Uvarint(r.rest)
	if !r.skip(n) || v > uint64(len(r.rest)) {
		r.rest, r.bad = nil, true
		return 0
	}
	return int(v)
}

// bytes reads a copy of the bytes that follow their number.
func (r *stateReader) bytes() []byte {
	n := r.size()
	p := append(make([]byte, 0, n), r.rest[:n]...)
	r.rest = r.rest[n:]
	return p
}

// skip takes n bytes off the rest; n below 1 says that they are damaged.
func (r *stateReader) skip(n int) bool {
	if n < 1 {
		r.rest, r.bad = nil, true
		return false
	}
	r.rest = r.rest[n:]
	return true
}

func (r *stateReader) end() error {
	if r.bad || len(r.rest) > 0 {
		return errStoredState
	}
	return nil
}
