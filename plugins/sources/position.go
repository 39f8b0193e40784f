package sources

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/onstream/onstream/plugins"
)

// positionVersion is the first byte of a position of a file.
const positionVersion = 1

// fingerprinted is how many bytes at most tell one file from another.
const fingerprinted = 1024

// position is where to resume a file: behind so many bytes of its (if need be
// decompressed) content.
type position struct {
	offset int64
	file   fingerprint
}

// fingerprint tells whether a file is still the same: by the first bytes that
// it had. It survives renaming and appending.
type fingerprint struct {
	n   int64
	sum [16]byte
}

// encode returns the position as the engine keeps it.
func (p position) encode() plugins.Position {
	b := make([]byte, 1, 1+2*binary.MaxVarintLen64+len(p.file.sum))
	b[0] = positionVersion
	b = binary.AppendUvarint(b, uint64(p.offset))
	b = binary.AppendUvarint(b, uint64(p.file.n))
	return append(b, p.file.sum[:]...)
}

func decodePosition(b plugins.Position) (position, error) {
	var p position
	if len(b) == 0 || b[0] != positionVersion {
		return p, errors.New("it was made by another version")
	}
	offset, n := binary.Uvarint(b[1:])
	if n <= 0 {
		return p, errors.New("it is damaged")
	}
	b = b[1+n:]
	size, n := binary.Uvarint(b)
	if n <= 0 || len(b) != n+len(p.file.sum) || size > fingerprinted || int64(offset) < 0 {
		return p, errors.New("it is damaged")
	}
	p.offset, p.file.n = int64(offset), int64(size)
	copy(p.file.sum[:], b[n:])
	return p, nil
}

// fingerprintOf reads the first n bytes of a file, fewer if it has not so many.
func fingerprintOf(r io.ReaderAt, n int64) (fingerprint, error) {
	var buf [fingerprinted]byte
	got, err := r.ReadAt(buf[:min(n, fingerprinted)], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return fingerprint{}, fmt.Errorf("read fingerprint: %w", err)
	}
	sum := sha256.Sum256(buf[:got])
	f := fingerprint{n: int64(got)}
	copy(f.sum[:], sum[:])
	return f, nil
}

// matches reports whether a file is the one with the fingerprint.
func (f fingerprint) matches(r io.ReaderAt) (bool, error) {
	g, err := fingerprintOf(r, f.n)
	return g == f, err
}
