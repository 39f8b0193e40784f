package onstream

import "unsafe"

// What a frame holds.
const (
	recordsFrame   = 1
	selectionFrame = 2
	columnsFrame   = 3
	settingsFrame  = 5
)

const magic = 0x31534e4f

// header begins a frame. Offsets count from its beginning.
type header struct {
	magic       uint32
	kind        uint32 // a byte, and three that are zero
	size        uint32
	rows        uint32
	descriptors uint32
	count       uint32
	watermark   int64
}

const headerSize = 32

func headerOf(frame []byte) *header { return (*header)(start(frame)) }

// span is where bytes are.
type span struct{ at, n uint32 }

func (s span) of(frame []byte) []byte {
	end := s.at + s.n
	return frame[s.at:end:end]
}

// pair is a header of a record.
type pair struct{ name, value span }

// descriptors are those of a frame.
func descriptors[T any](frame []byte) []T {
	h := headerOf(frame)
	if h.count == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&frame[h.descriptors])), h.count)
}

// bytesOf is values as they are in memory.
func bytesOf[T any](values []T) []byte {
	var one T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), len(values)*int(unsafe.Sizeof(one)))
}
