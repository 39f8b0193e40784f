package serial

import (
	"encoding/binary"

	"github.com/onstream/onstream/plugins"
)

// What a stored batch has.
const (
	hasValues = 1 << iota
	hasKeys
	hasTimes
	hasOffsets
	hasHeaders
	hasFailures
	hasPreamble
	hasTopics

	perRow = hasValues | hasKeys | hasTopics | hasTimes | hasOffsets | hasHeaders | hasFailures
)

// Append appends rows of a batch, which are ascending, with the failures of
// those that failed.
func Append(dst []byte, b *plugins.Batch, rows []uint32) []byte {
	dst = append(dst, flagsOf(b))
	dst = binary.AppendUvarint(dst, uint64(len(rows)))
	dst = binary.AppendVarint(dst, b.Received)
	dst = AppendText(dst, b.Part.Name)
	dst = binary.AppendVarint(dst, int64(b.Part.ID))
	dst = binary.AppendVarint(dst, b.Part.Epoch)
	if b.Preamble != nil {
		dst = AppendText(dst, b.Preamble)
	}
	dst = appendLengths(dst, b.Values, rows)
	dst = appendLengths(dst, b.Keys, rows)
	dst = appendLengths(dst, b.Topics, rows)
	dst = appendDifferences(dst, b.Times, rows)
	dst = appendDifferences(dst, b.Offsets, rows)
	if b.HeaderRows != nil {
		dst = appendHeaders(dst, b, rows)
	}
	if len(b.Failures) > 0 {
		dst = appendFailures(dst, b.Failures, rows)
	}
	dst = appendSpans(dst, b.Data, b.Values, rows)
	dst = appendSpans(dst, b.Data, b.Keys, rows)
	dst = appendSpans(dst, b.Data, b.Topics, rows)
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
		{b.Topics != nil, hasTopics},
	} {
		if f.has {
			flags |= f.flag
		}
	}
	return flags
}

// AppendText appends a text, or bytes, with its length in front.
func AppendText[T ~string | ~[]byte](dst []byte, text T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
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

func appendHeaders(dst []byte, b *plugins.Batch, rows []uint32) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(b.Headers)))
	for _, h := range b.Headers {
		dst = binary.AppendUvarint(dst, uint64(h.Name.Len))
		dst = binary.AppendUvarint(dst, uint64(h.Value.Len))
	}
	for _, i := range rows {
		dst = binary.AppendUvarint(dst, uint64(b.HeaderRows[i].Off))
		dst = binary.AppendUvarint(dst, uint64(b.HeaderRows[i].Len))
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
		dst = AppendText(dst, f.Code)
		dst = AppendText(dst, f.Msg)
		dst = AppendText(dst, f.Expr)
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
