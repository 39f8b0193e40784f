package runtime

import (
	"encoding/binary"
	"errors"

	"github.com/onstream/onstream/plugins"
)

// parcelVersion is the version of the form in which parcels are stored.
const parcelVersion = 1

// What a stored parcel has; see appendParcel.
const (
	parcelValues byte = 1 << iota
	parcelKeys
	parcelTimes
	parcelOffsets
	parcelPreamble

	parcelRows  = parcelValues | parcelKeys | parcelTimes | parcelOffsets
	parcelKnown = parcelRows | parcelPreamble
)

// maxEmptyRows bounds the rows of a parcel whose rows take no space.
const maxEmptyRows = 1 << 24

var errParcel = errors.New("records that wait for the sink cannot be read")

func parcelFlags(b *plugins.Batch) (flags byte) {
	if b.Values != nil {
		flags |= parcelValues
	}
	if b.Keys != nil {
		flags |= parcelKeys
	}
	if b.Times != nil {
		flags |= parcelTimes
	}
	if b.Offsets != nil {
		flags |= parcelOffsets
	}
	if b.Preamble != nil {
		flags |= parcelPreamble
	}
	return flags
}

// appendParcel appends the selected rows of an encoded batch. The terminators
// of its records are left out: they are those of the stage's format. Headers
// are not kept: no sink writes them.
//
// The form is: version, flags, the partition's name, id and epoch, the time of
// reception, the number of rows, the preamble, then for each row what the flags
// say; numbers are varints, texts are preceded by their length.
func appendParcel(dst []byte, b *plugins.Batch) []byte {
	flags := parcelFlags(b)
	dst = append(dst, parcelVersion, flags)
	dst = appendText(dst, []byte(b.Part.Name))
	dst = binary.AppendVarint(dst, int64(b.Part.ID))
	dst = binary.AppendVarint(dst, b.Part.Epoch)
	dst = binary.AppendVarint(dst, b.Received)
	dst = binary.AppendUvarint(dst, uint64(len(b.Sel)))
	if flags&parcelPreamble != 0 {
		dst = appendText(dst, b.Preamble)
	}
	for _, i := range b.Sel {
		if flags&parcelValues != 0 {
			dst = appendText(dst, b.Value(i))
		}
		if flags&parcelKeys != 0 {
			dst = appendText(dst, b.Key(i))
		}
		if flags&parcelTimes != 0 {
			dst = binary.AppendVarint(dst, b.Times[i])
		}
		if flags&parcelOffsets != 0 {
			dst = binary.AppendVarint(dst, b.Offsets[i])
		}
	}
	return dst
}

func appendText(dst, text []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

// readParcel makes a batch of what appendParcel wrote. Each record is followed
// by the terminator.
func readParcel(pool *plugins.Pool, data, terminator []byte) (*plugins.Batch, error) {
	r := parcelReader{data: data}
	version, flags := r.byte(), r.byte()
	if version != parcelVersion || flags&^parcelKnown != 0 {
		return nil, errParcel
	}
	b := pool.Batch()
	b.Part = plugins.Partition{Name: string(r.text()), ID: int32(r.varint()), Epoch: r.varint()}
	b.Received = r.varint()
	rows := r.uvarint()
	if flags&parcelPreamble != 0 {
		b.Preamble = append([]byte{}, r.text()...)
	}
	most := uint64(maxEmptyRows)
	if flags&parcelRows != 0 {
		most = uint64(len(r.data))
	}
	if r.bad || rows > most {
		b.Release()
		return nil, errParcel
	}
	r.rows(b, int(rows), flags, terminator)
	if r.bad || len(r.data) > 0 {
		b.Release()
		return nil, errParcel
	}
	b.SelectAll(int(rows))
	return b, nil
}

// parcelReader takes a stored parcel apart.
type parcelReader struct {
	data []byte
	bad  bool
}

// rows reads the rows of a batch. The values become neighbours, the keys stand
// behind them.
func (r *parcelReader) rows(b *plugins.Batch, n int, flags byte, terminator []byte) {
	if flags&parcelValues != 0 {
		b.Values = b.SpareValues()
	}
	if flags&parcelKeys != 0 {
		b.Keys = b.SpareKeys()
	}
	if flags&parcelTimes != 0 {
		b.Times = b.SpareTimes()
	}
	if flags&parcelOffsets != 0 {
		b.Offsets = b.SpareOffsets()
	}
	var keys []byte
	for range n {
		if flags&parcelValues != 0 {
			text := r.text()
			b.Values = append(b.Values, plugins.Span{Off: uint32(len(b.Data)), Len: uint32(len(text))})
			b.Data = append(append(b.Data, text...), terminator...)
		}
		if flags&parcelKeys != 0 {
			text := r.text()
			b.Keys = append(b.Keys, plugins.Span{Off: uint32(len(keys)), Len: uint32(len(text))})
			keys = append(keys, text...)
		}
		if flags&parcelTimes != 0 {
			b.Times = append(b.Times, r.varint())
		}
		if flags&parcelOffsets != 0 {
			b.Offsets = append(b.Offsets, r.varint())
		}
		if r.bad {
			return
		}
	}
	for k := range b.Keys {
		b.Keys[k].Off += uint32(len(b.Data))
	}
	b.Data = append(b.Data, keys...)
}

func (r *parcelReader) byte() byte {
	if len(r.data) == 0 {
		r.bad = true
		return 0
	}
	c := r.data[0]
	r.data = r.data[1:]
	return c
}

func (r *parcelReader) varint() int64 {
	v, n := binary.Varint(r.data)
	r.skip(n)
	return v
}

func (r *parcelReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.data)
	r.skip(n)
	return v
}

func (r *parcelReader) skip(n int) {
	if n <= 0 {
		r.bad, r.data = true, nil
		return
	}
	r.data = r.data[n:]
}

func (r *parcelReader) text() []byte {
	n := r.uvarint()
	if n > uint64(len(r.data)) {
		r.bad = true
		return nil
	}
	text := r.data[:n]
	r.data = r.data[n:]
	return text
}
