package wasm

import (
	"strings"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/host"
)

// checkBytes fails the rows whose value has no bytes to give to the module.
func checkBytes(b *plugins.Batch, col *plugins.Column) {
	for _, i := range b.Sel {
		switch k := kindAt(col, i); {
		case k == plugins.Null:
			b.Fail(i, plugins.Failure{Code: "null", Msg: "the value for the module is null: drop the record before, or use default(x, y)"})
		case k != plugins.String && k != plugins.Bytes && !k.Nested():
			b.Fail(i, plugins.Failure{Code: "type", Msg: "the value for the module is of type " + k.String() + ", not string or bytes"})
		}
	}
	b.DropFailed()
}

// valueOf returns what the module is given as the value of a row.
func (s *stage) valueOf(i uint32) []byte {
	if s.values != nil {
		return s.values.Bytes(i)
	}
	return s.batch.Value(i)
}

// keyOf returns what the module is given as the key of a row, valid until the next call: by what the stage divides its records,
// as text, or where it divides them by nothing the key of the record.
func (s *stage) keyOf(i uint32) (key []byte, has bool) {
	if s.keyCol == nil {
		return s.batch.Key(i), s.batch.Keys != nil
	}
	switch k := kindAt(s.keyCol, i); {
	case k == plugins.Null:
		return nil, false
	case k == plugins.String || k == plugins.Bytes || k.Nested():
		return s.keyCol.Bytes(i), true
	}
	s.keyText = append(s.keyText[:0], strings.Trim(s.keyCol.Value(i).String(), `"`)...) // of times and durations
	return s.keyText, true
}

// rowCost is about what a row takes in a frame besides its key and value.
const rowCost = 64

// sizeOf is about what a row takes in a frame.
func (s *stage) sizeOf(i uint32) int {
	key, _ := s.keyOf(i)
	return rowCost + len(s.valueOf(i)) + len(key)
}

// copySize is what it takes to copy a row.
func (s *stage) copySize(i uint32) int {
	size := s.sizeOf(i)
	for _, h := range s.batch.HeadersOf(i) {
		size += int(h.Name.Len) + int(h.Value.Len)
	}
	return size
}

// giveRecords gives an instance the frame of rows of the batch.
func (s *stage) giveRecords(i *host.Instance, rows []uint32) error {
	b, headers, size := s.batch, 0, 0
	for _, row := range rows {
		key, _ := s.keyOf(row)
		size += len(s.valueOf(row)) + len(key)
		for _, h := range b.HeadersOf(row) {
			headers++
			size += int(h.Name.Len) + int(h.Value.Len)
		}
	}
	frame, err := i.Input(abi.RecordsSize(len(rows), headers, size))
	if err != nil {
		return err
	}
	w := abi.NewRecordsWriter(frame, len(rows), headers, s.watermark())
	for _, row := range rows {
		at, seq, flags := abi.NoTime, uint64(0), uint16(0)
		if s.times != nil {
			at, flags = micros(s.times[row]), abi.HasTime
		}
		if b.Offsets != nil {
			seq = uint64(b.Offsets[row])
		}
		key, has := s.keyOf(row)
		if has {
			flags |= abi.HasKey
		}
		w.Add(at, seq, key, s.valueOf(row), flags)
		for _, h := range b.HeadersOf(row) {
			w.AddHeader(h.Name.Of(b.Data), h.Value.Of(b.Data))
		}
	}
	return nil
}
