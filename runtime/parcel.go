package runtime

import (
	"errors"
	"fmt"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/serial"
)

// parcelVersion is the version of the form in which parcels are stored: behind
// it comes the batch as package serial has it.
const parcelVersion = 2

var (
	errParcel        = errors.New("records that wait for the sink cannot be read")
	errParcelVersion = errors.New("records that wait for the sink were stored by another version of onstream: let that one write them")
)

// appendParcel appends the selected rows of an encoded batch. The terminators
// of its records are left out: they are those of the stage's format.
func appendParcel(dst []byte, b *plugins.Batch) []byte {
	return serial.Append(append(dst, parcelVersion), b, b.Sel)
}

// readParcel makes a batch of what appendParcel wrote. Each record is followed
// by the terminator.
func readParcel(pool *plugins.Pool, data, terminator []byte) (*plugins.Batch, error) {
	switch {
	case len(data) == 0:
		return nil, errParcel
	case data[0] != parcelVersion:
		return nil, errParcelVersion
	}
	b := pool.Batch()
	if err := serial.Read(b, data[1:], terminator); err != nil {
		b.Release()
		return nil, fmt.Errorf("%w: %w", errParcel, err)
	}
	return b, nil
}

// partOfParcel returns the partition of a stored parcel.
func partOfParcel(data []byte) plugins.Partition {
	if len(data) == 0 || data[0] != parcelVersion {
		return plugins.Partition{}
	}
	head, err := serial.ReadHead(data[1:])
	if err != nil {
		return plugins.Partition{}
	}
	return head.Partition()
}
