package serial

import (
	"bytes"
	"errors"

	"github.com/onstream/onstream/plugins"
)

// ErrForm says that something is no stored batch.
var ErrForm = errors.New("it is no batch")

// maxEmptyRows bounds the rows of a batch whose rows take no space.
const maxEmptyRows = 1 << 24

// Head is what a stored batch says of all its records. It points into what was
// stored.
type Head struct {
	Rows     int
	Received int64  // as [plugins.Batch] has it
	Preamble []byte // likewise
	// Payloads says that each row has a payload, or a failure instead.
	Payloads bool

	name      []byte // of the partition, with its number and epoch
	id, epoch int64
	flags     byte
	rows      []byte // what is behind the head
}

// ReadHead reads what a stored batch begins with. The error is [ErrForm].
func ReadHead(stored []byte) (Head, error) {
	if len(stored) == 0 {
		return Head{}, ErrForm
	}
	h := Head{flags: stored[0]}
	d := Decoder{Rest: stored[1:]}
	rows := d.Uint()
	most := uint64(maxEmptyRows)
	if h.flags&perRow != 0 {
		most = uint64(len(d.Rest)) // each takes a byte at least
	}
	h.Received = d.Int()
	h.name = d.Text()
	h.id, h.epoch = d.Int(), d.Int()
	if h.flags&hasPreamble != 0 {
		h.Preamble = d.Text()
	}
	if d.Bad || rows > most {
		return Head{}, ErrForm
	}
	h.Rows, h.rows = int(rows), d.Rest
	h.Payloads = h.flags&(hasValues|hasFailures) != 0
	return h, nil
}

// Joins reports whether the rows of both can be in one batch.
func (h *Head) Joins(other *Head) bool {
	return h.flags == other.flags && bytes.Equal(h.Preamble, other.Preamble)
}

// Partition returns the partition that the records had.
func (h *Head) Partition() plugins.Partition {
	return plugins.Partition{Name: string(h.name), ID: int32(h.id), Epoch: h.epoch}
}
