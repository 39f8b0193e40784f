package abi

import "encoding/binary"

// TimersSize returns the size of a frame of so many timers whose keys have so many bytes.
func TimersSize(rows, keys int) int { return HeaderSize + rows*TimerSize + keys }

// TimersWriter fills a frame of timers that is TimersSize long.
type TimersWriter struct {
	frame []byte
	row   int
	data  int
}

// NewTimersWriter begins a frame.
func NewTimersWriter(frame []byte, rows int, watermark int64) TimersWriter {
	Header{TimersFrame, uint32(len(frame)), uint32(rows), HeaderSize, uint32(rows), watermark}.put(frame)
	return TimersWriter{frame: frame, row: HeaderSize, data: HeaderSize + rows*TimerSize}
}

// Add adds a timer whose time, in µs since 1970, has come.
func (w *TimersWriter) Add(at int64, id uint64, clock uint8, key []byte) {
	d := w.frame[w.row : w.row+TimerSize]
	w.row += TimerSize
	binary.LittleEndian.PutUint64(d, uint64(at))
	binary.LittleEndian.PutUint64(d[8:], id)
	binary.LittleEndian.PutUint32(d[16:], uint32(w.data))
	binary.LittleEndian.PutUint32(d[20:], uint32(len(key)))
	binary.LittleEndian.PutUint64(d[24:], uint64(clock))
	w.data += copy(w.frame[w.data:], key)
}
