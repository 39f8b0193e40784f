package spool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A segment begins with, in little endian:
//
//	 0  "ONSPOOL1"
//	 8  identity of the log
//	16  sequence number of its first entry
//	24  and of that entry's first record
//	32  first entry of the segment before; 0 where there was none
//	40  when it was made, ns since 1970
//	48  1 where entries before it were given up, otherwise 0
//	56  zero
//	60  CRC-32C of all that
const (
	segmentHeader = 64
	segmentMagic  = "ONSPOOL1"
	segmentSuffix = ".log"
)

// segment is a file of a log.
type segment struct {
	id      identity
	base    sequence
	before  uint64 // base.entry of the one before
	created int64
	gap     bool  // entries before it were given up: see Repair
	size    int64 // durable bytes
}

func (s *segment) name() string { return segmentName(s.base.entry) }

func segmentName(entry uint64) string { return fmt.Sprintf("%020d%s", entry, segmentSuffix) }

// parseSegmentName returns the first entry of the segment with that name.
func parseSegmentName(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, segmentSuffix)
	if !ok || len(digits) != 20 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil
}

func (s *segment) header() []byte {
	h := make([]byte, segmentHeader)
	copy(h, segmentMagic)
	copy(h[8:], s.id[:])
	binary.LittleEndian.PutUint64(h[16:], s.base.entry)
	binary.LittleEndian.PutUint64(h[24:], s.base.record)
	binary.LittleEndian.PutUint64(h[32:], s.before)
	binary.LittleEndian.PutUint64(h[40:], uint64(s.created))
	if s.gap {
		h[48] = 1
	}
	binary.LittleEndian.PutUint32(h[60:], crc32.Checksum(h[:60], castagnoli))
	return h
}

// parseSegment reads the header of a segment; the reason is why it is none.
func parseSegment(h []byte) (s segment, reason string) {
	switch {
	case len(h) < segmentHeader:
		return s, "its header is incomplete"
	case string(h[:7]) == segmentMagic[:7] && h[7] > segmentMagic[7]:
		return s, "it was made by a newer version of onstream"
	case string(h[:8]) != segmentMagic:
		return s, "it is no segment of a spool"
	case crc32.Checksum(h[:60], castagnoli) != binary.LittleEndian.Uint32(h[60:]):
		return s, "the checksum of its header does not match"
	}
	copy(s.id[:], h[8:])
	s.base = sequence{binary.LittleEndian.Uint64(h[16:]), binary.LittleEndian.Uint64(h[24:])}
	s.before = binary.LittleEndian.Uint64(h[32:])
	s.created = int64(binary.LittleEndian.Uint64(h[40:]))
	s.gap = h[48] == 1
	return s, ""
}

// createSegment makes the file of a segment, durably.
func createSegment(d disk, dir string, s segment, now time.Time) (*segment, error) {
	s.created, s.size = now.UnixNano(), segmentHeader
	if err := writeWhole(d, dir, filepath.Join(dir, s.name()), s.header()); err != nil {
		return nil, fmt.Errorf("begin a file of the spool: %w", err)
	}
	return &s, nil
}

// readSegment reads the header of a file. Its size is that of the file.
func readSegment(d disk, dir, name string, id identity) (*segment, error) {
	f, err := d.Open(filepath.Join(dir, name), os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	h := make([]byte, min(segmentHeader, size))
	if _, err := f.ReadAt(h, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	s, reason := parseSegment(h)
	switch {
	case reason != "":
	case s.name() != name:
		reason = "it had another name: " + s.name()
	case s.id != id:
		reason = "it belongs to another spool"
	}
	if reason != "" {
		return nil, &CorruptError{dir, name, 0, reason}
	}
	s.size = size
	return &s, nil
}
