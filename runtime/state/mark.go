package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// mark is a small file beside the database that holds the number of a commit
// and of an epoch that were durable when it was written. A log that was cut
// off looks like one whose last records were never finished; a store that is
// behind its mark has lost what it had acknowledged. The file is synced when the
// store is opened, and not for each commit: after a loss of power it may be
// older than the store, never newer.
type mark struct {
	file          vfs.File // nil before it begins
	fs            vfs.FS
	dir, name     string
	exists        bool
	slot          int64 // to be written next
	number, epoch int64 // of the newest; the epoch is 0 in a file that nothing was written to
}

const (
	markName  = "MARK"
	markSize  = 20 // number, epoch, CRC-32C
	markSlots = 2
)

// openMark reads the newest of the two slots, which are written in turn, and
// both at the beginning: so, both are right unless nothing was written yet. They
// are in one sector of the disk, of which a loss of power leaves the old bytes
// or the new ones.
func openMark(under vfs.FS, dir string) (*mark, error) {
	m := &mark{fs: under, dir: dir, name: under.PathJoin(dir, markName)}
	text, err := readFile(under, m.name)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	m.exists = true
	// A file may have got its length but not its bytes when the power was lost.
	if isZero(text) {
		return m, nil
	}
	return m, m.read(text)
}

func (m *mark) read(text []byte) error {
	for slot := range int64(markSlots) {
		at := slot * markSize
		if int64(len(text)) < at+markSize {
			return &damage{file: m.name, what: endsTooSoon, offset: int64(len(text)), why: fmt.Errorf("it has %d bytes", markSlots*markSize)}
		}
		number, epoch, ok := decodeMark(text[at:][:markSize])
		if !ok {
			return &damage{file: m.name, offset: at, why: errors.New("checksum mismatch")}
		}
		if epoch > m.epoch || epoch == m.epoch && number >= m.number {
			m.number, m.epoch, m.slot = number, epoch, markSlots-1-slot
		}
	}
	if len(text) > markSlots*markSize {
		return &damage{file: m.name, offset: markSlots * markSize, why: errors.New("there is more than was written")}
	}
	return nil
}

func readFile(under vfs.FS, name string) ([]byte, error) {
	f, err := under.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	text := make([]byte, info.Size())
	n, err := f.ReadAt(text, 0)
	if n == len(text) {
		err = nil
	}
	return text[:n], err
}

// check says whether a store can be the one that the mark was written for.
func (m *mark) check(number, epoch int64) error {
	if m.epoch == 0 && (number > 0 || epoch > 1) {
		d := &damage{file: m.name, why: errors.New("without it nobody knows whether the newest checkpoint is there")}
		if !m.exists {
			d.what, d.offset = isMissing, -1
		}
		return d
	}
	if number >= m.number && epoch >= m.epoch {
		return nil
	}
	return &behind{why: fmt.Errorf("checkpoint %d of run %d was stored, and the newest that is there is %d of run %d", m.number, m.epoch, number, epoch)}
}

// begin writes both slots, and waits until they are on disk: from then on it is
// known what the file has to look like.
func (m *mark) begin(number, epoch int64) (err error) {
	if m.file, err = m.fs.OpenReadWrite(m.name, vfs.WriteCategoryUnspecified); err != nil {
		return err
	}
	slot := encodeMark(number, epoch)
	if _, err := m.file.WriteAt(append(slot, slot...), 0); err != nil {
		return err
	}
	m.slot, m.number, m.epoch = 0, number, epoch
	if err := m.file.Sync(); err != nil || m.exists {
		return err
	}
	return syncFolder(m.fs, m.dir)
}

// write notes a commit.
func (m *mark) write(number, epoch int64) error {
	_, err := m.file.WriteAt(encodeMark(number, epoch), m.slot*markSize)
	if err == nil {
		m.slot = markSlots - 1 - m.slot
		m.number, m.epoch = number, epoch
	}
	return err
}

// errGone is why nothing can be stored in a folder that is not there any more.
var errGone = errors.New("the folder was removed or replaced while it was in use")

// inPlace reports [errGone] where what was written last is not to be found by
// its name. A file that was removed can be written and synced as before by
// those who have it open, and all of that is lost when they end.
func (m *mark) inPlace() error {
	if m.epoch == 0 {
		return nil // nothing was written yet
	}
	text, err := readFile(m.fs, m.name)
	at := (markSlots - 1 - m.slot) * markSize
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil // whatever that is, it is not the loss of the folder
	case int64(len(text)) >= at+markSize && bytes.Equal(text[at:at+markSize], encodeMark(m.number, m.epoch)):
		return nil
	}
	return errGone
}

func (m *mark) close() error {
	if m.file == nil {
		return nil
	}
	return m.file.Close()
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func encodeMark(number, epoch int64) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(number))
	b = binary.BigEndian.AppendUint64(b, uint64(epoch))
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func decodeMark(b []byte) (number, epoch int64, ok bool) {
	if crc32.Checksum(b[:16], castagnoli) != binary.BigEndian.Uint32(b[16:]) {
		return 0, 0, false
	}
	number, epoch = int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[8:]))
	return number, epoch, number >= 0 && epoch > 0
}
