package abi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Magic is what a frame begins with: the bytes "ONS1".
const Magic uint32 = 0x31534e4f

// HeaderSize is how many bytes the header of a frame has.
const HeaderSize = 32

// Kind says what is in a frame.
type Kind uint8

// The kinds of frames.
const (
	RecordsFrame Kind = 1 + iota
	SelectionFrame
	ColumnsFrame
	TimersFrame
	SettingsFrame
)

// String returns the kind's name.
func (k Kind) String() string {
	switch k {
	case RecordsFrame:
		return "records"
	case SelectionFrame:
		return "selection"
	case ColumnsFrame:
		return "columns"
	case TimersFrame:
		return "timers"
	case SettingsFrame:
		return "settings"
	}
	return fmt.Sprintf("unknown (%d)", uint8(k))
}

// The sizes of descriptors, in bytes.
const (
	RecordSize  = 40
	ColumnSize  = 32
	TimerSize   = 32
	SettingSize = 32
	PairSize    = 16 // of a header of a record
)

// size returns how many bytes a descriptor has; that of a selection is a byte of its bitmap.
func (k Kind) size() uint64 {
	switch k {
	case RecordsFrame:
		return RecordSize
	case ColumnsFrame:
		return ColumnSize
	case TimersFrame:
		return TimerSize
	case SettingsFrame:
		return SettingSize
	default:
		return 1
	}
}

// NoTime stands for a time that is not known, NoRow for no row.
const (
	NoTime int64  = math.MinInt64
	NoRow  uint32 = math.MaxUint32
)

// Header is the beginning of a frame.
type Header struct {
	Kind      Kind
	Length    uint32 // of the whole frame
	Rows      uint32
	Offset    uint32 // of the descriptors
	Count     uint32 // of descriptors
	Watermark int64  // µs since 1970
}

// put writes the header to the beginning of a frame.
func (h Header) put(frame []byte) {
	_ = frame[HeaderSize-1]
	binary.LittleEndian.PutUint32(frame, Magic)
	binary.LittleEndian.PutUint32(frame[4:], uint32(h.Kind))
	binary.LittleEndian.PutUint32(frame[8:], h.Length)
	binary.LittleEndian.PutUint32(frame[12:], h.Rows)
	binary.LittleEndian.PutUint32(frame[16:], h.Offset)
	binary.LittleEndian.PutUint32(frame[20:], h.Count)
	binary.LittleEndian.PutUint64(frame[24:], uint64(h.Watermark))
}

var errShort = errors.New("it is shorter than the header of a frame")

// ParseHeader reads the header of a frame and returns the frame, as long as the header says that it
// is. The descriptors are inside of it.
func ParseHeader(data []byte) (h Header, frame []byte, err error) {
	if len(data) < HeaderSize {
		return h, nil, errShort
	}
	if magic := binary.LittleEndian.Uint32(data); magic != Magic {
		return h, nil, fmt.Errorf("it begins with %#08x, not with ONS1", magic)
	}
	h = Header{
		Kind: Kind(data[4]), Length: binary.LittleEndian.Uint32(data[8:]), Rows: binary.LittleEndian.Uint32(data[12:]),
		Offset: binary.LittleEndian.Uint32(data[16:]), Count: binary.LittleEndian.Uint32(data[20:]),
		Watermark: int64(binary.LittleEndian.Uint64(data[24:])),
	}
	switch {
	case h.Kind < RecordsFrame || h.Kind > SettingsFrame:
		return h, nil, fmt.Errorf("its kind is %s", h.Kind)
	case data[5] != 0 || data[6] != 0 || data[7] != 0:
		return h, nil, errors.New("bytes 5 to 7 are not zero: they are kept for later versions")
	case uint64(h.Length) > uint64(len(data)) || h.Length < HeaderSize:
		return h, nil, fmt.Errorf("it says that it has %d bytes, of %d", h.Length, len(data))
	case h.Offset < HeaderSize || uint64(h.Offset)+uint64(h.Count)*h.Kind.size() > uint64(h.Length):
		return h, nil, fmt.Errorf("its %d descriptors at %d are outside of its %d bytes", h.Count, h.Offset, h.Length)
	}
	return h, data[:h.Length:h.Length], nil
}

// descriptors returns the bytes of the descriptors of a frame that ParseHeader returned.
func (h Header) descriptors(frame []byte) []byte {
	return frame[h.Offset : uint64(h.Offset)+uint64(h.Count)*h.Kind.size()]
}

// span is an offset and a length, as a descriptor has them.
func span(frame, at []byte) ([]byte, bool) {
	off, n := uint64(binary.LittleEndian.Uint32(at)), uint64(binary.LittleEndian.Uint32(at[4:]))
	if off+n > uint64(len(frame)) {
		return nil, false
	}
	return frame[off : off+n : off+n], true
}

// within is span after it has been checked.
func within(frame, at []byte) []byte {
	off, n := uint64(binary.LittleEndian.Uint32(at)), uint64(binary.LittleEndian.Uint32(at[4:]))
	return frame[off : off+n : off+n]
}
