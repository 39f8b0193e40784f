package abi

import "encoding/binary"

// Pair is a header of a record.
type Pair struct{ Name, Value []byte }

// OutputWriter makes a frame of records as a guest returns it. The zero value is ready.
type OutputWriter struct {
	data        []byte // the header of the frame and what the descriptors point to
	descriptors []byte
}

// OutputMark is a place in what was written.
type OutputMark struct{ data, descriptors int }

// Reset empties it.
func (w *OutputWriter) Reset() { w.data, w.descriptors = w.data[:0], w.descriptors[:0] }

// Size is about how long the frame is.
func (w *OutputWriter) Size() int { return len(w.data) + len(w.descriptors) }

// Mark returns the place behind the record that was added last.
func (w *OutputWriter) Mark() OutputMark { return OutputMark{len(w.data), len(w.descriptors)} }

// Rewind undoes what was added since a mark.
func (w *OutputWriter) Rewind(m OutputMark) {
	w.data, w.descriptors = w.data[:m.data], w.descriptors[:m.descriptors]
}

// Add adds a record with headers; r.Headers is not looked at.
func (w *OutputWriter) Add(r Record, headers ...Pair) {
	w.begin()
	at := len(w.data)
	w.data = append(w.data, make([]byte, len(headers)*PairSize)...)
	for k, h := range headers {
		name, value := w.keep(h.Name), w.keep(h.Value)
		pair := w.data[at+k*PairSize:]
		name.put(pair)
		value.put(pair[8:])
	}
	key, value := w.keep(r.Key), w.keep(r.Value)
	var d [RecordSize]byte
	binary.LittleEndian.PutUint64(d[:], uint64(r.Time))
	binary.LittleEndian.PutUint32(d[8:], r.Row)
	binary.LittleEndian.PutUint16(d[12:], r.Port)
	d[14], d[15] = r.Flags, r.Status
	key.put(d[16:])
	value.put(d[24:])
	binary.LittleEndian.PutUint32(d[32:], uint32(at))
	binary.LittleEndian.PutUint16(d[36:], uint16(len(headers)))
	w.descriptors = append(w.descriptors, d[:]...)
}

// begin leaves room for the header of the frame.
func (w *OutputWriter) begin() {
	if len(w.data) == 0 {
		w.data = append(w.data, make([]byte, HeaderSize)...)
	}
}

// place is where some bytes are.
type place struct{ at, n uint32 }

func (p place) put(d []byte) {
	binary.LittleEndian.PutUint32(d, p.at)
	binary.LittleEndian.PutUint32(d[4:], p.n)
}

func (w *OutputWriter) keep(text []byte) place {
	at := len(w.data)
	w.data = append(w.data, text...)
	return place{uint32(at), uint32(len(text))}
}

// Frame returns the frame, made of so many rows. It is valid until something is added.
func (w *OutputWriter) Frame(rows int) []byte {
	w.begin()
	at := len(w.data)
	w.data = append(w.data, w.descriptors...)
	frame := w.data
	w.data = frame[:at]
	Header{RecordsFrame, uint32(len(frame)), uint32(rows), uint32(at), uint32(len(w.descriptors) / RecordSize), NoTime}.put(frame)
	return frame
}

// Since returns how many bytes were added since a mark.
func (w *OutputWriter) Since(m OutputMark) int {
	return w.Size() - m.data - m.descriptors
}
