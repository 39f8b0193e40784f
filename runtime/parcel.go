package runtime

import (
	"errors"
	"fmt"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/serial"
)

// parcelVersion is the version of the form in which parcels are stored: behind
// it comes the address of the source, and the batch as package serial has it.
const parcelVersion = 3

var (
	errParcel        = errors.New("records that wait for the sink cannot be read")
	errParcelVersion = errors.New("records that wait for the sink were stored by another version of onstream: let that one write them")
)

// origin is where the records of a parcel are from. Two sources may have the same
// partition.
type origin struct {
	source string // address, "" for none
	part   plugins.Partition
}

// appendParcel appends the selected rows of an encoded batch, which a source has
// brought. The terminators of its records are left out: they are those of the
// stage's format.
func appendParcel(dst []byte, b *plugins.Batch, source string) []byte {
	return serial.Append(serial.AppendText(append(dst, parcelVersion), source), b, b.Sel)
}

// readParcel makes a batch of what appendParcel wrote. Each record is followed
// by the terminator.
func readParcel(pool *plugins.Pool, data, terminator []byte) (*plugins.Batch, origin, error) {
	source, batch, err := openParcel(data)
	if err != nil {
		return nil, origin{}, err
	}
	b := pool.Batch()
	if err := serial.Read(b, batch, terminator); err != nil {
		b.Release()
		return nil, origin{}, fmt.Errorf("%w: %w", errParcel, err)
	}
	return b, origin{source, b.Part}, nil
}

// openParcel returns what is in a stored parcel.
func openParcel(data []byte) (source string, batch []byte, err error) {
	switch {
	case len(data) == 0:
		return "", nil, errParcel
	case data[0] != parcelVersion:
		return "", nil, errParcelVersion
	}
	d := serial.Decoder{Rest: data[1:]}
	source = string(d.Text())
	if d.Bad {
		return "", nil, errParcel
	}
	return source, d.Rest, nil
}

// originOf returns where the records of a stored parcel are from.
func originOf(data []byte) origin {
	source, batch, err := openParcel(data)
	if err != nil {
		return origin{}
	}
	head, err := serial.ReadHead(batch)
	if err != nil {
		return origin{}
	}
	return origin{source, head.Partition()}
}
