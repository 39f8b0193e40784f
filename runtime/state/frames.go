package state

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Logs and the MANIFEST are blocks of frames: checksum, length, kind, in a log
// also its number and up to where it was on disk when the frame was written,
// and then the bytes. See package record of Pebble, whose reader takes what
// follows a frame that does not check for something that was never written, and
// does not say where that is.
const (
	frameBlock   = 32 << 10
	frameHeader  = 7
	logHeader    = frameHeader + 4
	syncedHeader = logHeader + 8
)

// The kinds of frames come in threes of four: in the MANIFEST, in logs, and in
// logs with the offset that was synced.
const (
	frameFull  = 1
	frameFirst = 2
	frameLast  = 4
	frameKinds = 4
)

// What an end that was never written looks like: of a file that has got more room
// than it needed, and of one whose room was that of another.
const (
	notWritten = "it is empty"
	notOfThis  = "it is no frame of this file"
)

// frames is what a look at a file of frames has found.
type frames struct {
	size int64
	bad  int64  // offset of the first that does not check; -1 for none
	why  string // it does not
	// proven tells damage from an end that was never written: something behind
	// it says that this was on disk before.
	proven bool
	ended  bool // a log has the frame that is written when it is closed

	log  uint32 // number of the log; 0 for a MANIFEST
	open bool   // a record has begun and not ended
}

// readFrames looks at a file. Log is the number of a log, 0 for a MANIFEST.
func readFrames(under vfs.FS, name string, log uint32) (x frames, err error) {
	f, err := under.Open(name)
	if err != nil {
		return x, err
	}
	defer f.Close()
	x = frames{bad: -1, log: log}
	block := make([]byte, frameBlock)
	for ended := false; !ended; x.size += int64(len(block)) {
		n, err := io.ReadFull(f, block)
		block = block[:n]
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			ended = true
		case err != nil:
			return x, err
		}
		at := 0
		if x.bad < 0 {
			var done bool
			if at, done = x.walk(block, ended); done {
				x.size += int64(at)
				x.ended = true
				return x, nil
			}
		}
		if x.bad >= 0 && !x.proven {
			x.prove(block, at)
		}
	}
	if x.bad < 0 && x.open {
		x.bad, x.why = x.size, "the file ends within a record"
	}
	return x, nil
}

// walk takes the frames of a block one after the other, up to one that does not
// check, or the one that ends a log.
func (x *frames) walk(block []byte, isLast bool) (at int, done bool) {
	for at < len(block) {
		rest := block[at:]
		if len(rest) < frameHeader && isLast && len(block) < frameBlock {
			return at, x.stop(at, "the file ends within a frame")
		}
		if len(rest) < syncedHeader && isZero(rest) {
			return len(block), false // no frame fits in
		}
		if len(rest) < frameHeader {
			return at, x.stop(at, "the end of a block is not empty")
		}
		if isZero(rest[:frameHeader]) {
			return at, x.stop(at, notWritten)
		}
		if x.log != 0 && !x.open && isTrailer(rest, x.log) {
			return at, true
		}
		size, why := x.check(rest)
		kind := (int(rest[frameHeader-1])-1)%frameKinds + 1
		begins := kind == frameFull || kind == frameFirst
		if why == "" && begins == x.open {
			why = "a part of a record is missing"
		}
		if why != "" {
			return at, x.stop(at, why)
		}
		x.open = kind != frameFull && kind != frameLast
		at += size
	}
	return at, false
}

func (x *frames) stop(at int, why string) (done bool) {
	x.bad, x.why = x.size+int64(at), why
	return false
}

// isTrailer reports whether a frame is what ends a log: an empty one of the
// next log.
func isTrailer(frame []byte, log uint32) bool {
	return len(frame) >= logHeader && isZero(frame[:frameHeader-1]) && binary.LittleEndian.Uint32(frame[frameHeader:]) == log+1
}

// check returns the size of the frame that a block goes on with, or why there
// is none.
func (x *frames) check(rest []byte) (size int, why string) {
	header := headerOf(rest, x.log)
	if header == 0 {
		return 0, notOfThis
	}
	size = header + int(binary.LittleEndian.Uint16(rest[4:]))
	if size > len(rest) {
		return 0, "the frame is longer than what is there"
	}
	if binary.LittleEndian.Uint32(rest) != frameSum(rest[frameHeader-1:size]) {
		return 0, "checksum mismatch"
	}
	return size, ""
}

// headerOf returns the size of the header of a frame, 0 for one that is not of
// this file.
func headerOf(rest []byte, log uint32) int {
	if len(rest) < frameHeader {
		return 0
	}
	header := frameHeader
	switch kind := rest[frameHeader-1]; {
	case kind == 0 || kind > 3*frameKinds || (kind <= frameKinds) != (log == 0):
		return 0
	case kind > 2*frameKinds:
		header = syncedHeader
	case kind > frameKinds:
		header = logHeader
	}
	if len(rest) < header || log != 0 && binary.LittleEndian.Uint32(rest[frameHeader:]) != log {
		return 0
	}
	return header
}

// frameSum is the checksum of a frame.
func frameSum(b []byte) uint32 {
	c := crc32.Checksum(b, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}

// prove looks behind what does not check for a frame that was written when that
// was on disk: in a log one that says so, in a MANIFEST the beginning of another
// record. It may stand anywhere, because the length of what does not check is
// not to be relied upon.
func (x *frames) prove(block []byte, at int) {
	for ; at+frameHeader <= len(block); at++ {
		rest := block[at:]
		header := headerOf(rest, x.log)
		isRecord := rest[frameHeader-1] == frameFull || rest[frameHeader-1] == frameFirst
		switch {
		case header == 0 || x.log == 0 && !isRecord || x.log != 0 && header != syncedHeader:
			continue
		case x.log != 0 && int64(binary.LittleEndian.Uint64(rest[logHeader:])) <= x.bad:
			continue
		}
		if _, why := x.check(rest); why == "" {
			x.proven = true
			return
		}
	}
}

func isZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
