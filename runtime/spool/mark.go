package spool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
)

const (
	markName    = "mark"
	markVersion = 1
	markSlot    = 512 // a sector, so that a torn write leaves the other slot
	markBytes   = 60
)

// identity tells a log from another one in the same folder, later.
type identity [8]byte

// mark is what a log knows of itself outside of its segments. It is written
// without a sync after each sync of the log and before anything is
// acknowledged: a crash of the process leaves it exact, a power loss may leave
// an older one, and all it says are lower bounds.
//
// Its file holds the newest two, in two slots, each of them
//
//	 0  CRC-32C of the rest
//	 4  version
//	 8  how many marks there were before
//	16  identity of the log
//	24  next entry that is not durable
//	32  its first record
//	40  first entry that is kept
//	48  its first record
//	56  zero
type mark struct {
	id      identity
	durable sequence
	first   sequence
}

var errMark = errors.New("neither of its two slots is whole")

func (m mark) append(dst []byte, count uint64) []byte {
	begin := len(dst)
	dst = append(dst, make([]byte, markBytes)...)
	slot := dst[begin:]
	binary.LittleEndian.PutUint32(slot[4:], markVersion)
	binary.LittleEndian.PutUint64(slot[8:], count)
	copy(slot[16:], m.id[:])
	binary.LittleEndian.PutUint64(slot[24:], m.durable.entry)
	binary.LittleEndian.PutUint64(slot[32:], m.durable.record)
	binary.LittleEndian.PutUint64(slot[40:], m.first.entry)
	binary.LittleEndian.PutUint64(slot[48:], m.first.record)
	binary.LittleEndian.PutUint32(slot, crc32.Checksum(slot[4:], castagnoli))
	return dst
}

// storedMark is the newest of the marks in a file.
type storedMark struct {
	mark
	count   uint64
	damaged int64 // where a slot stands that is not whole; -1 for none
}

// parseMark returns the newest of the marks in a file.
func parseMark(data []byte) (storedMark, error) {
	m, err := storedMark{damaged: -1}, errMark
	for begin := 0; begin <= markSlot; begin += markSlot {
		if begin+markBytes > len(data) {
			m.damaged = int64(begin)
			break
		}
		slot := data[begin : begin+markBytes]
		if crc32.Checksum(slot[4:], castagnoli) != binary.LittleEndian.Uint32(slot) ||
			binary.LittleEndian.Uint32(slot[4:]) != markVersion {
			m.damaged = int64(begin)
			continue
		}
		n := binary.LittleEndian.Uint64(slot[8:])
		if err == nil && n < m.count {
			continue
		}
		m.count, err = n, nil
		copy(m.id[:], slot[16:])
		m.durable = sequence{binary.LittleEndian.Uint64(slot[24:]), binary.LittleEndian.Uint64(slot[32:])}
		m.first = sequence{binary.LittleEndian.Uint64(slot[40:]), binary.LittleEndian.Uint64(slot[48:])}
	}
	return m, err
}

// markFile is the open file of the marks.
type markFile struct {
	file  file
	count uint64
	buf   []byte
}

// createMark makes the file for a log that begins.
func createMark(d disk, dir string, m mark) error {
	content := make([]byte, 2*markSlot)
	copy(content, m.append(nil, 0))
	copy(content[markSlot:], m.append(nil, 1))
	return writeWhole(d, dir, filepath.Join(dir, markName), content)
}

// readMark returns the newest mark of a log; ok is false where there is no file.
func readMark(d disk, dir string) (m storedMark, ok bool, err error) {
	data, err := readAll(d, filepath.Join(dir, markName))
	if err != nil || data == nil {
		return m, false, err
	}
	m, err = parseMark(data)
	if err != nil {
		err = &CorruptError{dir, markName, 0, err.Error()}
	}
	return m, true, err
}

// openMark opens the file to write marks after the count-th.
func openMark(d disk, dir string, count uint64) (*markFile, error) {
	f, err := d.Open(filepath.Join(dir, markName), os.O_RDWR)
	if err != nil {
		return nil, err
	}
	return &markFile{file: f, count: count}, nil
}

// secure writes a mark and makes it durable.
func (f *markFile) secure(m mark) error {
	if err := f.write(m); err != nil {
		return fmt.Errorf("write the mark of the spool: %w", err)
	}
	if err := f.file.Sync(); err != nil {
		return fmt.Errorf("sync the mark of the spool: %w", err)
	}
	return nil
}

// write writes a mark in the place of the one before the newest.
func (f *markFile) write(m mark) error {
	f.count++
	f.buf = m.append(f.buf[:0], f.count)
	_, err := f.file.WriteAt(f.buf, int64(f.count%2)*markSlot)
	return err
}
