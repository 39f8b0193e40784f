package spool

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// A frame is, in little endian:
//
//	 0  CRC-32C of all that follows
//	 4  length of the entry
//	 8  sequence number of the entry
//	16  sequence number of its first record
//	24  all entries below this number were durable when the frame was made
//	32  the entry
const frameHeader = 32

// maxEntry bounds an entry: batches address their bytes with 32 bits.
const maxEntry = 1 << 31

// castagnoli is the polynomial for which processors have an instruction.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sequence is a place between entries: the numbers that the next entry and its
// first record have. Both count from 1.
type sequence struct{ entry, record uint64 }

// frame is one entry in the log.
type frame struct {
	at      sequence
	durable uint64 // entry
	body    []byte
}

// Why there is no frame in some bytes.
var (
	errIncomplete = errors.New("it is incomplete")
	errChecksum   = errors.New("its checksum does not match")
)

// sealFrame fills in the header that buf, which holds the entry behind it,
// begins with.
func sealFrame(buf []byte, at sequence, durable uint64) {
	binary.LittleEndian.PutUint32(buf[4:], uint32(len(buf)-frameHeader))
	binary.LittleEndian.PutUint64(buf[8:], at.entry)
	binary.LittleEndian.PutUint64(buf[16:], at.record)
	binary.LittleEndian.PutUint64(buf[24:], durable)
	binary.LittleEndian.PutUint32(buf, crc32.Checksum(buf[4:], castagnoli))
}

// frameLength returns the length of the frame that data begins with, as its
// header says; 0 where that is incomplete.
func frameLength(data []byte) int64 {
	if len(data) < frameHeader {
		return 0
	}
	return frameHeader + int64(binary.LittleEndian.Uint32(data[4:]))
}

// parseFrame returns the frame that data begins with and its length. The
// length is known, though no frame is returned, where only the end is missing.
func parseFrame(data []byte) (frame, int64, error) {
	if len(data) < frameHeader {
		return frame{}, 0, errIncomplete
	}
	end := frameLength(data)
	if end > frameHeader+maxEntry {
		return frame{}, 0, errChecksum
	}
	if int64(len(data)) < end {
		return frame{}, end, errIncomplete
	}
	data = data[:end:end]
	if crc32.Checksum(data[4:], castagnoli) != binary.LittleEndian.Uint32(data) {
		return frame{}, end, errChecksum
	}
	return frame{
		at:      sequenceIn(data),
		durable: binary.LittleEndian.Uint64(data[24:]),
		body:    data[frameHeader:],
	}, end, nil
}

// sequenceIn returns the numbers in the header of a frame.
func sequenceIn(header []byte) sequence {
	return sequence{binary.LittleEndian.Uint64(header[8:]), binary.LittleEndian.Uint64(header[16:])}
}
