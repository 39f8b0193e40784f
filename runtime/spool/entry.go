package spool

import (
	"encoding/binary"

	"github.com/onstream/onstream/plugins"
)

// An entry is a batch: flags, then what describes the records, then their
// bytes. Numbers are varints.
//
//	flags, rows, time received, name, number and epoch of the partition
//	preamble                              where it has one
//	length of each value                  where they have values
//	length of each key                    where they have keys
//	event times, offsets                  each as a difference to the one before
//	number of headers, the lengths of each's name and value;
//	of each row, its first header and how many it has
//	number of failures; of each, row, code, message, expression
//	bytes of values, keys, names and values of headers
//
// Strings and the preamble have their length in front.
const (
	hasValues = 1 << iota
	hasKeys
	hasTimes
	hasOffsets
	hasHeaders
	hasFailures
	hasPreamble
	allFlags = 1<<iota - 1
)

// appendEntry appends a batch: the rows that are alive or failed, in order.
func appendEntry(dst []byte, b *plugins.Batch, rows []uint32) []byte {
	dst = append(dst, flagsOf(b))
	dst = binary.AppendUvarint(dst, uint64(len(rows)))
	dst = binary.AppendVarint(dst, b.Received)
	dst = appendString(dst, b.Part.Name)
	dst = binary.AppendVarint(dst, int64(b.Part.ID))
	dst = binary.AppendVarint(dst, b.Part.Epoch)
	if b.Preamble != nil {
		dst = append(binary.AppendUvarint(dst, uint64(len(b.Preamble))), b.Preamble...)
	}
	dst = appendLengths(dst, b.Values, rows)
	dst = appendLengths(dst, b.Keys, rows)
	dst = appendDifferences(dst, b.Times, rows)
	dst = appendDifferences(dst, b.Offsets, rows)
	if b.HeaderRows != nil {
		dst = binary.AppendUvarint(dst, uint64(len(b.Headers)))
		for _, h := range b.Headers {
			dst = binary.AppendUvarint(dst, uint64(h.Name.Len))
			dst = binary.AppendUvarint(dst, uint64(h.Value.Len))
		}
		for _, i := range rows {
			dst = binary.AppendUvarint(dst, uint64(b.HeaderRows[i].Off))
			dst = binary.AppendUvarint(dst, uint64(b.HeaderRows[i].Len))
		}
	}
	if len(b.Failures) > 0 {
		dst = appendFailures(dst, b.Failures, rows)
	}
	dst = appendSpans(dst, b.Data, b.Values, rows)
	dst = appendSpans(dst, b.Data, b.Keys, rows)
	if b.HeaderRows != nil {
		for _, h := range b.Headers {
			dst = append(append(dst, h.Name.Of(b.Data)...), h.Value.Of(b.Data)...)
		}
	}
	return dst
}

func flagsOf(b *plugins.Batch) (flags byte) {
	for _, f := range [...]struct {
		has  bool
		flag byte
	}{
		{b.Values != nil, hasValues},
		{b.Keys != nil, hasKeys},
		{b.Times != nil, hasTimes},
		{b.Offsets != nil, hasOffsets},
		{b.HeaderRows != nil, hasHeaders},
		{len(b.Failures) > 0, hasFailures},
		{b.Preamble != nil, hasPreamble},
	} {
		if f.has {
			flags |= f.flag
		}
	}
	return flags
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendLengths(dst []byte, spans []plugins.Span, rows []uint32) []byte {
	if spans == nil {
		return dst
	}
	for _, i := range rows {
		dst = binary.AppendUvarint(dst, uint64(spans[i].Len))
	}
	return dst
}

func appendDifferences(dst []byte, numbers []int64, rows []uint32) []byte {
	if numbers == nil {
		return dst
	}
	last := int64(0)
	for _, i := range rows {
		dst = binary.AppendVarint(dst, numbers[i]-last)
		last = numbers[i]
	}
	return dst
}

func appendFailures(dst []byte, failures []plugins.Failure, rows []uint32) []byte {
	position := make(map[uint32]uint64, len(rows))
	for k, i := range rows {
		position[i] = uint64(k)
	}
	dst = binary.AppendUvarint(dst, uint64(len(failures)))
	for _, f := range failures {
		dst = binary.AppendUvarint(dst, position[f.Row])
		dst = appendString(dst, f.Code)
		dst = appendString(dst, f.Msg)
		dst = appendString(dst, f.Expr)
	}
	return dst
}

// appendSpans appends the bytes of rows, at once where they stand side by side.
func appendSpans(dst, data []byte, spans []plugins.Span, rows []uint32) []byte {
	if spans == nil {
		return dst
	}
	var run plugins.Span
	for _, i := range rows {
		if s := spans[i]; s.Off != run.Off+run.Len {
			dst = append(dst, run.Of(data)...)
			run = s
		} else {
			run.Len += s.Len
		}
	}
	return append(dst, run.Of(data)...)
}

// rowsOf returns the rows of a batch that are alive or failed, in order.
// Failed rows must not be in Sel any more.
func rowsOf(b *plugins.Batch, dst []uint32) []uint32 {
	if len(b.Failures) == 0 {
		return append(dst, b.Sel...)
	}
	failed := make([]bool, b.Len)
	for _, f := range b.Failures {
		failed[f.Row] = true
	}
	sel := b.Sel
	for i := range uint32(b.Len) {
		alive := len(sel) > 0 && sel[0] == i
		if alive {
			sel = sel[1:]
		}
		if alive || failed[i] {
			dst = append(dst, i)
		}
	}
	return dst
}
