package abi

import "encoding/binary"

// The flags of a record that the host gives.
const (
	HasKey  uint16 = 1 << iota // it has a key, which may be empty
	HasTime                    // its time is known
)

// RecordsSize returns the size of a frame of so many records with so many headers in all, and so
// many bytes of keys, values, names and values of headers.
func RecordsSize(rows, headers, data int) int {
	return HeaderSize + rows*RecordSize + headers*PairSize + data
}

// RecordsWriter fills a frame of records that is RecordsSize long.
type RecordsWriter struct {
	frame []byte
	row   int // where the descriptor of the next record is
	pair  int // where its headers are
	data  int // where its bytes are
}

// NewRecordsWriter begins a frame.
func NewRecordsWriter(frame []byte, rows, headers int, watermark int64) RecordsWriter {
	Header{RecordsFrame, uint32(len(frame)), uint32(rows), HeaderSize, uint32(rows), watermark}.put(frame)
	pair := HeaderSize + rows*RecordSize
	return RecordsWriter{frame: frame, row: HeaderSize, pair: pair, data: pair + headers*PairSize}
}

// Add adds a record without headers.
func (w *RecordsWriter) Add(time int64, seq uint64, key, value []byte, flags uint16) {
	d := w.frame[w.row : w.row+RecordSize]
	w.row += RecordSize
	binary.LittleEndian.PutUint64(d, uint64(time))
	binary.LittleEndian.PutUint64(d[8:], seq)
	w.put(d[16:], key)
	w.put(d[24:], value)
	binary.LittleEndian.PutUint32(d[32:], uint32(w.pair))
	binary.LittleEndian.PutUint16(d[36:], 0)
	binary.LittleEndian.PutUint16(d[38:], flags)
}

// AddHeader adds a header to the record that was added last.
func (w *RecordsWriter) AddHeader(name, value []byte) {
	d := w.frame[w.pair : w.pair+PairSize]
	w.pair += PairSize
	w.put(d, name)
	w.put(d[8:], value)
	n := w.frame[w.row-4:]
	binary.LittleEndian.PutUint16(n, binary.LittleEndian.Uint16(n)+1)
}

// put writes bytes behind those that are there, and where they are to at.
func (w *RecordsWriter) put(at, text []byte) {
	binary.LittleEndian.PutUint32(at, uint32(w.data))
	binary.LittleEndian.PutUint32(at[4:], uint32(len(text)))
	w.data += copy(w.frame[w.data:], text)
}
