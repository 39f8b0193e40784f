package state

import (
	"encoding/binary"
	"errors"
	"hash/crc32"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// largeBlock is from how many bytes on the checksum of a block is looked at
// before Pebble does. For one that does not check, Pebble looks for a bit that
// makes it: it computes the checksum of the whole block for each bit of the
// first 40 KiB, which for the filter of a large table takes many seconds, and
// again for each key that is read.
const largeBlock = 16 << 10

// tableFile is a table that is read block by block.
type tableFile struct {
	vfs.File
	name string
}

// ReadAt implements [vfs.File].
func (f *tableFile) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.File.ReadAt(p, at)
	if err == nil && n >= largeBlock && !isWhole(p[:n]) {
		return n, &damage{file: f.name, offset: at, why: errors.New("checksum mismatch")}
	}
	return n, err
}

// isWhole reports whether a block has the checksum that Pebble has written
// behind it: a CRC-32C that is rotated and shifted.
func isWhole(block []byte) bool {
	body, sum := block[:len(block)-crc32.Size], binary.LittleEndian.Uint32(block[len(block)-crc32.Size:])
	crc := crc32.Checksum(body, castagnoli)
	return sum == (crc>>15|crc<<17)+0xa282ead8
}
