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
// behind its mark has lost what it had acknowledged. The file itself is not
// synced: after a loss of power it may be older than the store, never newer.
type mark struct {
	file          vfs.File // nil in a store that is only read
	fs            vfs.FS
	name          string
	slot          int64 // to be written next
	number, epoch int64
}

const (
	markName = "MARK"
	markSize = 20 // number, epoch, CRC-32C
)

// openMark reads the newest of the two slots, which are written in turn.
func openMark(under vfs.FS, dir string, readOnly bool) (*mark, error) {
	name := under.PathJoin(dir, markName)
	m := &mark{fs: under, name: name}
	text, err := readFile(under, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for slot := int64(0); int64(len(text)) >= (slot+1)*markSize && slot < 2; slot++ {
		number, epoch, ok := decodeMark(text[slot*markSize:][:markSize])
		if ok && (epoch > m.epoch || epoch == m.epoch && number >= m.number) {
			m.number, m.epoch, m.slot = number, epoch, 1-slot
		}
	}
	// A file may have got its length but not its bytes when the power was lost.
	if len(text) >= markSize && m.epoch == 0 && !bytes.Equal(text, make([]byte, len(text))) {
		return nil, &damage{file: inDatabase(markName), why: errors.New("checksum mismatch")}
	}
	if readOnly {
		return m, nil
	}
	if err := createFolder(under, dir); err != nil {
		return nil, err
	}
	m.file, err = under.OpenReadWrite(name, vfs.WriteCategoryUnspecified)
	return m, err
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
	if number >= m.number && epoch >= m.epoch {
		return nil
	}
	return &damage{why: fmt.Errorf("checkpoint %d of run %d was stored, and the newest that is there is %d of run %d", m.number, m.epoch, number, epoch)}
}

func (m *mark) write(number, epoch int64) error {
	_, err := m.file.WriteAt(encodeMark(number, epoch), m.slot*markSize)
	if err == nil {
		m.slot = 1 - m.slot
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
	at := (1 - m.slot) * markSize
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
